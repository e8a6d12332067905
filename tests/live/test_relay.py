"""A host without a machine account: clients log in through Apache, which passes the messages on."""

import os
import re

import checking
import clients
import codes
import firefox
import messages
import pytest
import recipes
import wire
from lab import certificates, mech
from lab.site import Site
from test_attributes import REQUIRED
from test_tool import run

ALICE = "EXAMPLE\\alice"
PLAIN_LDAP = 'transport = "ldap"\naccept_unauthenticated_controller = true'

GROUPS = """
[relay.groups]
servers = ["{}"]
authorities = "@/authority"
bind_dn = "CN=bob,CN=Users,DC=example,DC=test"
bind_secret = "@/bob"
base = "DC=example,DC=test"
"""


@pytest.fixture(scope="module")
def ldap_site(library, controller):
    """A controller that takes unprotected LDAP, as Windows before Server 2025 does."""
    with controller.settings("ldap server require strong auth = no"):
        site = Site(mech.with_relay(library, controller, relay=PLAIN_LDAP))
        yield site
        site.close()


@pytest.mark.parametrize("client", [*clients.ALL, pytest.param(firefox.log_in, id="firefox")])
def test_each_client_logs_in_over_smb2(relay_site, client):
    password = relay_site.passwords["alice"]
    status, page = client(relay_site, ALICE, password)
    assert (status, page.get("user")) == (200, ALICE)
    status, page = client(relay_site, ALICE, "wrong-password")
    assert (status, page) == (401, {})


@pytest.mark.parametrize("client", [*clients.ALL, pytest.param(firefox.log_in, id="firefox")])
def test_each_client_logs_in_over_ldap(ldap_site, client):
    password = ldap_site.passwords["alice"]
    status, page = client(ldap_site, ALICE, password)
    assert (status, page.get("user")) == (200, ALICE)
    status, page = client(ldap_site, ALICE, "wrong-password")
    assert (status, page) == (401, {})


def test_the_log_says_what_became_of_a_login(relay_site):
    mark = relay_site.apache.mark()
    assert clients.curl(relay_site, ALICE, relay_site.passwords["alice"])[0] == 200
    assert clients.curl(relay_site, ALICE, "wrong-password")[0] == 401
    log = relay_site.apache.logged(mark)
    assert "verifier=relay" in log and "mic=none" in log
    assert codes.in_log(log) == [codes.code("BadUserOrPassword")]


def test_the_controller_checks_the_mic(relay_site):
    mark = relay_site.apache.mark()
    assert clients.pyspnego(relay_site, ALICE, relay_site.passwords["alice"])[0] == 200
    assert "mic=left-to-controller" in relay_site.apache.logged(mark)
    # A changed message: the controller refuses it.
    with wire.Connection(relay_site) as connection:
        negotiate = messages.negotiate()
        challenge = connection.challenge(negotiate)
        answer = messages.respond(challenge, "alice", relay_site.passwords["alice"])
        packed = bytearray(answer.pack(negotiate, challenge.raw))
        packed[72] ^= 1
        assert connection.send(bytes(packed)).status == 401


@pytest.mark.parametrize(
    ("typed", "user"),
    [
        ("alice", ALICE),
        ("EXAMPLE\\ALICE", ALICE),
        ("example.test\\alice", ALICE),
        ("alice@example.test", "EXAMPLE\\alice@example.test"),
        # A controller would let these in, as its own users.
        ("ELSEWHERE\\alice", None),
        ("WEB1\\alice", None),
        ("alice@elsewhere.test", None),
    ],
)
def test_names_of_unknown_domains_are_refused(relay_site, typed, user):
    status, page = clients.curl(relay_site, typed, relay_site.passwords["alice"])
    assert (status, page.get("user")) == ((200, user) if user else (401, None))


@pytest.mark.parametrize(
    ("attribute", "status"), [("name-source=client", 200), ("name-source=verifier", 403)]
)
def test_the_name_is_marked_as_the_clients(library, controller, make_site, attribute, status):
    after = REQUIRED.format(attribute)
    site = make_site(mech.with_relay(library, controller), after=after)
    assert clients.curl(site, ALICE, site.passwords["alice"])[0] == status


def test_groups_come_from_the_directory(library, controller, make_site, tmp_path):
    issued = certificates.issue(controller, tmp_path, f"IP:{controller.address}")

    def site(password):
        more = GROUPS.format(controller.address) + '[policy]\ngroups = ["Staff"]\n'
        files = {"authority": issued.authority.read_text(), "bob": password}
        return make_site(mech.with_relay(library, controller, more=more, files=files))

    with controller.tls(issued.files):
        asked = site(controller.passwords["bob"])
        assert clients.curl(asked, ALICE, asked.passwords["alice"])[0] == 200
        mark = asked.apache.mark()
        assert clients.curl(asked, "EXAMPLE\\bob", asked.passwords["bob"])[0] == 401
        assert codes.in_log(asked.apache.logged(mark)) == [codes.code("NotInGroup")]
        # The controller and the directory could take it for two accounts.
        mark = asked.apache.mark()
        assert clients.curl(asked, "alice@example.test", asked.passwords["alice"])[0] == 401
        assert codes.in_log(asked.apache.logged(mark)) == [codes.code("NotInGroup")]
        # A directory that does not answer makes no member.
        silent = site("wrong-password")
        mark = silent.apache.mark()
        assert clients.curl(silent, ALICE, silent.passwords["alice"])[0] == 401
        log = silent.apache.logged(mark)
        assert codes.in_log(log) == [codes.code("NotInGroup")]
        assert "the user is in no group" in log


def test_an_anonymous_login_is_refused(relay_site):
    with wire.Connection(relay_site) as connection:
        negotiate = messages.negotiate()
        challenge = connection.challenge(negotiate)
        answer = messages.respond(challenge, "", "")
        assert connection.send(answer.pack(negotiate, challenge.raw)).status == 401


def test_a_right_lm_response_beside_a_wrong_one(relay_site):
    """A controller accepts an LMv2 response too, which covers nothing that our rules are about."""
    password = relay_site.passwords["alice"]
    with wire.Connection(relay_site) as connection:
        challenge = connection.challenge(messages.negotiate())
        answer = messages.respond(challenge, "alice", password, change_avs=lambda avs: avs[:-3])
        answer.nt = os.urandom(16) + answer.nt[16:]
        answer.lm = messages.lmv2(challenge, "alice", password)
        answer.flags &= ~(messages.KEY_EXCH | messages.SIGN)
        answer.session_key, answer.mic_key = b"", None
        assert connection.send(answer.pack()).status == 401


@pytest.mark.parametrize(
    "page", ["relay.md", "coming-from/pyauthenntlm2.md", "coming-from/jcifs.md"]
)
def test_a_page_has_a_configuration_that_works(library, controller, make_site, page):
    printed = (mech.ROOT / "docs" / page).read_text()
    texts = re.findall(r"^```toml\n(.*?)^```", printed, re.M | re.S)
    text = next(text for text in texts if 'transport   = "smb2"' in text)
    text = recipes.change(
        text,
        ("10.0.0.2", controller.address),
        ("[relay]\n", '[relay]\nstate_dir = "@/state"\n'),
    )
    site = make_site(mech.Mechanism(library, text + mech.LOG, controller.passwords, {}))
    status, page = clients.curl(site, ALICE, site.passwords["alice"])
    assert (status, page["user"].removeprefix("EXAMPLE\\")) == (200, "alice")
    assert clients.curl(site, ALICE, "wrong-password")[0] == 401


NOT_TRIED = ("unknown", "login-not-tried")


def found(mechanism):
    """What check finds wrong of the relay, with its level, and all of it."""
    checked = checking.check(mech.tool(), mechanism)
    mechanism.close()
    wrong = [(one["level"], one["id"]) for one in checked.findings if one["level"] != "good"]
    return [one for one in wrong if one[1] != "relay-unauthenticated"], checked


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("", ""), [NOT_TRIED]),
        (
            ("controllers = [", 'controllers = ["127.0.0.1", '),
            [("warning", "relay-refused"), NOT_TRIED],
        ),
        (('transport = "smb2"', 'transport = "ldap"'), [NOT_TRIED]),
        (('"example.test"', '"exmaple.test"'), [("failure", "controller-of-other-domain")]),
        (
            ("transport = ", 'netbios_domain = "EXMAPLE"\ntransport = '),
            [("failure", "netbios-domain-wrong")],
        ),
        (('/state"', '/nowhere/state"'), [("warning", "state-directory-missing"), NOT_TRIED]),
    ],
)
def test_check_says_what_is_given_up(library, controller, change, expected):
    mechanism = mech.with_relay(library, controller)
    if change[0]:
        mechanism.rewrite("ntlmdc.toml", recipes.change(mechanism.configuration, change))
    wrong, checked = found(mechanism)
    assert wrong == expected
    assert "relay-unauthenticated" in checked.ids
    assert "makes a challenge" in checked.good("controllers")
    if NOT_TRIED in expected:
        assert "ntlmdc login 'EXAMPLE\\alice'" in checked.of("login-not-tried")["cure"]


def test_check_of_one_dead_controller(library, controller):
    mechanism = mech.with_relay(library, controller)
    dead = recipes.change(mechanism.configuration, (controller.address, "127.0.0.1"))
    mechanism.rewrite("ntlmdc.toml", dead)
    wrong, checked = found(mechanism)
    assert wrong == [("failure", "relay-refused")]
    assert "port 445" in checked.of("relay-refused")["cure"]


def test_groups_without_a_login(library, controller):
    mechanism = mech.with_relay(library, controller)
    status, printed, errors = run(mech.tool(), "groups", ALICE, env=mechanism.environment)
    mechanism.close()
    assert (status, printed) == (2, "")
    assert "without [relay.groups]" in errors and f"ntlmdc login '{ALICE}'" in errors


@pytest.mark.parametrize("state", ["missing", 0o600, "no certificate"])
def test_check_of_the_authorities(library, controller, state):
    relay = 'transport = "ldap"\ntls = "ldaps"\nauthorities = "@/authority"'
    mechanism = mech.with_relay(library, controller, relay=relay, files={"authority": "none"})
    file = mechanism.directory / "authority"
    if state == "missing":
        file.unlink()
    elif state == 0o600:
        os.chown(file, 0, 0)
        file.chmod(state)
    causes = {"missing": "file-missing", 0o600: "file-unreadable"}
    assert found(mechanism)[0] == [("failure", causes.get(state, "certificate-invalid"))]


def test_check_of_the_directory_of_groups(library, controller, tmp_path):
    issued = certificates.issue(controller, tmp_path, f"IP:{controller.address}")

    def seen(*changes, policy='[policy]\ngroups = ["Staff"]\n', bob=None, mode=0o640):
        files = {
            "authority": issued.authority.read_text(),
            "bob": bob or controller.passwords["bob"],
        }
        more = GROUPS.format(controller.address) + policy
        mechanism = mech.with_relay(library, controller, more=more, files=files)
        mechanism.rewrite("ntlmdc.toml", recipes.change(mechanism.configuration, *changes))
        (mechanism.directory / "bob").chmod(mode)
        wrong, checked = found(mechanism)
        return [one for one in wrong if one != NOT_TRIED], checked

    with controller.tls(issued.files):
        wrong, checked = seen()
        assert wrong == []
        assert "the service reads groups of users" in checked.good("directory")
        assert seen(mode=0o644)[0] == [("failure", "file-open")]
        assert seen(mode=0o644, policy="")[0] == [("warning", "file-open")]
        assert seen(('/bob"', '/other"'))[0] == [("failure", "file-missing")]
        assert seen(bob="wrong-password")[0] == [("failure", "directory-refused")]
        assert seen(bob="wrong-password", policy="")[0] == [("warning", "directory-refused")]
        wrong, checked = seen(('base = "DC', 'base = "OU=Nowhere,DC'))
        assert wrong == [("failure", "directory-refused")]
        assert "OU=Nowhere" in checked.of("directory-refused")["what"]
        empty = ('base = "DC=', 'base = "CN=Program Data,DC=')
        assert seen(empty)[0] == [("failure", "directory-without-groups")]
        untrusted = ("authorities =", "# authorities =")
        assert seen(untrusted)[0] == [("failure", "directory-untrusted")]
