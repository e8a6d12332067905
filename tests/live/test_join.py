"""`ntlmdc join` and `ntlmdc leave` against real controllers, from a host of its own."""

import contextlib
import fcntl
import hashlib
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import termios
import time

import pytest
from lab import certificates, faults, host
from lab.joining import COMPUTER, JOIN


def assert_nothing_is_left(joining, controller):
    assert joining.files() == {}
    assert not (joining.directory / "run" / "ntlmdc").exists()
    assert controller.entry(COMPUTER) == {}


@pytest.mark.each_samba
def test_a_host_joins_and_a_user_logs_in(joining, controller):
    """389 without TLS: the controller is found by DNS, and all is sealed by NTLM."""
    status, texts = joining.join(controller, *JOIN)
    assert status == 0, texts
    results = {result for _step, result in texts}
    assert results == {"ok"} and "sealed by NTLM" in texts["login", "ok"]
    entry = controller.entry(COMPUTER)
    assert entry["dn"] == [f"CN={COMPUTER},CN=Computers,{controller.base}"]
    assert entry["sAMAccountName"] == [f"{COMPUTER}$"]
    assert entry["userAccountControl"] == ["4096"]
    assert entry["dNSHostName"] == [f"join1.{controller.dns_name}"]
    services = [f"HOST/{COMPUTER}", f"HOST/join1.{controller.dns_name}"]
    assert sorted(entry["servicePrincipalName"]) == services
    assert entry["msDS-SupportedEncryptionTypes"] == ["24"]
    assert joining.files().items() >= {
        "gss/ntlmdc.secret": "0o640",
        "gss/ntlmdc.toml": "0o644",
        "gss/mech.d/ntlmssp-ntlmdc.conf": "0o644",
        "tmpfiles/ntlmdc.conf": "0o644",
    }.items()
    assert not [name for name in joining.files() if name.endswith(".new")]
    assert joining.secret.owner() == "root" and joining.secret.group() == "www-data"
    assert re.fullmatch(r"[A-Za-z0-9_-]{120}\n", joining.secret.read_text())
    state = joining.directory / "run" / "ntlmdc"
    assert state.owner() == "www-data" and state.stat().st_mode & 0o777 == 0o700
    assert joining.log_in(controller) == (0, "accepted")


def test_an_account_is_reset_only_if_that_is_asked_for(joining, controller):
    assert joining.join(controller, *JOIN)[0] == 0
    secret, config = joining.secret.read_text(), joining.config.read_text()
    before = controller.entry(COMPUTER)["pwdLastSet"]
    # With its secret, the account is this host's.
    status, texts = joining.join(controller, *JOIN)
    assert status == 0 and "is this host's already" in texts["account", "ok"], texts
    assert joining.secret.read_text() == secret
    # Another host has no secret of it, or a wrong one.
    for other in (None, "another-secret\n"):
        if other:
            joining.secret.write_text(other)
            joining.secret.chmod(0o640)
            shutil.chown(joining.secret, group="www-data")
        else:
            joining.secret.unlink()
        status, texts = joining.join(controller, *JOIN)
        assert status == 1
        assert "exists already" in texts["account", "failed"]
        assert "--reset" in texts["account", "failed"]
    assert controller.entry(COMPUTER)["pwdLastSet"] == before
    joining.secret.write_text(secret)
    assert joining.log_in(controller) == (0, "accepted")

    controller.tool("user", "disable", f"{COMPUTER}$")
    status, texts = joining.join(controller, *JOIN, "--reset")
    assert status == 0, texts
    assert joining.secret.read_text() != secret
    assert joining.config.read_text() == config
    assert controller.entry(COMPUTER)["userAccountControl"] == ["4096"]
    assert joining.log_in(controller) == (0, "accepted")


def test_a_wrong_password_of_the_administrator(joining, controller):
    for user, expected in {
        "Administrator": "password is wrong",
        "EXAMPLE\\unknown-user": "password is wrong",
        "EXAMPLE\\dora": "disabled",
    }.items():
        password = controller.passwords.get(user.split("\\")[-1], "wrong-password")
        status, texts = joining.join(controller, *JOIN, user=user, password=password)
        assert status == 1
        assert expected in texts["login", "failed"], texts
    assert_nothing_is_left(joining, controller)


def test_an_organizational_unit(joining, controller):
    """A user without rights, and one who may create computers in the unit, and no more."""
    alice = {"user": "alice", "password": controller.passwords["alice"]}
    status, texts = joining.join(controller, *JOIN, **alice)
    assert status == 1
    assert "alice@example.test may not make it there" in texts["account", "failed"], texts
    assert "--offline" in texts["account", "failed"]
    unit = f"OU=Web servers,{controller.base}"
    status, texts = joining.join(controller, *JOIN, "--ou", unit)
    assert status == 1
    assert f"there is no {unit}" in texts["account", "failed"], texts
    assert_nothing_is_left(joining, controller)

    controller.tool("ou", "create", unit)
    shown = controller.tool("user", "show", "alice", "--attributes=objectSid")
    sid = re.search(r"^objectSid: (\S+)", shown, re.M)[1]
    may_create_computers = f"(OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;{sid})"
    controller.tool("dsacl", "set", f"--objectdn={unit}", f"--sddl={may_create_computers}")
    status, texts = joining.join(controller, *JOIN, "--ou", unit, **alice)
    assert status == 0, texts
    assert controller.entry(COMPUTER)["dn"] == [f"CN={COMPUTER},{unit}"]
    assert joining.log_in(controller) == (0, "accepted")


def test_names_that_cannot_be(joining, controller):
    given = controller.administrator + "\n"
    for name in ("A234567890123456", "web_1", "-web", "1234", ""):
        words = ("join", f"--computer={name}", "--password-file", "-")
        status, printed, errors = joining.run(*words, given=given)
        assert (status, printed) == (2, ""), name
        assert "a computer's name has" in errors
    status, texts = joining.join(controller, "--computer", "DC1", "--reset")
    assert status == 1
    assert "not a member computer's account" in texts["account", "failed"]
    status, _printed, errors = joining.run("join", "no domain", "--password-file", "-")
    assert status == 2 and "domain" in errors
    status, _printed, errors = joining.run("join", controller.netbios, "--password-file", "-")
    assert status == 2 and "e.g. example.test" in " ".join(errors.split()), errors
    # DHCP may have put a false domain into /etc/resolv.conf.
    status, printed, errors = joining.run("join", *JOIN, "--password-file", "-", given=given)
    assert (status, printed) == (2, "")
    assert f"ntlmdc join {controller.dns_name}" in " ".join(errors.split())
    assert_nothing_is_left(joining, controller)


def test_a_controller_that_is_not_there(joining, controller):
    """Nothing is asked, and nothing changed."""
    with faults.dead(controller):
        status, texts = joining.join(controller, *JOIN)
        assert status == 1
        assert "/etc/resolv.conf" in texts["controller", "failed"], texts
        status, texts = joining.join(controller, *JOIN, "--controller", controller.address)
        assert status == 1
        assert "--controller" in texts["connection", "failed"]
    assert_nothing_is_left(joining, controller)


def test_a_join_whose_channel_does_not_open_is_undone(joining, controller):
    with faults.fenced(controller):
        status, texts = joining.join(controller, *JOIN)
    assert status == 1
    assert ("account", "ok") in texts and "port" in texts["secure channel", "failed"], texts
    assert "deleted" in texts["account", "undone"]
    assert_nothing_is_left(joining, controller)


def test_a_reset_whose_channel_does_not_open_keeps_the_new_secret(joining, controller):
    assert joining.join(controller, *JOIN)[0] == 0
    before = joining.secret.read_text()
    with faults.fenced(controller):
        status, texts = joining.join(controller, *JOIN, "--reset")
    assert status == 1 and "cannot be brought back" in texts["secret", "left"], texts
    assert joining.secret.read_text() != before
    assert joining.log_in(controller) == (0, "accepted")


def test_a_configuration_of_another_account_stays(joining, controller):
    text = (
        'verify = ["netlogon"]\n[netlogon]\ndomain = "example.test"\naccount = "OTHER$"\n'
        'secret = "/etc/gss/other"\n'
    )
    joining.config.write_text(text)
    status, texts = joining.join(controller, *JOIN)
    assert status == 1 and "OTHER$" in texts["this host", "failed"]
    joining.config.write_text('verify = ["users"]\n[users]\nfile = "/etc/gss/users"\n')
    status, texts = joining.join(controller, *JOIN)
    assert status == 1 and '[netlogon] domain = "example.test"' in " ".join(
        texts["this host", "failed"].split()
    )
    joining.config.unlink()
    joining.secret.write_text("another secret\n")
    status, texts = joining.join(controller, *JOIN)
    assert status == 1 and "no configuration names it" in texts["this host", "failed"]
    assert joining.files() == {"gss/ntlmdc.secret": "0o644"}
    assert joining.secret.read_text() == "another secret\n"
    assert controller.entry(COMPUTER) == {}


def test_a_prepared_account(joining, controller):
    password = "aA1-prepared-password"
    controller.tool("computer", "create", COMPUTER)
    controller.tool("user", "setpassword", f"{COMPUTER}$", f"--newpassword={password}")
    words = ("join", controller.dns_name, *JOIN, "--offline", "--password-file", "-")
    status, texts = joining.steps(*words, given="wrong-password\n")
    assert status == 1
    assert "refused the machine account's secret" in texts["secure channel", "failed"], texts
    assert joining.files() == {}
    status, texts = joining.steps(*words, given=password + "\n")
    assert status == 0, texts
    assert ("login", "ok") not in texts and ("account", "ok") not in texts
    assert joining.log_in(controller) == (0, "accepted")


@contextlib.contextmanager
def with_certificate(controller, directory):
    """The controller has a certificate of an authority, whose file and whose fingerprint are
    returned."""
    issued = certificates.issue(controller, directory)
    with controller.tls(issued.files):
        yield issued.authority, issued.fingerprint


@pytest.mark.each_samba
def test_tls(joining, controller, tmp_path):
    def refused(*words, part):
        status, texts = joining.join(controller, *JOIN, *words)
        assert status == 1 and part in texts["connection", "failed"], texts
        return texts["connection", "failed"]

    with with_certificate(controller, tmp_path) as (authority, fingerprint):
        for way in ("--ldaps", "--starttls"):
            said = refused(way, part="issuer is not among the trusted")
            assert fingerprint in said and "--pin" in said
            refused(way, "--pin", "00" * 32, part="not the pinned one")
            other = certificates.authority(tmp_path, "other")
            refused(way, "--ca", other, part="issuer is not among the trusted")
            refused(
                *(way, "--ca", authority, "--controller", controller.address),
                part="not accepted",
            )
            assert_nothing_is_left(joining, controller)
        named = ("--simple", "--controller", controller.fqdn)
        trusted = ("--ldaps", "--ca", authority)
        assert joining.join(controller, *JOIN, *trusted, *named)[0] == 0
        # Since 4.21 Samba takes NTLM over TLS, if the login is bound to the certificate.
        way = "NTLMSSP" if takes_ntlm(controller) else "simple bind/TLS"
        assert last_login(controller) == way
        assert joining.log_in(controller) == (0, "accepted")
        pinned = ("--starttls", "--simple", "--pin", fingerprint, "--reset")
        assert joining.join(controller, *JOIN, *pinned)[0] == 0
        assert joining.log_in(controller) == (0, "accepted")
        answers = {"Trust this certificate?": "y", "Password of": controller.administrator}
        words = ("join", *JOIN, "--ldaps", *named)
        # With the secret, the account would be this host's.
        joining.secret.unlink()
        said = on_terminal(joining, answers | {"Reset it?": "n"}, *words)
        assert fingerprint in said and "exists already" in said
        said = on_terminal(joining, answers | {"Reset it?": "y"}, *words)
        assert "has a new random password" in said, said
        assert joining.log_in(controller) == (0, "accepted")


def last_login(controller):
    """How Administrator last logged in to the directory, by the controller's log."""
    logins = re.findall(r"Auth: \[LDAP,([^\]]+)\] user \S+\\\[Administrator", controller.log())
    return logins[-1]


def takes_ntlm(controller):
    """Whether this Samba takes NTLM over TLS, if the login is bound to the certificate."""
    return tuple(map(int, controller.version.split(".")[:2])) >= (4, 21)


def test_the_password_goes_to_a_named_controller_only(joining, controller, tmp_path):
    """Samba before 4.21 refuses NTLM over TLS. The password is not sent in its place unasked."""
    given = controller.administrator + "\n"
    words = ("join", controller.dns_name, *JOIN, "--ldaps", "--simple")
    status, printed, errors = joining.run(*words, given=given)
    assert (status, "--pin SHA256" in " ".join(errors.split())) == (2, True), (printed, errors)
    with with_certificate(controller, tmp_path) as (authority, _fingerprint):
        trusted = ("--ldaps", "--ca", authority)
        if takes_ntlm(controller):
            status, texts = joining.join(controller, *JOIN, *trusted)
            assert (status, last_login(controller)) == (0, "NTLMSSP"), texts
            return
        for name in ((), ("--controller", controller.fqdn)):
            status, texts = joining.join(controller, *JOIN, *trusted, *name)
            assert status == 1 and "refuses NTLM over TLS" in texts["login", "failed"], texts
            assert "--simple" in texts["login", "failed"]
    assert_nothing_is_left(joining, controller)


def test_a_controller_without_tls(joining, controller):
    with controller.settings("tls enabled = no"):
        for way in ("--ldaps", "--starttls"):
            status, texts = joining.join(controller, *JOIN, way)
            assert status == 1, texts
            assert "389" in texts["connection", "failed"], texts
        assert_nothing_is_left(joining, controller)


def on_terminal(joining, answers, *words):
    """What the tool prints on a terminal, where each question is answered."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        joining.command(*words),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # The terminal of the new session: /dev/tty, where the tool asks for passwords.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    said, answered, until = "", 0, time.monotonic() + 60
    while time.monotonic() < until:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            said += os.read(ours, 4096).decode()
        except OSError:
            break
        for question, answer in answers.items():
            if question in said[answered:]:
                answered = len(said)
                os.write(ours, f"{answer}\n".encode())
    os.close(ours)
    host.end(process)
    return " ".join(said.split())


def test_the_default_name(joining, controller):
    """The host's name and -NTLM; if that is too long, cut and with letters of a hash."""
    own = socket.gethostname()
    label = own.split(".")[0].upper()
    short = re.sub(r"[^A-Z0-9-]", "", label).strip("-")
    expected = f"{label}-NTLM"
    if short != label or len(label) > 10:
        digest = hashlib.sha256(own.lower().encode()).digest()
        letters = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[byte & 31] for byte in digest[:4])
        expected = f"{short[:5].rstrip('-')}-{letters}-NTLM"
    status, texts = joining.join(controller)
    try:
        assert status == 0, texts
        assert controller.entry(expected)["sAMAccountName"] == [f"{expected}$"]
    finally:
        controller.tool("computer", "delete", expected)
