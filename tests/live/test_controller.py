"""Failures of the domain controller, of the network to it, and of the configuration."""

import time

import codes
import pytest
import wire
from lab import domain, mech
from one_login import attempt, refused

pytestmark = pytest.mark.each_samba

# Seconds of an outage: no controller is asked until then.
OUTAGE = 2.1

ALICE = "EXAMPLE\\alice"


def test_a_controller_that_stops_and_starts_again(netlogon_site, controller):
    assert attempt(netlogon_site) == (200, ALICE, [])
    controller.stop()
    try:
        status, user, logged = attempt(netlogon_site)
        assert (status, user) == (401, None)
        assert logged == [codes.code("ControllerUnreachable")]
        assert attempt(netlogon_site)[0] == 401
    finally:
        controller.start()
    time.sleep(OUTAGE)
    assert attempt(netlogon_site) == (200, ALICE, [])


def test_a_controller_that_was_restarted_between_logins(netlogon_site, controller):
    assert attempt(netlogon_site) == (200, ALICE, [])
    controller.stop()
    controller.start()
    assert attempt(netlogon_site) == (200, ALICE, [])


def test_an_address_without_a_host(library, controller, make_site):
    site = make_site(mech.with_domain(library, controller, controllers=["127.0.0.1:9"]))
    assert attempt(site) == refused("ControllerUnreachable")


def test_the_second_controller_when_the_first_is_down(library, controller, make_site):
    addresses = ["127.0.0.1:9", controller.address]
    site = make_site(mech.with_domain(library, controller, controllers=addresses))
    assert attempt(site) == (200, ALICE, [])


def test_a_wrong_machine_secret(library, controller, make_site):
    site = make_site(mech.with_domain(library, controller, secret="not-the-secret"))
    assert attempt(site) == refused("MachineSecretRefused")


def test_a_machine_account_that_does_not_exist(library, controller, make_site):
    site = make_site(mech.with_domain(library, controller, account="NO_HOST$"))
    assert attempt(site) == refused("MachineAccountUnknown")


def test_a_wrong_netbios_domain(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, netlogon='netbios_domain = "ELSEWHERE"')
    assert attempt(make_site(mechanism)) == refused("ChannelRefused")


def test_a_configuration_that_cannot_be_used(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, netlogon='colour = "blue"')
    site = make_site(mechanism)
    with wire.Connection(site) as connection:
        assert connection.send(b"NTLMSSP\0" + bytes(32)).status == 401
    assert "colour" in site.apache.logged()


REJECT = "server reject aes schannel"


@pytest.mark.parametrize("accounts", ["", f":{domain.MACHINE}$"])
def test_a_controller_that_wants_its_channel_over_kerberos(
    library, newer_controller, make_site, accounts
):
    """It answers NetrServerAuthenticate3 with 0xC0000388, to every account or to ours."""
    with newer_controller.settings(f"{REJECT}{accounts} = yes"):
        site = make_site(mech.with_domain(library, newer_controller))
        assert attempt(site) == refused("KerberosChannelRequired")
        assert "(0xC0000388)" in site.apache.logged()


def test_a_controller_that_wants_kerberos_of_the_other_accounts(
    library, newer_controller, make_site
):
    """The remedy in the table of codes."""
    with newer_controller.settings(f"{REJECT} = yes", f"{REJECT}:{domain.MACHINE}$ = no"):
        site = make_site(mech.with_domain(library, newer_controller))
        assert attempt(site) == (200, ALICE, [])
