"""A change of an account at the domain holds at the next login: no result is cached."""

import contextlib
import dataclasses

import codes
import messages
import pytest
import wire

pytestmark = pytest.mark.each_samba

BOB = (200, "EXAMPLE\\bob", [])


def attempt(site, user="bob", password=None, workstation="WORKSTATION"):
    """A login: (status, user, codes in the error log)."""
    mark = site.apache.mark()
    with wire.Connection(site) as connection:
        negotiate = messages.negotiate()
        challenge = connection.challenge(negotiate)
        answer = messages.respond(challenge, user, password or site.passwords[user])
        answer = dataclasses.replace(answer, workstation=messages.text(workstation))
        answer = connection.send(answer.pack(negotiate, challenge.raw))
    return answer.status, answer.user, codes.in_log(site.apache.logged(mark))


def refused(name):
    return 401, None, [codes.code(name)]


def test_the_controller_checks_the_workstation_of_the_client(netlogon_site):
    assert attempt(netlogon_site, "walter", workstation="ELSEWHERE")[:2] == (200, "EXAMPLE\\walter")
    for other in ("ELSEWHERE2", "WEB1-NTLM"):
        assert attempt(netlogon_site, "walter", workstation=other) == refused("InvalidWorkstation")


def test_an_account_is_disabled_and_enabled_again(netlogon_site, controller):
    assert attempt(netlogon_site) == BOB
    controller.tool("user", "disable", "bob")
    try:
        assert attempt(netlogon_site) == refused("AccountDisabled")
    finally:
        controller.tool("user", "enable", "bob")
    assert attempt(netlogon_site) == BOB


def test_an_account_that_was_deleted(netlogon_site, controller):
    controller.tool("user", "create", "kim", "Kims-Passw0rd")
    assert attempt(netlogon_site, "kim", "Kims-Passw0rd") == (200, "EXAMPLE\\kim", [])
    controller.tool("user", "delete", "kim")
    assert attempt(netlogon_site, "kim", "Kims-Passw0rd") == refused("BadUserOrPassword")


@contextlib.contextmanager
def lockout_after(controller, number):
    def threshold(number):
        setting = f"--account-lockout-threshold={number}"
        controller.tool("domain", "passwordsettings", "set", setting)

    threshold(number)
    try:
        yield
    finally:
        threshold(0)


def test_an_account_is_locked_out_and_unlocked(netlogon_site, controller):
    with lockout_after(controller, 3):
        for _ in range(3):
            assert attempt(netlogon_site, password="wrong-password") == refused("BadUserOrPassword")
        try:
            assert attempt(netlogon_site) == refused("AccountLockedOut")
            # Every login is told so, and the right password is refused too.
            assert attempt(netlogon_site, password="wrong-password") == refused("AccountLockedOut")
        finally:
            controller.tool("user", "unlock", "bob")
        assert attempt(netlogon_site) == BOB


@pytest.mark.parametrize("user", ["hannah", "walter"])
def test_a_wrong_password_reveals_no_restriction(netlogon_site, user):
    assert attempt(netlogon_site, user, "not-the-password") == refused("BadUserOrPassword")
