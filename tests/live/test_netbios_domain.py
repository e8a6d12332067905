"""A domain whose NetBIOS name is not the first label of its DNS name."""

import pytest
from lab import domain, mech
from one_login import attempt, refused


class Renamed(domain.Domain):
    dns_name = "office.test"
    netbios = "FIRM"


@pytest.fixture(scope="module")
def firm():
    with Renamed() as firm:
        yield firm


def log_in(site, domain=""):
    return attempt(site, "alice", site.passwords["alice"], domain=domain)


def test_the_name_is_learnt_by_the_first_login_of_a_host(library, firm, make_site):
    mechanism = mech.with_domain(library, firm)
    # Until a login is accepted, each process learns the name by itself.
    site = make_site(mechanism)
    assert log_in(site) == refused("ChannelRefused")
    logged = site.apache.logged()
    assert 'the NetBIOS name of the domain is "FIRM", and "OFFICE" was assumed' in logged
    for typed in ("", "FIRM", "office.test"):
        assert log_in(site, typed) == (200, "FIRM\\alice", [])
    # Further processes read it from the state directory.
    other = make_site(mechanism)
    assert log_in(other) == (200, "FIRM\\alice", [])


def test_a_name_that_is_configured_is_used_at_once(library, firm, make_site):
    site = make_site(mech.with_domain(library, firm, netlogon='netbios_domain = "firm"'))
    assert log_in(site) == (200, "FIRM\\alice", [])


def test_a_wrong_name_is_logged_with_the_right_one(library, firm, make_site):
    site = make_site(mech.with_domain(library, firm, netlogon='netbios_domain = "OFFICE"'))
    for _ in range(2):
        assert log_in(site) == refused("ChannelRefused")
    logged = site.apache.logged()
    text = 'the NetBIOS name of the domain is "FIRM" by its controller, and "OFFICE" here'
    assert f"{text}: check netbios_domain" in logged
