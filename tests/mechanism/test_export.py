"""Contexts that are exported to other processes."""

import json
import subprocess

import pytest
from lab import host, programs
from lab.programs import SOURCES, compile_c
from sanitizers import SANITIZERS, nothing_of_ours_is_lost, watching


@pytest.fixture(scope="session")
def exported(setting):
    return compile_c(SOURCES / "export_tests.c", setting.folder, *SANITIZERS)


def tickets(setting):
    """The tickets of contexts that were not imported; other tests leave some."""
    return {path.name for path in setting.state.glob("ticket.*")}


@pytest.mark.parametrize("mechanism", ["alone", "spnego"])
def test_exports_of_each_state(exported, setting, library, mechanism, spnego_refusal):
    count = 100
    before = tickets(setting)
    done = programs.run(exported, mechanism, count, environment=watching(setting))
    if mechanism == "spnego" and spnego_refusal:
        assert done.returncode == 1 and f"gss_init_sec_context: {spnego_refusal}" in done.stderr
        return
    nothing_of_ours_is_lost(done, library, count)
    assert tickets(setting) == before


@pytest.mark.parametrize(("work", "count"), [("logins", 20), ("messages", 200)])
def test_another_process_handles_each_message(initiator_peer, setting, library, work, count):
    responder = compile_c(SOURCES / "acceptor_process.c", setting.folder)
    variables = watching(
        setting,
        RESPONDER=responder,
        RESPONDER_MECH_CONFIG=setting.mech_config,
        NTLM_USER_FILE=setting.users,
        NETBIOS_DOMAIN_NAME=programs.DOMAIN,
        NETBIOS_COMPUTER_NAME="PC1",
        HAND_OVER=1,
    )
    done = programs.run(initiator_peer, work, count, environment=variables)
    nothing_of_ours_is_lost(done, library, count)


def handed(setting, count, **more):
    variables = setting.environment(KRB5_CONFIG="/dev/null", PYTHONDONTWRITEBYTECODE=1, **more)
    program = SOURCES / "process_per_message.py"
    return programs.run(program, "conversation", count, environment=variables)


def test_each_call_in_a_process_of_its_own(setting):
    done = handed(setting, 5)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"name": ["EXAMPLE\\alice"]}


def test_the_log_names_a_missing_directory(setting):
    missing = setting.folder / "missing"
    config = setting.configuration("telling.toml", setting.users, "stderr")
    done = handed(setting, 1, NTLMDC_EXPORT_DIR=missing, NTLMDC_CONFIG=config)
    assert done.returncode == 1
    assert "OperationUnavailableError" in done.stderr
    assert f"there is no directory to export contexts through: {missing}: " in done.stderr
    assert "with mode 0700 [4e440902]" in done.stderr


def test_without_a_directory_contexts_are_not_transferable(acceptor, setting):
    done = programs.run(acceptor, "logins", 1, environment=setting.environment())
    assert done.returncode == 0, done.stderr
    variables = setting.environment(NTLMDC_EXPORT_DIR=setting.folder / "missing")
    done = programs.run(acceptor, "logins", 1, environment=variables)
    assert done.returncode == 1
    assert "check failed: flags == GRANTED" in done.stderr


@pytest.mark.parametrize("kind", [[], ["-spnego"]], ids=["raw", "spnego"])
def test_the_sample_server_exports_before_it_reads(setting, kind, spnego_refusal):
    count = 20
    variables = setting.environment(KRB5_CONFIG="/dev/null", PATH="/usr/sbin:/usr/bin:/sbin:/bin")
    port = str(host.free_port())
    serve = ["gss-server", "-port", port, "-once", "-export", "-verbose", "HTTP@localhost"]
    who = ["-user", f"{programs.DOMAIN}\\{programs.USER}", "-pass", programs.PASSWORD]
    ask = ["gss-client", "-port", port, "-mech", "{ 1 3 6 1 4 1 311 2 2 10 }", *who, *kind]
    ask += ["-mcount", count, "localhost", "HTTP@localhost", "hi"]
    client = None

    # The server accepts one connection only, so a probe would use it up.
    def answered():
        nonlocal client
        client = programs.run(*ask, environment=variables, seconds=30)
        refused = "Connection refused" in client.stdout + client.stderr
        return not refused or server.poll() is not None

    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    server = subprocess.Popen(host.bound(serve), env=variables, **output)
    try:
        host.wait_until(answered, 120, lambda: "gss-server does not listen")
        said, _ = server.communicate(timeout=120)
    finally:
        host.end(server)
    if kind and spnego_refusal:
        assert client.returncode != 0 and spnego_refusal in client.stdout + client.stderr
        return
    assert client.returncode == 0, client.stdout + client.stderr + said
    assert client.stdout.count("Signature verified.") == count
    assert said.count("Exported context: ") == said.count("Importing context: ") == 3, said
    assert said.count('Received message: "hi"') == count
