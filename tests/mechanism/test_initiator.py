"""The initiator, with our acceptor in the same process and with other implementations."""

import sys

import pytest
from lab import programs
from lab.programs import SOURCES, compile_c
from sanitizers import SANITIZERS, nothing_of_ours_is_lost, watching

# MS-NLMP 4.2.2.1.2: the hash of "Password".
HASH = "a4f49c406510bdcab6824ee7c30fd852"


@pytest.fixture(scope="session")
def initiator_tests(setting):
    return compile_c(SOURCES / "initiator_tests.c", setting.folder, *SANITIZERS)


@pytest.fixture(scope="session")
def responders(setting):
    """Acceptors in processes of their own, by the name of the implementation."""
    program = compile_c(SOURCES / "acceptor_process.c", setting.folder)
    made = {"ntlmdc": (program, setting.mech_config)}
    made["gss-ntlmssp"] = (program, setting.peer_mech_config)
    for name in ("pyspnego", "ntlm_auth"):
        script = setting.folder / name
        others = SOURCES / "other_acceptors.py"
        script.write_text(f"#!/bin/sh\nexec {sys.executable} {others} {name}\n")
        script.chmod(0o755)
        made[name] = (script, setting.mech_config)
    return made


def environment(setting, responders, peer, **more):
    program, mech_config = responders[peer]
    return watching(
        setting,
        RESPONDER=program,
        RESPONDER_MECH_CONFIG=mech_config,
        NTLM_USER_FILE=setting.users,
        NETBIOS_DOMAIN_NAME=programs.DOMAIN,
        NETBIOS_COMPUTER_NAME="PC1",
        **more,
    )


def test_both_sides_in_one_process(initiator_tests, setting, library):
    count = 300
    done = programs.run(initiator_tests, "alone", count, environment=watching(setting))
    nothing_of_ours_is_lost(done, library, count)


def test_an_nt_hash_in_place_of_a_password(initiator_tests, setting, library):
    users = setting.folder / "hashed"
    users.write_text(f"{programs.DOMAIN}:{programs.USER}:Password\n")
    users.chmod(0o600)
    changed = {"NTLMDC_CONFIG": None, "NTLM_USER_FILE": users, "INITIATOR_HASH": HASH}
    changed |= {"INITIATOR_PASSWORD": "Password", "NETBIOS_DOMAIN_NAME": programs.DOMAIN}
    done = programs.run(initiator_tests, "alone", 1, environment=watching(setting, **changed))
    nothing_of_ours_is_lost(done, library, 100)


def test_failures_leak_nothing(initiator_tests, setting, library):
    count = 100
    done = programs.run(initiator_tests, "refusals", count, environment=watching(setting))
    nothing_of_ours_is_lost(done, library, count)


@pytest.mark.parametrize("peer", ["ntlmdc", "gss-ntlmssp", "pyspnego", "ntlm_auth"])
def test_other_acceptors_accept_it(initiator_peer, setting, library, responders, peer):
    count = 50
    done = programs.run(
        initiator_peer, "logins", count, environment=environment(setting, responders, peer)
    )
    nothing_of_ours_is_lost(done, library, count)


@pytest.mark.parametrize("peer", ["ntlmdc", "gss-ntlmssp", "pyspnego"])
def test_a_thousand_messages_each_way(initiator_peer, setting, library, responders, peer):
    # gss-ntlmssp treats an empty message as a missing argument.
    more = {"NO_EMPTY_MESSAGES": "1"} if peer == "gss-ntlmssp" else {}
    variables = environment(setting, responders, peer, **more)
    done = programs.run(initiator_peer, "messages", 1000, environment=variables)
    nothing_of_ours_is_lost(done, library, 1000)


def test_the_errors_of_libgssapi_without_a_credential(initiator_tests, setting, tmp_path):
    without = tmp_path / "mech.conf"
    without.write_text("")
    said = [
        programs.run(
            initiator_tests,
            "no-credential",
            1,
            environment=setting.environment(
                GSS_MECH_CONFIG=config,
                NTLMDC_CONFIG=None,
                KRB5CCNAME=f"FILE:{tmp_path}/ccache",
                KRB5_KTNAME=f"FILE:{tmp_path}/keytab",
                ASAN_OPTIONS="detect_leaks=0",
            ),
        )
        for config in (without, setting.mech_config)
    ]
    assert [done.returncode for done in said] == [0, 0]
    assert "No credentials" in said[0].stdout
    assert said[1].stdout == said[0].stdout
