"""Mistakes of administrators: docs/troubleshooting.md has the log lines of each."""

import contextlib
import pathlib
import re
import socket
import threading

import messages
import pytest
import wire
from lab import mech
from one_login import attempt

PAGE = mech.ROOT / "docs" / "troubleshooting.md"
UNBOUND = """
<Location "/unbound">
    GssapiConnectionBound Off
</Location>
"""


def said(site, path="/"):
    """The lines of a failed login in Apache's error log."""
    mark = site.apache.mark()
    with wire.Connection(site) as connection:
        assert connection.log_in("alice", site.passwords["alice"], path=path).status == 401
    return site.apache.logged(mark)


def row(about, logged):
    """Compares the log with the row of the page that begins so: each text in backquotes must be in
    the log. `…` in it stands for any text."""
    [line] = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| {about}")]
    texts = re.findall(r"`([^`]+)`", line.split(" | ")[1])
    assert texts, line
    for text in texts:
        pattern = ".*".join(re.escape(part) for part in text.split("…"))
        assert re.search(pattern, logged), f"{text}\n{logged}"


def give_up(site, count):
    for _ in range(count):
        with wire.Connection(site) as connection:
            assert connection.send(messages.negotiate()).token


def test_keepalive_off(library, make_site):
    site = make_site(mech.with_users(library), after="KeepAlive Off")
    give_up(site, 20)
    logged = site.apache.logged()
    row("`KeepAlive Off`", logged)
    assert logged.count("is KeepAlive on?") == 1


def test_clients_that_give_up_do_not_look_like_keepalive_off(library, make_site):
    site = make_site(mech.with_users(library))
    assert attempt(site)[0] == 200
    give_up(site, 20)
    assert "is KeepAlive on?" not in site.apache.logged()


def test_an_authenticate_message_on_another_connection(library, make_site):
    """Like HTTP/2, where each request has a stream of its own."""
    site = make_site(mech.with_users(library))
    negotiate = messages.negotiate()
    with wire.Connection(site) as first:
        challenge = first.challenge(negotiate)
    answer = messages.respond(challenge, "alice", site.passwords["alice"])
    with wire.Connection(site) as second:
        assert second.send(answer.pack(negotiate, challenge.raw)).status == 401
    row("HTTP/2", site.apache.logged())


def test_a_domain_without_a_dot(library, controller, make_site):
    mechanism = mech.with_domain(library, controller)
    short = mechanism.configuration.replace(f'"{controller.dns_name}"', '"EXAMPLE"')
    mechanism.rewrite("ntlmdc.toml", short)
    row('`domain = "EXAMPLE"`', said(make_site(mechanism)))


def test_a_wrong_domain(library, controller, make_site):
    mechanism = mech.with_domain(library, controller)
    wrong = mechanism.configuration.replace(f'"{controller.dns_name}"', '"wrong.test"')
    mechanism.rewrite("ntlmdc.toml", wrong)
    row("wrong `domain`", said(make_site(mechanism)))


def test_a_wrong_netbios_domain(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, netlogon='netbios_domain = "WRONG"')
    row("wrong `netbios_domain`", said(make_site(mechanism)))


def test_a_wrong_port(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, controllers=[f"{controller.address}:135"])
    row("wrong port", said(make_site(mechanism)))


def test_a_secret_that_the_server_may_not_read(library, controller, make_site):
    mechanism = mech.with_domain(library, controller)
    (mechanism.directory / "secret").chmod(0o600)
    row("secret unreadable", said(make_site(mechanism)))


def test_a_typo_is_logged_by_each_process(library, make_site, tmp_path):
    """Also after a reload, when no process has a valid configuration."""
    tmp_path.chmod(0o755)
    mechanism = mech.with_users(library)
    right = mechanism.configuration.replace('"stderr"', '"syslog"')
    wrong = right.replace("netbios_domain", "netbois_domain")
    mechanism.rewrite("ntlmdc.toml", right)
    with system_log(tmp_path / "log") as lines:
        site = make_site(mechanism, dev=tmp_path, mpm="prefork", start=2)
        assert attempt(site)[0] == 200
        mechanism.rewrite("ntlmdc.toml", wrong)
        site.apache.renew()
        for _ in range(10):
            said(site)
    told = "".join(lines)
    row("typo in the configuration", told)
    pids = re.findall(r"ntlmdc\[(\d+)\]: .*no login is accepted in this process", told)
    assert pids and len(pids) == len(set(pids)), told


@contextlib.contextmanager
def system_log(path):
    """A system log at this path; when the block has ended, its value has the lines."""
    lines = []

    def read():
        while line := log.recv(10_000):
            lines.append(line.decode() + "\n")

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(path))
        path.chmod(0o666)
        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield lines
        finally:
            # After all that was written: the empty datagram is the last.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.sendto(b"", str(path))
            reader.join()


def test_apache_says_who_was_refused(site):
    mark = site.apache.mark()
    with wire.Connection(site) as connection:
        connection.log_in("alice", "wrong-password")
    errors = [line for line in site.apache.logged(mark).splitlines() if "auth_gssapi" in line]
    assert any('user="alice" domain="EXAMPLE"' in line for line in errors), errors


def other_mechanism():
    [found] = pathlib.Path("/usr/lib").glob("*/gssntlmssp/gssntlmssp.so")
    return found


@pytest.mark.parametrize(
    ("about", "line"),
    [
        ("path of the library wrong", f"ntlmssp {mech.OID} /nonexistent/mech_ntlmdc.so\n"),
        ("file without `.conf`", "\n"),
        ("another mechanism wins", f"ntlmssp {mech.OID} {other_mechanism()}\n"),
    ],
)
def test_apache_says_of_the_mechanism(library, make_site, about, line):
    mechanism = mech.with_users(library)
    mechanism.rewrite("mech.conf", line)
    row(about, said(make_site(mechanism)))


def test_apache_says_of_unbound_connections(library, make_site):
    site = make_site(mech.with_users(library), after=UNBOUND)
    row("no `GssapiConnectionBound On`", said(site, "/unbound"))


def test_an_empty_resolv_conf(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, controllers=[])
    row("no DNS server", said(make_site(mechanism, resolver="")))
