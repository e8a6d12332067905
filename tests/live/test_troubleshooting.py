"""Mistakes of administrators: docs/troubleshooting.md has the log lines of each."""

import base64
import contextlib
import pathlib
import re
import socket
import threading

import clients
import codes
import messages
import pytest
import recipes
import wire
from lab import apache, mech
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


@pytest.mark.parametrize("protocol", ["1.1", "2"])
def test_http_2(library, make_site, protocol):
    """Both messages of a login on one connection. The answer is to another challenge: on HTTP/1.1
    it is refused for that, and on HTTP/2 because each request has a connection of its own there."""
    mechanism = mech.with_users(library, files={"www.pem": apache.certificate()})
    more = recipes.modules("http2") + "Protocols h2 http/1.1\n"
    site = make_site(mechanism, more=more, certificate=mechanism.directory / "www.pem")
    negotiate = messages.negotiate()
    with wire.Connection(site) as other:
        challenge = other.challenge(negotiate)
    answer = messages.respond(challenge, "alice", site.passwords["alice"])
    mark = site.apache.mark()
    requests = [
        (f"--http{protocol}", "--insecure", "-sS", "-o", "/dev/null")
        + ("-w", "%{http_version}: %{http_code}, connections: %{num_connects}\n")
        + ("-H", f"Authorization: NTLM {base64.b64encode(token).decode()}", site.apache.url)
        for token in (negotiate, answer.pack(negotiate, challenge.raw))
    ]
    said = clients.run("curl", *requests[0], "--next", *requests[1]).stdout
    lines = [f"{protocol}: 401, connections: {count}\n" for count in (1, 0)]
    assert said == "".join(lines)
    logged = site.apache.logged(mark)
    if protocol == "1.1":
        assert codes.in_log(logged) == [codes.code("TargetInfoChanged")], logged
    else:
        row("HTTP/2", logged)


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


@pytest.fixture(params=["users", "netlogon"])
def mechanism(request, library):
    """Each verifier in turn."""
    if request.param == "users":
        return mech.with_users(library)
    return mech.with_domain(library, request.getfixturevalue("controller"))


def mech_d(directory, mechanism, name, *others):
    """A directory like /etc/gss, in which our file has this name, beside the other mechanism's."""
    directory.chmod(0o755)
    (directory / "mech.d").mkdir()
    line = (mechanism.directory / "mech.conf").read_text()
    for path, text in ((name, line), *others):
        (directory / "mech.d" / path).write_text(text)
    return directory


THEIRS = ("mech.ntlmssp.conf", f"gssntlmssp_v1 {mech.OID} {other_mechanism()}\n")


def test_the_name_of_our_file_in_mech_d(mechanism, make_site, tmp_path):
    ours = mech_d(tmp_path, mechanism, "ntlmssp-ntlmdc.conf", THEIRS)
    assert attempt(make_site(mechanism, gss=ours))[0] == 200


def test_a_file_without_conf_in_mech_d(mechanism, make_site, tmp_path):
    unread = mech_d(tmp_path, mechanism, "ntlmssp-ntlmdc")
    row("file without `.conf`", said(make_site(mechanism, gss=unread)))


def test_another_mechanism_wins(mechanism, make_site, tmp_path):
    before = mech_d(tmp_path, mechanism, "a-ntlmdc.conf", THEIRS)
    row("another mechanism wins", said(make_site(mechanism, gss=before)))


def test_a_wrong_path_of_the_library(mechanism, make_site):
    mechanism.rewrite("mech.conf", f"ntlmssp {mech.OID} /nonexistent/mech_ntlmdc.so\n")
    row("path of the library wrong", said(make_site(mechanism)))


def test_apache_says_of_unbound_connections(library, make_site):
    site = make_site(mech.with_users(library), after=UNBOUND)
    row("no `GssapiConnectionBound On`", said(site, "/unbound"))


def test_an_empty_resolv_conf(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, controllers=[])
    row("no DNS server", said(make_site(mechanism, resolver="")))
