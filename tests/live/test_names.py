"""User names as users type them and as clients encode them."""

import os
import re
import time

import clients
import messages
import pytest
import wire
from lab import mech
from lab.site import Site
from one_login import LOOKED_AT, attempt, refused

LINES = """\
EXAMPLE:李雷:Pw-1
EXAMPLE:jürgen:Pw-1
EXAMPLE:ÿves.ωmega:Pw-1
EXAMPLE:grin😀:Pw-1
EXAMPLE:zoë:Pässwörd-李
"""
NAMES = ["李雷", "jürgen", "ÿves.ωmega", "grin😀"]
LIMIT = '[policy]\nguess_limit = 2\nguess_window = "1h"\n'


@pytest.fixture(scope="module")
def names_site(library):
    site = Site(mech.with_users(library, files={"users": LINES}))
    yield site
    site.close()


def curl(site, user, password):
    status, page = clients.curl(site, user, password)
    return status, page.get("user")


@pytest.mark.parametrize("name", NAMES)
def test_curl_with_a_name_beyond_ascii(names_site, name):
    assert curl(names_site, f"EXAMPLE\\{name}", "Pw-1") == (200, f"EXAMPLE\\{name}")
    assert curl(names_site, name, "Pw-1") == (200, f"EXAMPLE\\{name}")
    assert curl(names_site, name, "Pw-2") == (401, None)


@pytest.mark.parametrize("name", ["jürgen", "zoë"])
def test_curl_with_a_name_in_latin_1(names_site, name):
    typed = os.fsdecode(name.encode("latin-1"))
    password = {"jürgen": "Pw-1", "zoë": "Pässwörd-李"}[name]
    assert curl(names_site, typed, password) == (200, f"EXAMPLE\\{name}")
    assert curl(names_site, typed, "Pw-2") == (401, None)


def test_curl_with_a_password_beyond_ascii(names_site):
    assert curl(names_site, "zoë", "Pässwörd-李") == (200, "EXAMPLE\\zoë")
    assert curl(names_site, "zoë", "Pässwörd-雷") == (401, None)


def test_the_encodings_of_a_name_count_as_one_guess(library, make_site):
    site = make_site(mech.with_users(library, more=LIMIT, files={"users": LINES}))
    assert curl(site, "李雷", "Pw-2") == (401, None)
    assert curl(site, "李雷", "Pw-1") == (200, "EXAMPLE\\李雷")
    for password in ("Pw-2", "Pw-3"):
        assert curl(site, "李雷", password) == (401, None)
    assert curl(site, "李雷", "Pw-1") == (401, None)


@pytest.mark.parametrize("typed", ["EXAMPLE/alice", "example/ALICE", "EXAMPLE\\alice"])
def test_curl_with_a_domain_before_a_slash(site, typed):
    assert curl(site, typed, site.passwords["alice"]) == (200, "EXAMPLE\\alice")
    assert curl(site, typed, "wrong-password") == (401, None)


@pytest.mark.parametrize("typed", ["EXAMPLE/alice", "./alice", ".\\alice"])
def test_a_client_that_leaves_the_domain_in_the_user_field(users_site, typed):
    assert attempt(users_site, typed, users_site.passwords["alice"], domain="") == (
        200,
        "EXAMPLE\\alice",
        [],
    )
    assert attempt(users_site, typed, "wrong-password", domain="") == refused("BadUserOrPassword")


def test_a_controller_is_not_asked_about_a_name_with_a_slash(netlogon_site):
    password = netlogon_site.passwords["alice"]
    seen = attempt(netlogon_site, "EXAMPLE/alice", password, domain="")
    assert seen == refused("ImpossibleName")


def test_a_dot_is_this_server(users_site, netlogon_site):
    alice = ("alice", users_site.passwords["alice"])
    assert attempt(users_site, *alice, domain=".") == (200, "EXAMPLE\\alice", [])
    assert curl(users_site, ".\\alice", alice[1]) == (200, "EXAMPLE\\alice")
    alice = ("alice", netlogon_site.passwords["alice"])
    assert attempt(netlogon_site, *alice, domain=".") == refused("UnknownDomain")


@pytest.mark.parametrize("domain", ["BUILTIN", "NT AUTHORITY", "IIS APPPOOL", "Window Manager"])
def test_a_well_known_domain(site, domain):
    password = site.passwords["alice"]
    assert attempt(site, "alice", password, domain=domain) == refused("WellKnownDomain")
    typed = f"{domain}\\alice"
    assert attempt(site, typed, password, domain="") == refused("WellKnownDomain")
    assert curl(site, typed, password) == (401, None)


@pytest.mark.parametrize(
    "user, domain",
    [
        ("al\\ice@example.test", ""),
        ("al\\ice@example.test", "EXAMPLE"),
        ("al\\ice", "EXAMPLE"),
        ("EXAMPLE\\alice@example.test", ""),
        ("\\alice", ""),
    ],
)
def test_a_backslash_in_a_user_name(site, user, domain):
    password = site.passwords["alice"]
    assert attempt(site, user, password, domain=domain) == refused("ImpossibleName")


@pytest.mark.parametrize(
    "user",
    [
        "alice.",
        "alice\u200b",
        "al\u00adice",
        "\uff41lice",
        "al\uff3cice@example.test",
        "alice@example.test@example.test",
        "al/ice@example.test",
        "CN=alice,CN=Users,DC=example,DC=test",
        "example.test/Users/alice",
        "alicé",
        "alice*",
        "al%69ce@example.test",
    ],
)
@pytest.mark.parametrize("domain", ["", "EXAMPLE"])
def test_no_other_spelling_is_the_account(site, user, domain):
    """No verifier accepts a spelling that the guess limit counts as another account."""
    seen = attempt(site, user, site.passwords["alice"], domain=domain)
    codes = ("BadUserOrPassword", "ImpossibleName", "UnknownDomain")
    assert seen in [refused(code) for code in codes]


def without_a_domain(library, lines):
    """The mechanism with a users file and without a domain in the configuration."""
    configuration = 'verify = ["users"]\n[users]\nfile = "@/users"\n' + mech.LOG
    return mech.Mechanism(library, configuration, {}, {"users": lines})


def answer_with_the_challenge_s_domain(site, user, password):
    """A client that uses the domain of the challenge, like go-ntlmssp."""
    with wire.Connection(site) as connection:
        negotiate = messages.negotiate()
        challenge = connection.challenge(negotiate)
        domain = challenge.av(messages.AV_NB_DOMAIN_NAME).decode("utf-16-le")
        assert challenge.target_name == messages.text(domain)
        answer = messages.respond(challenge, user, password, domain=domain)
        answer = connection.send(answer.pack(negotiate, challenge.raw))
    return domain, answer.status, answer.user


def test_the_challenge_has_the_only_domain_of_the_users_file(library, make_site):
    site = make_site(without_a_domain(library, "CORP:alice:Pw-1\nCORP:bob:Pw-1\n"))
    right = ("CORP", 200, "CORP\\alice")
    assert answer_with_the_challenge_s_domain(site, "alice", "Pw-1") == right
    assert answer_with_the_challenge_s_domain(site, "alice", "Pw-2") == ("CORP", 401, None)

    site.mechanism.rewrite("users", "OTHER:alice:Pw-1\n")
    time.sleep(LOOKED_AT)
    right = ("OTHER", 200, "OTHER\\alice")
    assert answer_with_the_challenge_s_domain(site, "alice", "Pw-1") == right

    site.mechanism.rewrite("users", "OTHER:alice:Pw-1\nCORP:bob:Pw-1\n")
    time.sleep(LOOKED_AT)
    domain, status, _ = answer_with_the_challenge_s_domain(site, "alice", "Pw-1")
    assert (status, re.fullmatch("OTHER|CORP", domain)) == (401, None)
    assert curl(site, "alice", "Pw-1") == (200, "OTHER\\alice")


def test_a_name_without_a_domain_is_tried_in_the_default_domains(library, controller, make_site):
    """The controller accepts a question with a domain that the response does not cover."""

    def asked(defaults, user, password):
        more = f"[identity]\ndefault_domain = {defaults}\n"
        site = make_site(mech.with_domain(library, controller, more=more))
        return attempt(site, user, password, domain="")

    alice = controller.passwords["alice"]
    let_in = (200, "EXAMPLE\\alice", [])
    assert asked('["EXAMPLE"]', "alice", alice) == let_in
    assert asked('["example.test"]', "alice", alice) == let_in
    assert asked('["ELSEWHERE", "EXAMPLE"]', "alice", alice) == let_in
    assert asked('["ELSEWHERE"]', "alice", alice) == refused("UnknownDomain")
    assert asked('["EXAMPLE", "ELSEWHERE"]', "alice", "wrong") == refused("BadUserOrPassword")
