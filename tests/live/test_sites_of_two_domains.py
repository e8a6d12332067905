"""examples/two-domains.conf: each site's users are verified by the controller of their domain. And
one site for both, with several [[netlogon]].

By their name, these tests come before those of test_trust.py, which leave a trust with OTHER in our
controller.
"""

import contextlib
import json
import re

import clients
import codes
import pytest
import recipes
import wire
from lab import domain, mech, trusted_domain
from lab.site import Site
from one_login import refused
from test_basic import log_in as by_basic
from test_tool import log_in, run

EXAMPLE = {"Host": "intranet.example.test"}
OTHER = {"Host": "intranet.other.test"}


BASIC = """
<Location "/basic">
    AuthType GSSAPI
    AuthName "Basic"
    GssapiBasicAuth On
    GssapiBasicAuthMech ntlmssp
    Require valid-user
</Location>
"""


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


@pytest.fixture(scope="module")
def forests(library, controller, other):
    """One site with a section for each domain; EXAMPLE is the first."""
    site = Site(mech.with_forests(library, (controller, other)), after=BASIC)
    yield site
    site.close()


def arrive(site, user, password, domain, named):
    """A login with a first message that names a domain: (status, user, codes in the error log)."""
    mark = site.apache.mark()
    with wire.Connection(site) as connection:
        answer = connection.log_in(user, password, domain=domain, named=named)
    return answer.status, answer.user, codes.in_log(site.apache.logged(mark))


def test_a_client_that_names_its_domain_is_verified_there(forests, controller, other):
    before = asked(controller), asked(other)
    for its in (controller, other):
        netbios, dns = its.netbios, its.dns_name
        password = its.passwords["alice"]
        accepted = (200, f"{netbios}\\alice", [])
        for domain, named in ((netbios, netbios), (dns, dns), (netbios, dns), ("", netbios)):
            assert arrive(forests, "alice", password, domain, named) == accepted
        principal = arrive(forests, f"alice@{dns}", password, "", netbios)
        assert principal == accepted
        wrong = arrive(forests, "alice", "wrong-password", netbios, netbios)
        assert wrong == refused("BadUserOrPassword")
    assert (asked(controller) - before[0], asked(other) - before[1]) == (6, 6)


def test_a_client_that_names_none_is_one_of_the_first_forest(forests, controller, other):
    ours, others = controller.passwords["alice"], other.passwords["alice"]
    for named in ("", "NOWHERE"):
        for domain in ("EXAMPLE", ""):
            accepted = arrive(forests, "alice", ours, domain, named)
            assert accepted == (200, "EXAMPLE\\alice", [])
    before = asked(controller), asked(other)
    assert arrive(forests, "alice", others, "OTHER", "") == refused("OtherForest")
    assert arrive(forests, "alice", ours, "EXAMPLE", "OTHER") == refused("OtherForest")
    assert "docs/forests.md" in forests.apache.logged()
    assert (asked(controller), asked(other)) == before


def test_client_programs_of_two_forests(forests, controller, other):
    """curl names no domain. Basic does: Apache has the password, and logs in by our own client
    side."""
    for netbios, its in (("EXAMPLE", controller), ("OTHER", other)):
        user, password = f"{netbios}\\alice", its.passwords["alice"]
        assert by_basic(forests, "/basic", user, password) == (200, user, [])
    status, page = clients.curl(forests, "EXAMPLE\\alice", controller.passwords["alice"])
    assert (status, page.get("user")) == (200, "EXAMPLE\\alice")
    mark = forests.apache.mark()
    assert clients.curl(forests, "OTHER\\alice", other.passwords["alice"]) == (401, {})
    assert codes.in_log(forests.apache.logged(mark)) == [codes.code("OtherForest")]


def test_a_forest_without_controllers_keeps_no_other_user_out(
    library, controller, other, make_site
):
    nowhere = ("", 'controllers = ["127.0.0.9:9"]')
    site = make_site(mech.with_forests(library, (controller, other), nowhere))
    for _ in range(2):
        lost = arrive(site, "alice", other.passwords["alice"], "OTHER", "OTHER")
        assert lost == refused("ControllerUnreachable")
        ours = arrive(site, "alice", controller.passwords["alice"], "EXAMPLE", "")
        assert ours == (200, "EXAMPLE\\alice", [])


def test_the_tool_with_two_forests(tool, forests, controller, other):
    mechanism = forests.mechanism
    for netbios, its in (("EXAMPLE", controller), ("OTHER", other)):
        user = f"{netbios}\\alice"
        status, title, fields = log_in(tool, mechanism, user, its.passwords["alice"])
        assert (status, title, fields["REMOTE_USER"]) == (0, "accepted", user)
        status, printed, errors = run(tool, "groups", "--json", user, env=mechanism.environment)
        assert status == 0, errors
        [section] = json.loads(printed)
        found = {row["name"]: row["value"] for row in section["fields"]}
        assert sorted(found["groups"]) == sorted(fields["groups"])
    age = ("rotate", "--check-age", "--json")
    status, printed, errors = run(tool, *age, env=mechanism.environment)
    assert (status, len(json.loads(printed))) == (0, 2), errors
    status, printed, errors = run(tool, *age, "--domain", "OTHER", env=mechanism.environment)
    assert status == 0 and "of other.test" in printed and "of example.test" not in printed, errors
    _, printed, _ = run(tool, "status", "--json", env=mechanism.environment)
    state = json.loads(printed)
    names = [state["domain"]["name"], *(one["name"] for one in state["other_domains"])]
    assert names == ["example.test", "other.test"]
    _, printed, _ = run(tool, "check", "--json", env=mechanism.environment)
    for name in ("example.test: ", "other.test: "):
        assert name in printed, printed


def test_a_namesake_of_a_domain_in_another_forest(
    library, controller, other, impostor, make_site
):
    """OTHER trusts a domain that is called EXAMPLE: its users are not ours."""
    site = make_site(mech.with_forests(library, (controller, other)))
    theirs = impostor.passwords["alice"]
    before = asked(other)
    assert arrive(site, "alice", theirs, "EXAMPLE", "OTHER") == refused("OtherForest")
    assert asked(other) == before
    # By its DNS name the question is OTHER's, and the answer is about a name of ours.
    outcome = arrive(site, "alice", theirs, "impostor.test", "OTHER")
    assert outcome == refused("AnsweredForAnother")
    assert "[[netlogon]] \"example.test\" too" in site.apache.logged()
