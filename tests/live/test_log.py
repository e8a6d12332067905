"""The destination of log lines, with a system log and without."""

import contextlib
import socket
import time

from lab import mech
from one_login import LOOKED_AT, attempt

NOTICE = "ntlmdc: the system log /dev/log cannot be used: "
ACCEPTED = 'accepted "EXAMPLE\\alice"'


def test_without_a_system_log_lines_are_in_apaches_error_log(library, make_site, tmp_path):
    tmp_path.chmod(0o755)
    mechanism = mech.with_users(library)
    configuration = mechanism.configuration.replace('"stderr"', '"syslog"')
    assert configuration != mechanism.configuration
    mechanism.rewrite("ntlmdc.toml", configuration)
    # Each process reports its destination once.
    site = make_site(mechanism, dev=tmp_path)

    def lines():
        """The number of lines of a login in Apache's error log: (notices, decisions)."""
        mark = site.apache.mark()
        assert attempt(site)[0] == 200
        logged = site.apache.logged(mark)
        return logged.count(NOTICE), logged.count(f"ntlmdc: {ACCEPTED}")

    assert lines() == (1, 1)
    assert lines() == (0, 1)

    # The log daemon starts, and stops.
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(path))
        path.chmod(0o666)
        log.settimeout(5)
        assert lines() == (0, 0)
        assert ACCEPTED in log.recv(10_000).decode()
    assert lines() == (0, 1)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    assert lines() == (0, 1)


def test_mistakes_without_a_system_log_are_in_apaches_error_log(library, make_site, tmp_path):
    mechanism = mech.with_users(library)
    configuration = mechanism.configuration.replace('"stderr"', '"syslog"')
    mechanism.rewrite("ntlmdc.toml", configuration)
    mechanism.rewrite("users", mech.users_file() + "nonsense\n")
    site = make_site(mechanism, dev=tmp_path)
    mark = site.apache.mark()
    assert attempt(site)[0] == 200
    assert "users: line 6 is not used: " in site.apache.logged(mark)
    mechanism.rewrite("ntlmdc.toml", configuration.replace("netbios_domain", "netbois_domain"))
    time.sleep(LOOKED_AT)
    mark = site.apache.mark()
    assert attempt(site)[0] == 200
    logged = site.apache.logged(mark)
    assert "ntlmdc: the configuration cannot be used: " in logged and "`netbois_domain`" in logged
