"""`ntlmdc check` names what is wrong with DNS or the controllers, and nothing else."""

import contextlib

import checking
import pytest
from controller_double import double, read_only
from lab import domain, faults, host, mech
from one_login import attempt
from test_finding_controllers import dns

DOUBLE = "127.0.0.20"


@pytest.fixture(scope="module")
def tool():
    return mech.tool()


@pytest.fixture(scope="module")
def lonely():
    """A domain of its own: the tests stop its controller and change its accounts."""
    with domain.Domain() as lonely:
        yield lonely


@pytest.fixture
def check(tool):
    """Runs the tool: levels and ids of what is not good, and its text."""

    def run(mechanism, resolvers=None, environment=None, close=True):
        checked = checking.check(tool, mechanism, resolvers=resolvers, environment=environment)
        if close:
            mechanism.close()
        found = [finding for finding in checked.findings if finding["level"] != "good"]
        for finding in found:
            assert finding["why"] and finding["cure"]
        what = " ".join(finding["what"] for finding in found)
        return [(finding["level"], finding["id"]) for finding in found], what

    return run


@pytest.mark.parametrize("by", ["address", "services"])
def test_a_domain_that_is_well(check, library, controller, by):
    listed = {"address": None, "services": []}[by]
    mechanism = mech.with_domain(library, controller, controllers=listed)
    assert check(mechanism, resolvers=[controller.address]) == ([], "")


def test_a_wrong_machine_password(check, library, controller):
    mechanism = mech.with_domain(library, controller, secret="not-its-password")
    found, what = check(mechanism)
    assert found == [("failure", "machine-secret-refused")]
    assert f"{mechanism.directory}/secret is not the password of WEB1-NTLM$" in what


def test_an_account_that_is_missing(check, library, controller):
    mechanism = mech.with_domain(library, controller, account="WEB8-NTLM$")
    found, what = check(mechanism)
    assert found == [("failure", "machine-account-unknown")]
    assert "WEB8-NTLM$ does not exist, is disabled, or is no computer account" in what


def test_an_account_that_is_disabled(check, library, lonely):
    lonely.tool("user", "disable", "WEB1-NTLM$")
    try:
        found, _ = check(mech.with_domain(library, lonely))
        assert found == [("failure", "machine-account-unknown")]
    finally:
        lonely.tool("user", "enable", "WEB1-NTLM$")
    assert check(mech.with_domain(library, lonely)) == ([], "")


DOWN = {
    "dead": (faults.dead, "port-refused", "port 135: connection refused"),
    "silent": (faults.silent, "controller-silent", "no answer to pings, nor on port 135"),
    "paused": (faults.paused, "no-netlogon-port", "did not answer in time"),
    "fenced": (faults.fenced, "controller-rejected", "port 135: rejected on the way: No route"),
}


@pytest.mark.parametrize("fault", DOWN)
def test_a_controller_that_cannot_be_reached(check, library, lonely, fault):
    strike, cause, text = DOWN[fault]
    mechanism = mech.with_domain(library, lonely, netlogon='call_timeout = "2s"')
    with strike(lonely):
        found, what = check(mechanism)
    assert found == [("failure", cause)]
    assert text in what


@pytest.mark.parametrize(("ports", "shown"), [("135", "port 135"), ("49152-65534", "NETLOGON")])
def test_a_port_that_a_firewall_drops(check, library, lonely, ports, shown):
    with faults.dropped(lonely, "tcp", ports):
        found, what = check(mech.with_domain(library, lonely))
    assert found == [("failure", "port-blocked")]
    assert f"{shown}: no answer, and it answers elsewhere" in what


def test_pings_that_a_firewall_drops(check, library, lonely):
    with faults.without_udp(lonely):
        assert check(mech.with_domain(library, lonely)) == ([], "")
        with faults.dropped(lonely, "tcp", "389"):
            found, _ = check(mech.with_domain(library, lonely))
    assert found == [("warning", "ping-blocked")]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_an_hour_off(check, library, controller, hours):
    [fake] = host.run("sh", "-c", "ls /usr/lib/*/faketime/libfaketime.so.1").splitlines()
    moved = {
        "LD_PRELOAD": fake,
        "FAKETIME": f"{-hours:+}h",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    found, what = check(mech.with_domain(library, controller), environment=moved)
    assert found == [("warning", "clock-differs")]
    assert ("ahead of" if hours > 0 else "behind") in what


def test_a_netbios_name_that_is_wrong(check, library, controller):
    mechanism = mech.with_domain(library, controller, netlogon='netbios_domain = "OFFICE"')
    found, what = check(mechanism)
    assert found == [("failure", "netbios-domain-wrong")]
    assert 'the NetBIOS name of the domain is "EXAMPLE", and "OFFICE" here' in what


def test_a_netbios_name_that_cannot_be_asked_for(check, library, lonely):
    """Without pings only the secure channel tells it: refused behind the secret."""
    mechanism = mech.with_domain(library, lonely, netlogon='netbios_domain = "OFFICE"')
    with faults.without_udp(lonely), faults.dropped(lonely, "tcp", "389"):
        found, _ = check(mechanism)
    assert ("failure", "netbios-domain-wrong") in found
    assert {cause for _, cause in found} == {"ping-blocked", "netbios-domain-wrong"}


def test_a_host_of_another_domain(check, library, controller):
    mechanism = mech.with_domain(library, controller)
    text = mechanism.configuration.replace("example.test", "elsewhere.test")
    mechanism.rewrite("ntlmdc.toml", text)
    found, _ = check(mechanism)
    assert found == [("failure", "controller-of-other-domain")]


def by_services(library, controller, **options):
    return mech.with_domain(library, controller, controllers=[], **options)


def test_dns_servers_that_do_not_answer(check, library, controller):
    silent = "127.0.0.9"
    assert check(by_services(library, controller), [silent])[0] == [("failure", "dns-silent")]
    found, what = check(by_services(library, controller), [silent, controller.address])
    assert found == [("warning", "dns-silent")]
    assert silent in what
    # With addresses, DNS is not needed.
    assert check(mech.with_domain(library, controller), [silent]) == ([], "")


def test_the_only_dns_server_is_the_controller_that_is_down(check, library, lonely):
    """One cause: what else the host answers is told with it."""
    with faults.silent(lonely):
        found, what = check(by_services(library, lonely), [lonely.address])
    assert found == [("failure", "dns-silent")]
    assert f"{lonely.address}: no answer to pings, nor on port 135: it is down" in what
    with faults.dropped(lonely, "udp", "53"), faults.dropped(lonely, "tcp", "53"):
        found, what = check(by_services(library, lonely), [lonely.address])
    assert found == [("failure", "dns-silent")]
    assert f"{lonely.address}: a controller of the domain, without DNS" in what


def test_a_dns_server_of_another_network(check, library, controller):
    with dns("127.0.0.9", {}):
        alone = check(by_services(library, controller), ["127.0.0.9"])
        first = check(by_services(library, controller), ["127.0.0.9", controller.address])
        second = check(by_services(library, controller), [controller.address, "127.0.0.9"])
    assert alone[0] == [("failure", "dns-no-controllers")]
    assert first[0] == [("failure", "dns-other-server")]
    assert second[0] == [("warning", "dns-other-server")]


def test_a_name_without_an_address(check, library, controller):
    listed = ["dc9.example.test"]
    mechanism = mech.with_domain(library, controller, controllers=listed)
    found, what = check(mechanism, [controller.address])
    assert found == [("failure", "controller-without-address")]
    assert "dc9.example.test: no address" in what
    mechanism = mech.with_domain(library, controller, controllers=[*listed, "dc1.example.test"])
    assert check(mechanism, [controller.address])[0] == [("warning", "controller-without-address")]


def test_a_line_of_resolv_conf_that_cannot_be_used(check, library, controller):
    found, what = check(by_services(library, controller), ["fe80::1", controller.address])
    assert found == [("warning", "dns-unusable-line")]
    assert "/etc/resolv.conf: line 1" in what


def test_a_site_without_controllers(check, library, controller):
    mechanism = by_services(library, controller, netlogon='site = "Nowhere"')
    found, what = check(mechanism, [controller.address])
    assert found == [("warning", "site-without-controllers")]
    assert "Nowhere" in what


def test_a_read_only_controller(check, library, controller):
    """The real one, but for the flag in its pings."""
    listed = {"controllers": [DOUBLE]}
    with double(DOUBLE, controller.address):
        assert check(mech.with_domain(library, controller, **listed)) == ([], "")
    with double(DOUBLE, controller.address, read_only):
        found, what = check(mech.with_domain(library, controller, **listed))
        assert found == [("warning", "controller-read-only")]
        assert DOUBLE in what
        # It answers so if it may not store the secret: one cause.
        unknown = mech.with_domain(library, controller, account="WEB8-NTLM$", **listed)
        found, what = check(unknown)
        assert found == [("failure", "machine-account-unknown")]
        assert "may not be stored" in what


@contextlib.contextmanager
def lockout_after(controller, number):
    """The lockout policy of a domain that counts wrong passwords for half an hour."""
    settings = ("domain", "passwordsettings", "set")
    for words in ("--reset-account-lockout-after=30", "--account-lockout-duration=30"):
        controller.tool(*settings, words)
    controller.tool(*settings, f"--account-lockout-threshold={number}")
    try:
        yield
    finally:
        controller.tool(*settings, "--account-lockout-threshold=0")


def test_the_guess_limit_and_the_lockout_policy(check, library, lonely):
    def found(limit=None, window="30m"):
        policy = f"[policy]\nguess_limit = {limit}\nguess_window = {window!r}\n" if limit else ""
        return check(mech.with_domain(library, lonely, more=policy))[0]

    with lockout_after(lonely, 5):
        assert found() == [("warning", "guess-limit-off")]
        assert found(limit=5) == [("warning", "guess-limit-too-high")]
        assert found(limit=4, window="29m") == [("warning", "guess-window-too-short")]
        assert found(limit=4) == []


def test_a_lockout_policy_that_cannot_be_read(check, library, lonely):
    """Pings over UDP pass, and nothing else to that port."""
    with faults.dropped(lonely, "tcp", "389"):
        found, _ = check(mech.with_domain(library, lonely))
    assert found == [("unknown", "lockout-policy-unseen")]


def test_one_of_two_controllers_is_down(check, library, controller):
    listed = [controller.address, "127.0.0.9"]
    found, what = check(mech.with_domain(library, controller, controllers=listed))
    assert found == [("warning", "port-refused")]
    assert what.startswith("127.0.0.9: ")


def test_servers_at_work_go_on(check, library, lonely, make_site):
    """A check agrees on a new key; one that fails leaves the key that the servers have."""
    site = make_site(mech.with_domain(library, lonely))
    mechanism = site.mechanism

    def found():
        return check(mechanism, close=False)[0]

    assert attempt(site)[0] == 200
    [key] = (mechanism.directory / "state").glob("*.state")
    before = key.read_bytes()
    assert found() == []
    renewed = key.read_bytes()
    assert renewed != before
    assert attempt(site)[0] == 200
    right = (mechanism.directory / "secret").read_text()
    mechanism.rewrite("secret", "not-its-password")
    assert found() == [("failure", "machine-secret-refused")]
    assert key.read_bytes() == renewed
    mechanism.rewrite("secret", right)
    assert attempt(site)[0] == 200
    assert key.read_bytes() == renewed
