"""Controllers that only WINS names; the server is Samba's nmbd."""

import json

import checking
import clients
import codes
import pytest
from lab import mech
from one_login import attempt
from test_finding_controllers import dns
from wins_server import BROADCAST, PORT, WinsServer

ALICE = "EXAMPLE\\alice"
# A host that is registered and does not answer.
DEAD = "127.0.0.20"
# The host's DNS server, which must not be asked.
RESOLVER = "127.0.0.9"


@pytest.fixture(scope="module")
def wins(controller):
    with WinsServer(controller) as wins:
        # The last one comes first in an answer.
        wins.register("EXAMPLE", controller.address, DEAD)
        wins.register("USELESS", BROADCAST)
        yield wins


def netbios_domain(name="EXAMPLE"):
    return f'netbios_domain = "{name}"\n'


def table(verifier, *servers):
    return f"[{verifier}.wins]\nservers = {json.dumps(servers)}\n"


def with_relay(library, controller, *servers):
    """The mechanism `mech.with_relay`, with WINS in place of the list of controllers."""
    mechanism = mech.with_relay(library, controller)
    listed = f'controllers = ["{controller.address}"]\n'
    assert listed in mechanism.configuration
    configuration = mechanism.configuration.replace(listed, netbios_domain())
    mechanism.rewrite("ntlmdc.toml", configuration + table("relay", *servers))
    return mechanism


def test_a_login_finds_the_controller_by_wins_alone(library, controller, make_site, wins):
    # The first server is silent: nothing listens there.
    netlogon = netbios_domain() + table("netlogon", DEAD, wins.address)
    mechanism = mech.with_domain(library, controller, controllers=[], netlogon=netlogon)
    with dns(RESOLVER, {}) as names:
        site = make_site(mechanism, resolver=RESOLVER)
        assert attempt(site) == (200, ALICE, [])
        assert names() == []
    [found] = (mechanism.directory / "state").glob("*.controllers")
    addresses = [line.split()[0] for line in found.read_text().splitlines() if " - -" in line]
    # The one that answered a ping is first, whatever the order of the answer.
    assert addresses == [controller.address, DEAD]


def test_a_relayed_login_too(library, controller, make_site, wins):
    site = make_site(with_relay(library, controller, wins.address), resolver=RESOLVER)
    password = site.passwords["alice"]
    status, page = clients.curl(site, ALICE, password)
    assert (status, page.get("user")) == (200, ALICE)
    assert clients.curl(site, ALICE, "wrong-password")[0] == 401


def test_without_the_table_nothing_is_asked(library, controller, make_site, wins):
    mechanism = mech.with_domain(library, controller, controllers=[])
    with dns(RESOLVER, {}) as names:
        site = make_site(mechanism, resolver=RESOLVER)
        assert attempt(site) == (401, None, [codes.code("ControllerUnreachable")])
        assert set(names()) == {"_ldap._tcp.dc._msdcs.example.test"}


def test_a_name_that_wins_does_not_know(library, controller, make_site, wins):
    netlogon = netbios_domain("NOSUCH") + table("netlogon", wins.address)
    mechanism = mech.with_domain(library, controller, controllers=[], netlogon=netlogon)
    site = make_site(mechanism, resolver=RESOLVER)
    mark = site.apache.mark()
    assert attempt(site) == (401, None, [codes.code("ControllerUnreachable")])
    told = f"WINS, NOSUCH<1C>: {wins.address}:{PORT}: no such name"
    assert told in site.apache.logged(mark)


def check(tool, mechanism):
    """The levels and ids of what `ntlmdc check` finds wrong, and what is good of WINS."""
    checked = checking.check(tool, mechanism, resolvers=[RESOLVER])
    mechanism.close()
    wrong = [one for one in checked.findings if one["level"] != "good"]
    return [(one["level"], one["id"]) for one in wrong], checked.good("wins")


@pytest.mark.parametrize(
    ("domain", "of_nmbd", "found"),
    [
        # The other host that is registered is a finding by itself.
        ("EXAMPLE", True, [("warning", "port-refused")]),
        ("NOSUCH", True, [("failure", "wins-unknown-name")]),
        ("USELESS", True, [("failure", "wins-no-address")]),
        ("EXAMPLE", False, [("failure", "wins-silent")]),
    ],
)
def test_check_names_what_is_wrong(tool, library, controller, wins, domain, of_nmbd, found):
    server = wins.address if of_nmbd else DEAD
    netlogon = netbios_domain(domain) + table("netlogon", server)
    mechanism = mech.with_domain(library, controller, controllers=[], netlogon=netlogon)
    wrong, good = check(tool, mechanism)
    assert wrong == found
    assert (controller.address in good) == (domain == "EXAMPLE" and of_nmbd)


def test_check_of_a_relay(tool, library, controller, wins):
    unauthenticated = ("warning", "relay-unauthenticated")
    wrong, good = check(tool, with_relay(library, controller, wins.address))
    assert wrong == [unauthenticated, ("unknown", "login-not-tried")]
    assert controller.address in good
    wrong, _ = check(tool, with_relay(library, controller, DEAD))
    assert wrong == [("failure", "wins-silent"), unauthenticated]
