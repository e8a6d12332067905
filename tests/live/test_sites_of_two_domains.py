"""examples/two-domains.conf: each site's users are verified by the controller of their domain.

By their name, these tests come before those of test_trust.py, which leave a trust with OTHER in our
controller.
"""

import contextlib
import re

import codes
import pytest
import recipes
import wire
from lab import domain, mech, trusted_domain
from lab.site import Site

EXAMPLE = {"Host": "intranet.example.test"}
OTHER = {"Host": "intranet.other.test"}


class Other(domain.Domain):
    """A domain without any relation to ours."""

    dns_name = "other.test"
    netbios = "OTHER"


@pytest.fixture(scope="module")
def other():
    with Other("far") as other:
        yield other


class Impostor(trusted_domain.Trusted):
    """A domain that OTHER trusts, with our NetBIOS name: OTHER's administrators may do so."""

    dns_name = "impostor.test"
    netbios = domain.NETBIOS
    host_name = "fake"


@pytest.fixture(scope="module")
def impostor(other):
    with Impostor(other) as impostor:
        yield impostor


def policies():
    """The sections of the two configurations in the example."""
    text = recipes.example("two-domains.conf")
    found = re.findall(r"^ *#   (\[policy\])\n *#   (domains = .*)$", text, re.M)
    assert len(found) == 2, text
    return ["\n".join(("", *lines, "")) for lines in found]


@contextlib.contextmanager
def two_sites(library, controller, other):
    ours, others = (
        mech.with_domain(library, one, more=policy)
        for one, policy in zip((controller, other), policies())
    )
    text = recipes.change(
        recipes.example("two-domains.conf"),
        ("Include /etc/apache2/ntlm.conf", f"Include {recipes.EXAMPLES}/apache.conf"),
        ("/etc/gss/ntlmdc-example.toml", ours.directory / "ntlmdc.toml"),
        ("/etc/gss/ntlmdc-other.toml", others.directory / "ntlmdc.toml"),
        ("<VirtualHost *:80>", "<VirtualHost *>"),
    )
    # The configuration of the whole server is used by neither site.
    del ours.environment["NTLMDC_CONFIG"]
    site = Site(ours, after=text)
    yield site
    site.close()
    others.close()


@pytest.fixture(scope="module")
def sites(library, controller, other):
    with two_sites(library, controller, other) as sites:
        yield sites


@pytest.fixture
def sites_after_the_trust(library, controller, other, impostor):
    """New sites: those above may have a list of domains from before the impostor."""
    with two_sites(library, controller, other) as sites:
        yield sites


def attempt(sites, headers, user, password, domain):
    """A login at one of the sites: (status, user, codes in the error log)."""
    mark = sites.apache.mark()
    with wire.Connection(sites, headers=headers) as connection:
        answer = connection.log_in(user, password, domain=domain)
    return answer.status, answer.user, codes.in_log(sites.apache.logged(mark))


def asked(controller):
    """The number of logins that a controller was asked about."""
    return controller.log().count("Auth: [SamLogon")


def test_each_site_accepts_its_own_users(sites, controller, other):
    ours, others = controller.passwords["alice"], other.passwords["alice"]
    before = asked(controller), asked(other)
    assert attempt(sites, EXAMPLE, "alice", ours, "EXAMPLE") == (200, "EXAMPLE\\alice", [])
    assert (asked(controller) - before[0], asked(other) - before[1]) == (1, 0)
    assert attempt(sites, OTHER, "alice", others, "OTHER") == (200, "OTHER\\alice", [])
    assert (asked(controller) - before[0], asked(other) - before[1]) == (1, 1)
    # A name without a domain belongs to the domain of the site.
    assert attempt(sites, EXAMPLE, "alice", ours, "") == (200, "EXAMPLE\\alice", [])
    assert attempt(sites, OTHER, "alice", others, "") == (200, "OTHER\\alice", [])


def test_no_site_accepts_users_of_the_other(sites, controller, other):
    ours, others = controller.passwords["alice"], other.passwords["alice"]
    for headers, password, foreign in ((OTHER, ours, "EXAMPLE"), (EXAMPLE, others, "OTHER")):
        unknown = (401, None, [codes.code("UnknownDomain")])
        assert attempt(sites, headers, "alice", password, foreign) == unknown
        wrong = (401, None, [codes.code("BadUserOrPassword")])
        assert attempt(sites, headers, "alice", password, "") == wrong


def test_a_login_at_one_site_is_not_valid_at_the_other(sites, controller):
    """Also on the same connection, which Apache considers logged in."""
    with wire.Connection(sites, headers=EXAMPLE) as connection:
        assert connection.log_in("alice", controller.passwords["alice"]).user == "EXAMPLE\\alice"
        connection.headers = OTHER
        assert connection.send().status == 401
        connection.headers = EXAMPLE
        assert connection.send().user == "EXAMPLE\\alice"


def test_a_namesake_of_the_domain_that_the_other_trusts(
    sites_after_the_trust, controller, other, impostor
):
    """Our site refuses a login that OTHER's controller verified, whatever its name."""
    sites = sites_after_the_trust
    ours, theirs = controller.passwords["alice"], impostor.passwords["alice"]
    before = asked(other)
    with wire.Connection(sites, headers=OTHER) as connection:
        mark = sites.apache.mark()
        assert connection.log_in("alice", theirs, domain="EXAMPLE").status == 401
        assert codes.in_log(sites.apache.logged(mark)) == [codes.code("DomainRefused")]
        connection.headers = EXAMPLE
        assert connection.send().status == 401
        assert connection.log_in("alice", ours).user == "EXAMPLE\\alice"
    assert asked(other) == before + 1
