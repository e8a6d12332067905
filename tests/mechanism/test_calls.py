"""Each export with NULL arguments and objects in every state; and changed tokens."""

import pytest
from lab import mech, programs
from lab.programs import SOURCES, compile_c
from sanitizers import LOST, SANITIZERS, lost, watched_library, watching

BARE = "bare"
REAL = "libgssapi"

# Without these, calls wait for a name server.
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
    """Runs a program on the library directly or through libgssapi; returns its output."""
    krb5 = setting.folder / "krb5.conf"
    krb5.write_text(KERBEROS)

    def survives(program, work, way, **more):
        environment = watching(setting, KRB5_CONFIG=krb5, **more)
        loaded = [watched_library(library)] if way == BARE else []
        done = programs.run(program, work, *loaded, environment=environment)
        leaks = lost(done, library)
        # With a NULL argument, Kerberos and libgssapi may leak; the library may not.
        assert not [report for _, report, ours in leaks if ours or way == BARE]
        assert done.returncode == (LOST if leaks else 0), done.stderr
        return done.stdout

    return survives


def test_every_export_survives_null_arguments(calls, survives):
    exports = (mech.ROOT / "ci" / "symbols.list").read_text()
    assert survives(calls, "nulls", BARE) == exports


def test_null_arguments_through_libgssapi(calls, survives):
    assert "gss_accept_sec_context\n" in survives(calls, "nulls", REAL)


def test_four_threads_on_one_context(calls, survives):
    survives(calls, "threads", BARE)


@pytest.mark.parametrize("way", [BARE, REAL])
def test_an_expired_context_is_expired_for_every_call(calls, survives, setting, way):
    short = setting.folder / "short.toml"
    short.write_text(setting.config.read_text() + '[identity]\nlifetime = "3s"\n')
    short.chmod(0o600)
    survives(calls, "expired", way, NTLMDC_CONFIG=short)


@pytest.mark.parametrize("way", [BARE, REAL])
@pytest.mark.parametrize("work", ["login", "messages"])
def test_every_change_of_a_token_is_refused(tokens, survives, work, way):
    survives(tokens, work, way)


def test_every_change_of_the_token_within_spnego_is_refused(tokens, survives, spnego_refusal):
    # MIT ignores some bits of SPNEGO's own frame: those may change.
    work = "unsigned-spnego" if spnego_refusal else "spnego"
    assert "token 3: " in survives(tokens, work, REAL)


def test_the_mechanism_is_last_in_the_order_of_libgssapi(setting):
    order = compile_c(SOURCES / "mechanism_order.c", setting.folder)
    without = setting.folder / "without.conf"
    without.write_text("")
    said = [
        programs.run(order, environment=setting.environment(GSS_MECH_CONFIG=config)).stdout
        for config in (without, setting.mech_config)
    ]
    assert said[0].startswith("{ 1 2 840 113554 1 2 2 }\n")
    assert said[1] == said[0] + "{ 1 3 6 1 4 1 311 2 2 10 }\n"
