"""`ntlmdc join` and `leave` with the administrator's Kerberos ticket."""

import os
import pathlib
import shutil
import subprocess

import pytest
from controller_double import double
from lab.joining import COMPUTER, JOIN
from lab.kerberos import FOREIGN, Realm

DOUBLE = "127.0.0.9"

# How a GSSAPI token begins that has the service's proof (RFC 4121 4.1).
PROOF = b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x02\x00"


@pytest.fixture
def realm(controller):
    with Realm(controller) as realm:
        yield realm


def join(joining, controller, ticket, *words):
    return joining.steps("join", controller.dns_name, *JOIN, *words, environment=ticket)


@pytest.mark.each_samba
def test_a_ticket_is_enough(joining, controller, realm):
    """No password is asked for; Kerberos seals everything."""
    status, texts = join(joining, controller, realm.ticket("alice"))
    assert status == 1 and "alice@EXAMPLE.TEST may not" in texts["account", "failed"], texts
    assert controller.entry(COMPUTER) == {}
    ticket = realm.ticket("Administrator")
    status, texts = join(joining, controller, ticket)
    assert status == 0, texts
    assert texts["login", "ok"] == (
        "Administrator@EXAMPLE.TEST, with its Kerberos ticket, sealed by Kerberos"
    )
    assert joining.log_in(controller) == (0, "accepted")
    status, texts = joining.steps("leave", "--delete", environment=ticket)
    assert status == 0, texts
    assert texts["login", "ok"] == (
        "Administrator@EXAMPLE.TEST, with its Kerberos ticket, sealed by Kerberos"
    )
    assert controller.entry(COMPUTER) == {}


def test_a_ticket_that_cannot_be_used(joining, controller, realm):
    """If it is demanded, nothing else is tried; else the password is asked for."""
    address = ("--controller", controller.address)
    for ticket, words, what, cure in (
        (realm.no_ticket(), (), "there is no /", "kinit"),
        (realm.damaged_cache(), (), "Unsupported credentials cache format", "klist"),
        (realm.damaged_settings(), (), "Improper format of Kerberos conf", "krb5.conf"),
        (realm.expired_ticket("alice"), (), "ticket has expired", "kinit"),
        (realm.foreign_ticket("alice"), (), f'"{FOREIGN}"', "key distribution centre"),
        (realm.ticket("alice"), address, "given by its address", "full DNS name"),
    ):
        status, texts = join(joining, controller, ticket, "--kerberos", *words)
        failed = texts["login", "failed"]
        assert status == 1 and what in failed and cure in failed, texts
        # Without a terminal, there is no password.
        words = ("join", controller.dns_name, *JOIN, *words)
        status, printed, errors = joining.run(*words, environment=ticket)
        assert status == 2 and "no terminal to ask for the password" in errors, errors
        is_told = "ticket" in printed
        assert is_told is (what != "there is no /"), printed
        if is_told:
            assert "not used" in printed and "--" in printed, printed
    # A user who is named has a password.
    given = controller.administrator + "\n"
    words = ("--user", "Administrator", "--password-file", "-")
    ticket = realm.ticket("alice")
    steps = ("join", controller.dns_name, *JOIN, *words)
    status, texts = joining.steps(*steps, given=given, environment=ticket)
    assert status == 0 and "sealed by NTLM" in texts["login", "ok"], texts
    status, _printed, errors = joining.run("join", "--kerberos", *words, environment=ticket)
    assert status == 2 and "cannot be used with" in errors, errors


def test_a_ticket_cache_of_another_user(joining, controller, realm):
    """Kerberos would take it, or wait for a writer for ever."""
    ticket = realm.ticket("Administrator")
    own = pathlib.Path(ticket["KRB5CCNAME"].removeprefix("FILE:"))
    settings = pathlib.Path(ticket["KRB5_CONFIG"])
    default = f"[libdefaults]\n    default_ccache_name = FILE:{own.parent}/krb5cc_%{{uid}}\n"
    settings.write_text(settings.read_text().replace("[libdefaults]\n", default))
    # Where root's cache is, if no variable names one.
    planted = own.with_name("krb5cc_0")
    del ticket["KRB5CCNAME"]

    def plant(make, owner):
        planted.unlink(missing_ok=True)
        make()
        os.chown(planted, owner, owner, follow_symlinks=False)

    other = 65534
    for make, owner, reason in (
        (lambda: shutil.copy(own, planted), other, f"belongs to user {other}"),
        (lambda: os.mkfifo(planted), other, f"belongs to user {other}"),
        (lambda: os.mkfifo(planted), 0, "is not a regular file"),
        (lambda: planted.symlink_to(own), 0, "is a symbolic link"),
    ):
        plant(make, owner)
        if not planted.is_fifo():
            assert subprocess.run(["klist", "-s"], env=ticket).returncode == 0
        status, texts = join(joining, controller, ticket, "--kerberos")
        failed = texts["login", "failed"]
        assert status == 1 and f"{planted} {reason}" in failed and "sudo kinit" in failed, texts
        words = ("join", controller.dns_name, *JOIN)
        status, printed, errors = joining.run(*words, environment=ticket)
        assert status == 2 and "no terminal to ask for the password" in errors, errors
        told = " ".join(printed.split())
        assert "not used: the ticket cache" in told and reason in told, printed
    assert controller.entry(COMPUTER) == {}
    plant(lambda: shutil.copy(own, planted), 0)
    status, texts = join(joining, controller, ticket)
    assert status == 0 and "with its Kerberos ticket" in texts["login", "ok"], texts


def test_a_controller_that_the_ticket_does_not_prove(joining, controller, realm):
    ticket = realm.ticket("Administrator")
    hosts = joining.directory / "hosts"

    def without_proof(data):
        """A server without the controller's key can only guess."""
        return data[:-1] + bytes([data[-1] ^ 1]) if PROOF in data else data

    # It has a name of the domain, but is no controller; or the controller's name.
    for name, answer, problem in (
        ("dc9", lambda data: data, "not found in Kerberos database"),
        ("dc1", without_proof, "check DNS"),
    ):
        full = f"{name}.{controller.dns_name}"
        hosts.write_text(f"127.0.0.1 localhost\n{DOUBLE} {full}\n")
        with double(DOUBLE, controller.address, answer=answer):
            status, texts = join(joining, controller, ticket, "--controller", full)
        assert status == 1 and problem in texts["login", "failed"], texts
        assert controller.entry(COMPUTER) == {}
    # What is only forwarded, the ticket proves.
    with double(DOUBLE, controller.address):
        status, texts = join(joining, controller, ticket, "--controller", full)
    assert status == 0, texts
