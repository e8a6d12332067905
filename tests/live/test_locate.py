"""Controllers that nobody wrote down: the domain's own DNS knows them."""

import codes
import pytest
from conftest import mech
from test_controller import ALICE, attempt


@pytest.mark.parametrize(
    "controllers",
    [[], ["dc1.example.test"], ["127.0.0.1:9", "DC1.example.test."]],
    ids=["services", "name", "name-after-another"],
)
def test_the_domains_dns(library, controller, make_site, controllers):
    mechanism = mech.with_domain(library, controller, controllers=controllers)
    assert attempt(make_site(mechanism, resolver=controller.address)) == (200, ALICE, [])


def test_a_site_and_a_source_of_the_configuration(library, controller, make_site):
    ours = controller.address.rpartition(".")[0] + ".1"
    netlogon = f'site = "Default-First-Site-Name"\nsource = "{ours}"'
    mechanism = mech.with_domain(library, controller, controllers=[], netlogon=netlogon)
    assert attempt(make_site(mechanism, resolver=controller.address)) == (200, ALICE, [])


def test_a_source_that_is_not_ours(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, netlogon='source = "192.0.2.1"')
    assert attempt(make_site(mechanism)) == (401, None, [codes.code("ControllerUnreachable")])


def test_a_dns_that_does_not_answer(library, controller, make_site):
    site = make_site(mech.with_domain(library, controller, controllers=[]), resolver="127.0.0.9")
    mark = site.apache.mark()
    assert attempt(site) == (401, None, [codes.code("ControllerUnreachable")])
    logged = site.apache.logged(mark)
    assert "127.0.0.9:53" in logged and "_ldap._tcp.dc._msdcs.example.test" in logged
