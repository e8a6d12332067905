"""Controllers that the configuration does not list: found by DNS."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading

import codes
import pytest
from lab import faults, host, mech
from test_controller import ALICE, attempt


@pytest.mark.parametrize(
    "controllers",
    [[], ["dc1.example.test"], ["127.0.0.1:9", "DC1.example.test."]],
    ids=["services", "name", "name-after-another"],
)
def test_the_domains_dns(library, controller, make_site, controllers):
    mechanism = mech.with_domain(library, controller, controllers=controllers)
    assert attempt(make_site(mechanism, resolver=controller.address)) == (200, ALICE, [])


@pytest.mark.parametrize("controllers", [["dc1.example.test"], []], ids=["name", "services"])
def test_the_file_of_hosts_comes_before_dns(library, controller, make_site, controllers):
    mechanism = mech.with_domain(library, controller, controllers=controllers)
    zone = {SERVICES: [[0, 389, "dc1.example.test"]], "dc1.example.test": ["127.0.0.10"]}
    hosts = f"127.0.0.1 localhost\n{controller.address} DC1.example.test dc1 # ours\n"
    with dns("127.0.0.9", zone) as names:
        site = make_site(mechanism, resolver="127.0.0.9", hosts=hosts)
        assert attempt(site) == (200, ALICE, [])
        assert names() == ([] if controllers else [SERVICES])


def test_a_site_and_a_source_of_the_configuration(library, controller, make_site):
    ours = controller.address.rpartition(".")[0] + ".1"
    netlogon = f'site = "Default-First-Site-Name"\nsource = "{ours}"'
    mechanism = mech.with_domain(library, controller, controllers=[], netlogon=netlogon)
    assert attempt(make_site(mechanism, resolver=controller.address)) == (200, ALICE, [])


def test_a_source_address_of_another_host(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, netlogon='source = "192.0.2.1"')
    assert attempt(make_site(mechanism)) == (401, None, [codes.code("ControllerUnreachable")])


def test_a_dns_that_does_not_answer(library, controller, make_site):
    site = make_site(mech.with_domain(library, controller, controllers=[]), resolver="127.0.0.9")
    mark = site.apache.mark()
    assert attempt(site) == (401, None, [codes.code("ControllerUnreachable")])
    logged = site.apache.logged(mark)
    assert "127.0.0.9:53" in logged and "_ldap._tcp.dc._msdcs.example.test" in logged


SERVICES = "_ldap._tcp.dc._msdcs.example.test"


@contextlib.contextmanager
def dns(address, zone, *options, before=()):
    """A DNS server until the block ends; `names()` returns the names of its queries."""
    program = pathlib.Path(__file__).with_name("dns_server.py")
    command = [*before, sys.executable, "-B", program, address, json.dumps(zone), *options]
    server = subprocess.Popen(
        host.bound([str(word) for word in command]), stdout=subprocess.PIPE, bufsize=0
    )
    try:
        assert server.stdout.readline() == b"ready\n"
        os.set_blocking(server.stdout.fileno(), False)
        yield lambda: (server.stdout.read(65536) or b"").decode().split()
    finally:
        host.end(server)
        server.stdout.close()


@contextlib.contextmanager
def listener(address, port):
    """Accepts TCP connections and closes them; `count()` returns their number."""
    taken = []

    def take():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                # Counted before the client sees the end of the connection.
                taken.append(connection)
                connection.close()

    with socket.create_server((address, port)) as server:
        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield lambda: len(taken)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_dns_that_does_not_know_edns(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, controllers=[])
    zone = {SERVICES: [[0, 389, "dc1.example.test"]], "dc1.example.test": [controller.address]}
    with dns("127.0.0.9", zone, "--refuses-opt") as names:
        assert attempt(make_site(mechanism, resolver="127.0.0.9")) == (200, ALICE, [])
        # Once with OPT and once without; then it is remembered. A and AAAA are two queries.
        assert names() == [SERVICES] * 2 + ["dc1.example.test"] * 2


def test_what_one_process_found_serves_the_others(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, controllers=[])
    zone = {SERVICES: [[0, 389, "dc1.example.test"]], "dc1.example.test": [controller.address]}
    with dns("127.0.0.9", zone) as names:
        for asked in (True, False):
            site = make_site(mechanism, resolver="127.0.0.9", mpm="prefork")
            assert attempt(site) == (200, ALICE, [])
            assert bool(names()) == asked
        # The controllers in the file have failed: the same login asks DNS again.
        [file] = (mechanism.directory / "state").glob("*.controllers")
        text = file.read_text()
        assert controller.address in text
        file.write_text(text.replace(controller.address, "127.0.0.9"))
        site = make_site(mechanism, resolver="127.0.0.9", mpm="prefork")
        assert attempt(site) == (200, ALICE, [])
        assert SERVICES in names()
        assert controller.address in file.read_text()


def test_a_dns_at_a_link_local_address(library, controller, make_site):
    shown = host.run(*f"ip -n {controller.network} -6 -j address show dev lan0 scope link".split())
    [address] = [entry["local"] for entry in json.loads(shown)[0]["addr_info"]]
    [route] = json.loads(host.run("ip", "-j", "route", "get", controller.address))
    mechanism = mech.with_domain(library, controller, controllers=[])
    zone = {SERVICES: [[0, 389, "dc1.example.test"]], "dc1.example.test": [controller.address]}
    inside = ("ip", "netns", "exec", controller.network)
    with dns(f"{address}%lan0", zone, before=inside) as names:
        site = make_site(mechanism, resolver=f"{address}%{route['dev']}")
        assert attempt(site) == (200, ALICE, [])
        assert SERVICES in names()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("fe80::1%nosuch0", 'line 1: no network interface "nosuch0"'),
        ("fe80::1", "line 1: fe80::1 is link-local: add the interface"),
        ("127.0.0.9:53", 'line 1: "127.0.0.9:53" is not an IP address'),
    ],
)
def test_a_dns_that_cannot_be_asked_is_named(library, controller, make_site, line, problem):
    site = make_site(mech.with_domain(library, controller, controllers=[]), resolver=line)
    mark = site.apache.mark()
    assert attempt(site) == (401, None, [codes.code("ControllerUnreachable")])
    logged = site.apache.logged(mark)
    assert f"/etc/resolv.conf: {problem}" in logged
    assert "127.0.0.1:53" not in logged


def test_a_controller_that_is_pinged_over_tcp(library, controller, make_site):
    """The other host comes first and is no controller: only a ping over TCP tells that."""
    mechanism = mech.with_domain(library, controller, controllers=[])
    other = "127.0.0.10"
    zone = {
        SERVICES: [[0, 389, "other.example.test"], [1, 389, "dc1.example.test"]],
        "other.example.test": [other],
        "dc1.example.test": [controller.address],
    }
    with (
        dns("127.0.0.9", zone),
        listener(other, 389) as pings,
        listener(other, 135) as questions,
        faults.without_udp(controller),
    ):
        assert attempt(make_site(mechanism, resolver="127.0.0.9")) == (200, ALICE, [])
        assert pings() == 1
        assert questions() == 0


def test_further_hosts_after_the_first_have_failed(library, controller, make_site):
    """Hosts that answer only pings come first, more of them than are looked up at once."""
    mechanism = mech.with_domain(library, controller, controllers=[])
    dead = [f"dead{number}.example.test" for number in range(4)]
    zone = {SERVICES: [[0, 389, name] for name in dead] + [[1, 389, "dc1.example.test"]]}
    zone |= {name: [f"127.0.0.{20 + number}"] for number, name in enumerate(dead)}
    zone["dc1.example.test"] = [controller.address]
    with contextlib.ExitStack() as stack:
        names = stack.enter_context(dns("127.0.0.9", zone))
        for number in range(len(dead)):
            stack.enter_context(relay(f"127.0.0.{20 + number}", controller.address))
        site = make_site(mechanism, resolver="127.0.0.9")
        assert attempt(site) == (200, ALICE, [])
        assert len([name for name in names() if name == SERVICES]) == 2


@contextlib.contextmanager
def relay(address, controller):
    """Forwards pings over UDP to the controller and returns its answers."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
    ):
        here.bind((address, 389))
        there.connect((controller, 389))
        there.settimeout(5)

        def work():
            while True:
                message, peer = here.recvfrom(4096)
                if not message:
                    return
                there.send(message)
                here.sendto(there.recv(4096), peer)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            here.sendto(b"", (address, 389))
            thread.join()
