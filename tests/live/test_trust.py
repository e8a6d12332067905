"""Users of a trusted domain: our controller is asked, and it asks theirs."""

import re

import clients
import codes
import pytest
import wire
from lab import faults, mech, trusted_domain
from one_login import attempt, refused

OTHERS_ALICE = "OTHER\\alice"

# Names, as a client sends them: domain and user.
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
    """Nothing of it knows of the other domain."""
    return netlogon_site


def identity(name_format):
    return f'[identity]\nformat = "{name_format}"'


@pytest.mark.parametrize("domain, user", SPELLINGS.values(), ids=SPELLINGS)
def test_a_user_of_the_other_domain(site, other, domain, user):
    password = other.passwords["alice"]
    assert attempt(site, user, password, domain=domain) == (200, OTHERS_ALICE, [])
    # Ours has the same name, and another password.
    for wrong in ("not-her-password", site.passwords["alice"]):
        assert attempt(site, user, wrong, domain=domain) == refused("BadUserOrPassword")


@pytest.mark.parametrize("user", ["OTHER\\alice", "other.test\\alice", "alice@other.test"])
@pytest.mark.parametrize("client", [clients.curl, clients.pyspnego])
def test_client_programs(site, other, client, user):
    status, page = client(site, user, other.passwords["alice"])
    assert (status, page.get("user")) == (200, OTHERS_ALICE)
    assert client(site, user, "not-her-password") == (401, {})


def test_ours_of_the_same_name_is_somebody_else(site, other):
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
def test_who_is_refused_there_is_refused_here(site, other, user, name):
    password = other.passwords.get(user, "whatever")
    assert attempt(site, user, password, domain="OTHER") == refused(name)


@pytest.mark.parametrize(
    "domain, user, name",
    [
        ("NOWHERE", "alice", "UnknownDomain"),
        ("nowhere.test", "alice", "UnknownDomain"),
        # Which suffixes are known is not told.
        ("", "alice@nowhere.test", "BadUserOrPassword"),
        # A name of the other domain is no name of ours.
        ("EXAMPLE", "alice@other.test", "BadUserOrPassword"),
    ],
)
def test_a_domain_that_nobody_trusts(site, other, domain, user, name):
    password = other.passwords["alice"]
    assert attempt(site, user, password, domain=domain) == refused(name)


@pytest.mark.parametrize(
    "name_format, name",
    [("sam", "OTHER\\alice"), ("upn", "alice@other.test")],
)
def test_a_format_keeps_them_apart(library, controller, other, make_site, name_format, name):
    site = make_site(mech.with_domain(library, controller, netlogon=identity(name_format)))
    assert attempt(site, "alice", other.passwords["alice"], domain="OTHER") == (200, name, [])


def test_a_name_of_ours_that_the_other_domain_gave_its_user(
    library, controller, other, make_site
):
    other.tool("domain", "trust", "namespaces", "--add-upn-suffix=example.test")
    other.tool("user", "rename", "jürgen", "--upn=alice@example.test")
    site = make_site(mech.with_domain(library, controller, netlogon=identity("upn")))
    password = other.passwords["jürgen"]
    assert attempt(site, "jürgen", password, domain="OTHER") == (200, "jürgen@other.test", [])
    # Nor does that name lead there.
    assert attempt(site, "alice@example.test", password, domain="") == refused("BadUserOrPassword")


def test_a_further_suffix_of_ours_is_written_down(library, controller, make_site):
    """Any trusted domain could have it, and its controller say that the user is ours."""
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


def test_a_principal_name_of_our_brand_makes_no_user_of_ours(
    library, controller, other, make_site
):
    """`ceo@brand.test` is what our bob is called, and OTHER's administrators call their user so."""
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
def test_a_group_of_ours_counts_for_their_user_unless_it_is_configured_away(
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
        # Ours is in no such group.
        outcome = attempt(site, "bob", site.passwords["bob"], domain="EXAMPLE")
        assert outcome == refused("NotInGroup")
    finally:
        controller.tool("group", "delete", "Web Guests")


def test_the_list_is_had_from_our_controller_and_shared(library, controller, other, make_site):
    mechanism = mech.with_domain(library, controller)
    site = make_site(mechanism)
    assert attempt(site, "alice", other.passwords["alice"], domain="OTHER")[0] == 200
    assert "the list of trusted domains could not be had" not in site.apache.logged()
    kept = mechanism.directory / "state" / "example.test.WEB1-NTLM.domains"
    assert b"other.test" in kept.read_bytes()


def test_a_domain_that_hangs_is_its_own_users_trouble(library, controller, other, make_site):
    """Last here: Samba does not ask a domain again so soon that did not answer."""
    site = make_site(mech.with_domain(library, controller, netlogon='logon_timeout = "1s"'))
    bob, alice = site.passwords["bob"], other.passwords["alice"]
    assert attempt(site, "alice", alice, domain="OTHER") == (200, OTHERS_ALICE, [])
    with faults.paused(other), wire.Connection(site) as connection:
        mark = site.apache.mark()
        assert connection.log_in("alice", alice, domain="OTHER").status == 401
        logged = codes.in_log(site.apache.logged(mark))
        assert logged == [codes.code("ControllerTimeout")]
        # In the same process of Apache: nobody has told it that the controller is away.
        assert connection.log_in("bob", bob).user == "EXAMPLE\\bob"
