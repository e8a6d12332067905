"""Each export with arguments missing and objects in every state, and tokens that were changed."""

import pytest
from lab import mech, programs
from lab.programs import SOURCES, compile_c
from sanitizers import LOST, SANITIZERS, lost, watching

BARE = "bare"
REAL = "libgssapi"

# So that no call waits for a name server.
KERBEROS = """[libdefaults]
    default_realm = EXAMPLE.TEST
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
"""


@pytest.fixture(scope="session")
def calls(setting):
    return compile_c(SOURCES / "call_arguments.c", setting.folder, *SANITIZERS)


@pytest.fixture(scope="session")
def tokens(setting):
    return compile_c(SOURCES / "changed_tokens.c", setting.folder, *SANITIZERS)


@pytest.fixture
def survives(setting, library):
    """Runs a program on our library directly or on the real libgssapi; returns what it prints."""
    krb5 = setting.folder / "krb5.conf"
    krb5.write_text(KERBEROS)

    def survives(program, work, way, **more):
        environment = watching(setting, KRB5_CONFIG=krb5, **more)
        loaded = [library] if way == BARE else []
        done = programs.run(program, work, *loaded, environment=environment)
        leaks = lost(done, library)
        # What is missing in a call Kerberos and the libgssapi may lose sight of; we do not.
        assert not [report for _, report, ours in leaks if ours or way == BARE]
        assert done.returncode == (LOST if leaks else 0), done.stderr
        return done.stdout

    return survives


def test_every_export_answers_whatever_is_missing(calls, survives):
    exports = (mech.ROOT / "ci" / "symbols.list").read_text()
    assert survives(calls, "nulls", BARE) == exports


def test_nothing_that_is_missing_stops_a_program(calls, survives):
    assert "gss_accept_sec_context\n" in survives(calls, "nulls", REAL)


def test_one_context_for_four_threads(calls, survives):
    survives(calls, "threads", BARE)


@pytest.mark.parametrize("way", [BARE, REAL])
def test_a_login_ends_for_every_call_at_once(calls, survives, setting, way):
    short = setting.folder / "short.toml"
    short.write_text(setting.config.read_text() + '[identity]\nlifetime = "3s"\n')
    short.chmod(0o600)
    survives(calls, "expired", way, NTLMDC_CONFIG=short)


@pytest.mark.parametrize("way", [BARE, REAL])
@pytest.mark.parametrize("work", ["login", "messages"])
def test_no_change_of_a_token_goes_unseen(tokens, survives, work, way):
    survives(tokens, work, way)


def test_no_change_within_spnego_goes_unseen(tokens, survives, spnego_refusal):
    # Bits of SPNEGO's own frame may be others: those that MIT does not look at.
    work = "unsigned-spnego" if spnego_refusal else "spnego"
    assert "token 3: " in survives(tokens, work, REAL)


def test_it_comes_last_in_the_order_of_mechanisms(setting):
    order = compile_c(SOURCES / "mechanism_order.c", setting.folder)
    without = setting.folder / "without.conf"
    without.write_text("")
    said = [
        programs.run(order, environment=setting.environment(GSS_MECH_CONFIG=config)).stdout
        for config in (without, setting.mech_config)
    ]
    assert said[0].startswith("{ 1 2 840 113554 1 2 2 }\n")
    assert said[1] == said[0] + "{ 1 3 6 1 4 1 311 2 2 10 }\n"
