"""Users of a trusted domain: our controller forwards the question to theirs."""

import re

import clients
import codes
import pytest
import wire
from lab import faults, mech, trusted_domain
from one_login import attempt, refused
from test_tool import run

OTHERS_ALICE = "OTHER\\alice"

# The domain and the user that a client sends.
SPELLINGS = {
    "netbios": ("OTHER", "alice"),
    "netbios-in-small-letters": ("other", "ALICE"),
    "dns": ("other.test", "alice"),
    "dns-in-capitals": ("OTHER.TEST", "alice"),
    "principal": ("", "alice@other.test"),
    "principal-in-capitals": ("", "Alice@OTHER.TEST"),
    "principal-and-domain": ("OTHER", "alice@other.test"),
}


@pytest.fixture(scope="module")
def other(controller):
    with trusted_domain.Trusted(controller) as other:
        yield other


@pytest.fixture(scope="module")
def site(netlogon_site, other):
    """A mechanism without any knowledge of the other domain."""
    return netlogon_site


def identity(name_format):
    return f'[identity]\nformat = "{name_format}"'


@pytest.mark.parametrize("domain, user", SPELLINGS.values(), ids=SPELLINGS)
def test_a_user_of_the_other_domain(site, other, domain, user):
    password = other.passwords["alice"]
    assert attempt(site, user, password, domain=domain) == (200, OTHERS_ALICE, [])
    # Our user of the same name has another password.
    for wrong in ("wrong-password", site.passwords["alice"]):
        assert attempt(site, user, wrong, domain=domain) == refused("BadUserOrPassword")


@pytest.mark.parametrize("user", ["OTHER\\alice", "other.test\\alice", "alice@other.test"])
@pytest.mark.parametrize("client", [clients.curl, clients.pyspnego])
def test_client_programs(site, other, client, user):
    status, page = client(site, user, other.passwords["alice"])
    assert (status, page.get("user")) == (200, OTHERS_ALICE)
    assert client(site, user, "wrong-password") == (401, {})


def test_our_user_of_the_same_name_is_another_account(site, other):
    ours, others = site.passwords["alice"], other.passwords["alice"]
    for domain in ("EXAMPLE", ""):
        assert attempt(site, "alice", ours, domain=domain) == (200, "EXAMPLE\\alice", [])
        assert attempt(site, "alice", others, domain=domain) == refused("BadUserOrPassword")


@pytest.mark.parametrize(
    "user, name",
    [
        ("dora", "AccountDisabled"),
        ("lukas", "AccountLockedOut"),
        ("edward", "PasswordExpired"),
        ("mia", "PasswordMustChange"),
        ("xaver", "AccountExpired"),
        ("Guest", "GuestRefused"),
        ("nobody", "BadUserOrPassword"),
    ],
)
def test_a_refusal_of_the_other_domain(site, other, user, name):
    password = other.passwords.get(user, "whatever")
    assert attempt(site, user, password, domain="OTHER") == refused(name)


@pytest.mark.parametrize(
    "domain, user, name",
    [
        ("NOWHERE", "alice", "UnknownDomain"),
        ("nowhere.test", "alice", "UnknownDomain"),
        # The refusal does not tell which suffixes are known.
        ("", "alice@nowhere.test", "BadUserOrPassword"),
        # A user of the other domain is none of ours.
        ("EXAMPLE", "alice@other.test", "BadUserOrPassword"),
    ],
)
def test_a_domain_without_a_trust(site, other, domain, user, name):
    password = other.passwords["alice"]
    assert attempt(site, user, password, domain=domain) == refused(name)


@pytest.mark.parametrize(
    "name_format, name",
    [("sam", "OTHER\\alice"), ("upn", "alice@other.test")],
)
def test_a_format_tells_domains_apart(library, controller, other, make_site, name_format, name):
    site = make_site(mech.with_domain(library, controller, netlogon=identity(name_format)))
    assert attempt(site, "alice", other.passwords["alice"], domain="OTHER") == (200, name, [])


def test_our_suffix_at_a_user_of_the_other_domain(
    library, controller, other, make_site
):
    other.tool("domain", "trust", "namespaces", "--add-upn-suffix=example.test")
    other.tool("user", "rename", "jürgen", "--upn=alice@example.test")
    site = make_site(mech.with_domain(library, controller, netlogon=identity("upn")))
    password = other.passwords["jürgen"]
    assert attempt(site, "jürgen", password, domain="OTHER") == (200, "jürgen@other.test", [])
    # That name does not lead to the other domain either.
    assert attempt(site, "alice@example.test", password, domain="") == refused("BadUserOrPassword")


def test_a_further_suffix_of_ours_must_be_configured(library, controller, make_site):
    """Otherwise the controller of a trusted domain could claim it and present the user as ours."""
    password = controller.passwords["bob"]
    controller.tool("user", "create", "berta", password)
    try:
        controller.tool("domain", "trust", "namespaces", "--add-upn-suffix=brand.test")
        controller.tool("user", "rename", "berta", "--upn=berta@brand.test")
        site = make_site(mech.with_domain(library, controller))
        outcome = attempt(site, "berta@brand.test", password, domain="")
        assert outcome == refused("AnsweredForAnother")
        assert 'upn_suffixes = ["brand.test"]' in site.apache.logged()
        written = 'upn_suffixes = ["Brand.test"]'
        site = make_site(mech.with_domain(library, controller, netlogon=written))
        outcome = attempt(site, "berta@brand.test", password, domain="")
        assert outcome == (200, "EXAMPLE\\berta", [])
    finally:
        controller.tool("user", "delete", "berta")
        controller.tool("domain", "trust", "namespaces", "--delete-upn-suffix=brand.test")


def test_a_user_principal_name_with_our_suffix_does_not_make_a_user_ours(
    library, controller, other, make_site
):
    """`ceo@brand.test` is our bob, and administrators of OTHER give their user the same name."""
    controller.tool("domain", "trust", "namespaces", "--add-upn-suffix=brand.test")
    controller.tool("user", "rename", "bob", "--upn=ceo@brand.test")
    other.tool("domain", "trust", "namespaces", "--add-upn-suffix=brand.test")
    other.tool("user", "rename", "alice", "--upn=ceo@brand.test")
    try:
        site = make_site(mech.with_domain(library, controller, netlogon=identity("upn")))
        bob, alice = site.passwords["bob"], other.passwords["alice"]
        assert attempt(site, "bob", bob, domain="EXAMPLE") == (200, "ceo@brand.test", [])
        assert attempt(site, "alice", alice, domain="OTHER") == (200, "alice@other.test", [])
        outcome = attempt(site, "ceo@brand.test", alice, domain="")
        assert outcome == refused("BadUserOrPassword")
    finally:
        other.tool("user", "rename", "alice", "--upn=alice@other.test")
        controller.tool("user", "rename", "bob", "--upn=bob@example.test")
        controller.tool("domain", "trust", "namespaces", "--delete-upn-suffix=brand.test")


def sid_of(domain, user):
    shown = domain.tool("user", "show", user, "--attributes=objectSid")
    return re.search(r"S-1-5-21-[0-9-]+", shown)[0]


@pytest.mark.parametrize("setting, outcome", [("accept", 200), ("drop", 401)])
def test_our_groups_count_for_their_user_unless_dropped_by_the_configuration(
    library, controller, other, make_site, setting, outcome
):
    controller.tool("group", "add", "Web Guests", "--group-scope=Domain")
    try:
        controller.tool("group", "addmembers", "Web Guests", sid_of(other, "alice"))
        site = make_site(
            mech.with_domain(
                library,
                controller,
                netlogon=f'groups_across_trusts = "{setting}"',
                more='[policy]\ngroups = ["Web Guests"]\n',
            )
        )
        status, _, _ = attempt(site, "alice", other.passwords["alice"], domain="OTHER")
        assert status == outcome, site.apache.logged()
        # Our user is in no such group.
        outcome = attempt(site, "bob", site.passwords["bob"], domain="EXAMPLE")
        assert outcome == refused("NotInGroup")
    finally:
        controller.tool("group", "delete", "Web Guests")


def test_the_list_of_domains_is_shared(library, controller, other, make_site):
    mechanism = mech.with_domain(library, controller)
    site = make_site(mechanism)
    assert attempt(site, "alice", other.passwords["alice"], domain="OTHER")[0] == 200
    assert "the list of trusted domains could not be had" not in site.apache.logged()
    kept = mechanism.directory / "state" / "example.test.WEB1-NTLM.domains"
    assert b"other.test" in kept.read_bytes()


@pytest.mark.parametrize("names_alone", ["accept", "filter", "refuse"])
def test_default_domains_across_the_trust(library, controller, other, make_site, names_alone):
    """A name that was typed alone is asked about with a domain: no controller forwards it, so what
    `names_alone` says of forwarded names does not count."""

    def asked(domains, user, password):
        lines = f'names_alone = "{names_alone}"\n[identity]\ndefault_domain = {domains}'
        site = make_site(mech.with_domain(library, controller, netlogon=lines))
        return attempt(site, user, password, domain="")

    ours, theirs = controller.passwords["alice"], other.passwords["alice"]
    for domains in ('["OTHER"]', '["other.test", "EXAMPLE"]'):
        assert asked(domains, "alice", theirs) == (200, OTHERS_ALICE, []), domains
    # The first domain that has the name decides.
    assert asked('["OTHER", "EXAMPLE"]', "alice", ours) == refused("BadUserOrPassword")
    assert asked('["EXAMPLE", "OTHER"]', "alice", ours) == (200, "EXAMPLE\\alice", [])
    controller.tool("user", "create", "kurt", "Kurts-Passw0rd")
    try:
        kurt = asked('["OTHER", "EXAMPLE"]', "kurt", "Kurts-Passw0rd")
        assert kurt == (200, "EXAMPLE\\kurt", [])
    finally:
        controller.tool("user", "delete", "kurt")


def test_a_domain_that_hangs_delays_only_its_own_users(library, controller, other, make_site):
    """The last test here: Samba does not ask an unresponsive domain again for a while."""
    site = make_site(mech.with_domain(library, controller, netlogon='logon_timeout = "1s"'))
    bob, alice = site.passwords["bob"], other.passwords["alice"]
    assert attempt(site, "alice", alice, domain="OTHER") == (200, OTHERS_ALICE, [])
    with faults.paused(other), wire.Connection(site) as connection:
        mark = site.apache.mark()
        assert connection.log_in("alice", alice, domain="OTHER").status == 401
        logged = codes.in_log(site.apache.logged(mark))
        assert logged == [codes.code("ControllerTimeout")]
        # The same process of Apache, which has not noticed yet that the controller is down.
        assert connection.log_in("bob", bob).user == "EXAMPLE\\bob"


@pytest.mark.parametrize("user", ["OTHER\\alice", "alice@other.test"])
def test_the_tool_says_what_can_be_had_without_the_password(site, other, user):
    status, _, errors = run(mech.tool(), "groups", user, env=site.mechanism.environment)
    assert status == 2
    assert "is of the trusted domain OTHER (other.test)" in errors and "ntlmdc login" in errors
