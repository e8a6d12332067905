"""The library in C programs: loaded directly, and through libgssapi with real clients."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import sys

import pytest
from lab import mech, programs
from lab.programs import SOURCES, compile_c
from sanitizers import LOST, SANITIZERS, lost, nothing_of_ours_is_lost, watching


@pytest.fixture(scope="session")
def host(setting):
    return compile_c(SOURCES / "bare_host.c", setting.folder)


@pytest.fixture(scope="session")
def watched(setting):
    return compile_c(SOURCES / "acceptor.c", setting.folder, *SANITIZERS, suffix="-watched")


@pytest.fixture(scope="session")
def talking(setting):
    return compile_c(SOURCES / "messages.c", setting.folder, *SANITIZERS, suffix="-watched")


def succeeded(done):
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_loading_opens_no_file_and_starts_no_thread(host, library):
    said = succeeded(programs.run(host, library, environment={}))
    assert said == "no file, no thread\n"


def test_a_panic_does_not_reach_the_host(host, library):
    target = library.parents[1] / "provoke-panic"
    options = ["--locked", "--lib", "--features", "provoke-panic", "--target-dir", str(target)]
    mech.cargo("build", *options)
    panicking = target / "debug" / library.name
    done = programs.run(host, panicking, "panic", environment={})
    assert "three panics, and the host lives" in succeeded(done)
    # Only lines of the log, never the message of the panic itself.
    said = done.stderr.splitlines()
    assert all(line.startswith("ntlmdc: ") for line in said), done.stderr


def test_the_release_has_no_panic_on_request(host, library):
    done = programs.run(host, library, "panic", environment={})
    assert done.returncode == 1
    assert "check failed: " in done.stdout + done.stderr


@pytest.mark.parametrize("configured_by", ["NTLMDC_CONFIG", "STORE_CONFIG", "NTLM_USER_FILE"])
def test_what_needs_no_login(setting, library, configured_by):
    program = compile_c(SOURCES / "without_login.c", setting.folder, *SANITIZERS)
    file = setting.users if configured_by == "NTLM_USER_FILE" else setting.config
    given = {"NTLMDC_CONFIG": None, "NETBIOS_DOMAIN_NAME": programs.DOMAIN, configured_by: file}
    done = programs.run(program, environment=watching(setting, **given))
    nothing_of_ours_is_lost(done, library, 10)


def test_a_hundred_thousand_logins_leak_nothing(watched, setting, library):
    count = 100_000
    done = programs.run(watched, "logins", count, environment=watching(setting))
    assert f"logins {count}" in done.stderr
    nothing_of_ours_is_lost(done, library, count)


def test_failed_logins_leak_nothing(watched, setting, library):
    count = 2000
    done = programs.run(watched, "failures", count, environment=watching(setting))
    assert f"failures {count}" in done.stderr
    nothing_of_ours_is_lost(done, library, count)


def test_the_leak_detector_reports_leaks(watched, setting, library):
    count = 50
    done = programs.run(watched, "losses", count, environment=watching(setting))
    assert done.returncode == LOST
    assert max(objects for objects, _, ours in lost(done, library) if ours) >= count - 5


def test_every_call_on_another_thread(watched, setting, library):
    count = 1000
    done = programs.run(watched, "threads", count, environment=watching(setting))
    assert f"threads {count}" in done.stderr
    nothing_of_ours_is_lost(done, library, count)


# SPNEGO always requests integrity.
@pytest.mark.parametrize(
    ("mechanism", "granted"),
    [("raw", "conf"), ("raw", "integ"), ("raw", "none"), ("spnego", "conf"), ("spnego", "integ")],
)
def test_messages_both_ways(talking, setting, library, mechanism, granted, spnego_refusal):
    count = 1000
    done = programs.run(talking, mechanism, granted, count, environment=watching(setting))
    if mechanism == "spnego" and spnego_refusal:
        assert done.returncode == 1 and f"gss_init_sec_context: {spnego_refusal}" in done.stderr
        return
    assert "check failed" not in done.stderr
    nothing_of_ours_is_lost(done, library, count)


# Debian's Python has Samba's modules; the one of the virtual environment has pyspnego.
SYSTEM = "/usr/bin:/bin"
OURS = f"{pathlib.Path(sys.executable).parent}:{SYSTEM}"


# The initiator's side in place of messages.c.
TALKER = SOURCES / "other_initiators.py"


def talk(kind, setting, talking, *words, path, **more):
    environment = watching(setting, TALKER=TALKER, TALKER_KIND=kind, PATH=path, **more)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return programs.run(talking, *words, environment=environment)


def talks_with(kind, setting, talking, library, *words, path, **more):
    done = talk(kind, setting, talking, *words, path=path, **more)
    assert "check failed" not in done.stderr
    assert "Traceback" not in done.stderr
    nothing_of_ours_is_lost(done, library, 1000)


# Samba that requests integrity for LDAP gets encryption.
@pytest.mark.parametrize("asked", ["conf", "integ"])
@pytest.mark.parametrize("mechanism", ["raw", "spnego"])
def test_messages_with_samba(talking, setting, library, mechanism, asked, spnego_refusal):
    words = (mechanism, "conf", 1000)
    if mechanism == "spnego" and spnego_refusal:
        done = talk("samba", setting, talking, *words, path=SYSTEM, TALKER_ASKS=asked)
        assert done.returncode == 1 and "NTLMSSP packet check" in done.stderr
        return
    talks_with("samba", setting, talking, library, *words, path=SYSTEM, TALKER_ASKS=asked)


@pytest.fixture(scope="module")
def opened(setting):
    """A configuration that accepts weak keys."""
    policy = '[policy]\nresponse = "ntlm2-session"\n'
    return setting.configuration("opened.toml", setting.users, "off", policy)


WEAK = [("128bit=no 56bit=yes", 56), ("128bit=no", 40)]


@pytest.mark.parametrize(("options", "strength"), [*WEAK, ("keyexchange=no", 128)])
def test_messages_with_weaker_keys(talking, setting, library, opened, options, strength):
    more = {"TALKER_OPTIONS": options, "STRENGTH": strength, "NTLMDC_CONFIG": opened}
    talks_with("samba", setting, talking, library, "raw", "conf", 50, path=SYSTEM, **more)


@pytest.mark.parametrize("options", [options for options, _ in WEAK])
def test_weak_keys_are_refused(talking, setting, options):
    more = {"TALKER_KIND": "samba", "TALKER_OPTIONS": options, "PATH": SYSTEM}
    environment = setting.environment(TALKER=TALKER, PYTHONDONTWRITEBYTECODE=1, **more)
    done = programs.run(talking, "raw", "conf", 1, environment=environment)
    assert done.returncode == 1
    # SEC_E_UNSUPPORTED_FUNCTION: Samba's client sees that encryption was not granted.
    assert "NTSTATUSError: 0x80090302" in done.stderr


@pytest.mark.parametrize("granted", ["conf", "integ"])
@pytest.mark.parametrize("mechanism", ["raw", "spnego"])
def test_messages_with_pyspnego(talking, setting, library, mechanism, granted, spnego_refusal):
    if mechanism == "spnego" and spnego_refusal:
        # SPNEGO did not verify the signature of the list, so the first message is out of sequence.
        done = talk("pyspnego", setting, talking, mechanism, granted, 1000, path=OURS)
        assert done.returncode == 1 and done.stderr.startswith("gss_unwrap: ")
        return
    talks_with("pyspnego", setting, talking, library, mechanism, granted, 1000, path=OURS)


@pytest.mark.parametrize("granted", ["conf", "integ"])
def test_ntlm_as_the_second_choice(talking, setting, library, granted, spnego_refusal):
    if spnego_refusal:
        done = talk("second", setting, talking, "spnego", granted, 50, path=OURS)
        assert done.returncode == 1 and f"gss_accept_sec_context: {spnego_refusal}" in done.stderr
        return
    talks_with("second", setting, talking, library, "spnego", granted, 50, path=OURS)


def test_a_forged_list_of_choices_is_refused(talking, setting, spnego_refusal):
    more = {"TALKER_KIND": "second", "TALKER_OPTIONS": "forge", "PATH": OURS}
    environment = setting.environment(TALKER=TALKER, PYTHONDONTWRITEBYTECODE=1, **more)
    done = programs.run(talking, "spnego", "conf", 1, environment=environment)
    assert done.returncode == 1
    why = spnego_refusal or "the signature of the message is wrong"
    assert f"gss_accept_sec_context: {why}" in done.stderr


def test_parent_and_child_complete_a_login_from_before_the_fork(acceptor, setting):
    succeeded(programs.run(acceptor, "fork", 20, environment=setting.environment()))


def test_a_half_open_context_is_small(acceptor, setting):
    said = succeeded(programs.run(acceptor, "halfopen", 10_000, environment=setting.environment()))
    size, files = map(int, re.fullmatch(r"bytes (\d+) files (\d+)\n", said).groups())
    assert 0 < size <= 2048
    assert files == 0


def test_the_credential_store_names_the_configuration(acceptor, setting):
    environment = setting.environment(NTLMDC_CONFIG=None, STORE_CONFIG=setting.config)
    succeeded(programs.run(acceptor, "logins", 100, environment=environment))


def test_the_environment_names_a_users_file(acceptor, setting):
    environment = setting.environment(
        NTLMDC_CONFIG=None, NTLM_USER_FILE=setting.users, NETBIOS_DOMAIN_NAME=programs.DOMAIN
    )
    succeeded(programs.run(acceptor, "logins", 2, environment=environment))


def test_without_a_configuration_no_login_is_accepted(acceptor, setting):
    for missing in [None, setting.folder / "missing.toml"]:
        environment = setting.environment(NTLMDC_CONFIG=missing)
        done = programs.run(acceptor, "logins", 1, environment=environment)
        assert done.returncode == 1
        assert "NTLM is not configured: " in done.stderr
        assert str(missing or "/etc/gss/ntlmdc.toml") in done.stderr
        assert "[4e440601]" in done.stderr
        assert "gss_acquire_cred: 00070000 instead of 00000000" in done.stderr


# A /dev with the devices that a process needs, and the content of the folder.
OWN_DEV = """
set -e
for device in null zero urandom; do
    touch "$0/$device"
    mount --bind "/dev/$device" "$0/$device"
done
mount --rbind "$0" /dev
exec "$@"
"""


def with_own_dev(acceptor, setting, folder, count):
    """Runs logins with this folder as /dev; returns the lines on standard error."""
    config = setting.configuration("syslog.toml", setting.users, "syslog")
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *as_root, "--mount", "sh", "-c", OWN_DEV, folder]
    command += [acceptor, "logins", count]
    environment = setting.environment(NTLMDC_CONFIG=config)
    done = programs.run(*command, environment=environment, seconds=60)
    succeeded(done)
    return [line for line in done.stderr.splitlines() if line.startswith("ntlmdc: ")]


def with_system_log(acceptor, setting, folder, count):
    """Runs logins with a system log that is not read meanwhile; returns its lines and those on
    standard error."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as log:
        log.bind(str(folder / "log"))
        said = with_own_dev(acceptor, setting, folder, count)
        lines = []
        with contextlib.suppress(BlockingIOError):
            while True:
                lines.append(log.recv(10_000).decode())
    return lines, said


ACCEPTED = r'accepted "EXAMPLE\\alice" as user="alice" '


def test_each_decision_is_a_line_in_the_system_log(acceptor, setting, tmp_path):
    lines, said = with_system_log(acceptor, setting, tmp_path, 3)
    assert len(lines) == 3
    for line in lines:
        # LOG_AUTHPRIV, LOG_INFO
        assert re.match(r"<86>ntlmdc\[\d+\]: " + ACCEPTED, line)
    assert said == []


def test_a_system_log_that_blocks_stops_no_login(acceptor, setting, tmp_path):
    # More lines than a socket holds: the others go to standard error.
    lines, said = with_system_log(acceptor, setting, tmp_path, 2000)
    assert 0 < len(lines) < 2000
    assert "/dev/log cannot be used: Resource temporarily unavailable" in said[0]
    assert len(lines) + len(said[1:]) == 2000
    assert all(re.match("ntlmdc: " + ACCEPTED, line) for line in said[1:])


def test_without_a_system_log_each_decision_is_a_line_on_standard_error(
    acceptor, setting, tmp_path
):
    notice, *lines = with_own_dev(acceptor, setting, tmp_path, 3)
    assert notice.startswith("ntlmdc: the system log /dev/log cannot be used: No such file")
    assert len(lines) == 3
    assert all(re.match("ntlmdc: " + ACCEPTED, line) for line in lines)


def under_valgrind(acceptor, setting, count):
    """Runs logins; returns the number of blocks at the end, by kind."""
    valgrind = [shutil.which("valgrind"), "--leak-check=full", "--errors-for-leak-kinds=none"]
    valgrind += ["--error-exitcode=99", "--show-leak-kinds=definite"]
    done = programs.run(*valgrind, acceptor, "logins", count, environment=setting.environment())
    succeeded(done)
    definite = re.findall(r"definitely lost in loss record(?:.|\n)*?== \n", done.stderr)
    assert not [report for report in definite if "libgss_ntlmdc" in report]
    return dict(re.findall(r"(\w+ \w+): [\d,]+ bytes in ([\d,]+) blocks", done.stderr))


def test_no_invalid_access_and_no_growth(acceptor, setting):
    few, many = (under_valgrind(acceptor, setting, count) for count in (10, 300))
    assert "still reachable" in few
    assert few == many
