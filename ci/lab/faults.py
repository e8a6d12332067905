"""Faults of a controller: each lasts as long as its `with` block.

    with faults.silent(controller):
        ...
"""

import contextlib
import os
import pathlib
import signal

from . import host

# The ports of netlogon's clients: the endpoint mapper, and those that it returns. (The kernel
# accepts no range that ends with 65535.)
_RPC_PORTS = ("135", "49152-65534")
_ABOVE_ENDPOINT_MAPPER = ":49151"


@contextlib.contextmanager
def dead(controller):
    """All its processes are killed at once; its host refuses connections."""
    controller.stop()
    try:
        yield
    finally:
        controller.start()


@contextlib.contextmanager
def paused(controller):
    """Its processes are stopped: connections are accepted, and stay without an answer."""
    _signal(controller, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(controller, signal.SIGCONT)


@contextlib.contextmanager
def silent(controller):
    """Its host is down: all packets to it are lost, also those of open connections."""
    _ip(controller, "route", "add", "blackhole", controller.gateway)
    try:
        yield
    finally:
        _ip(controller, "route", "delete", "blackhole", controller.gateway)


@contextlib.contextmanager
def fenced(controller, fence=_RPC_PORTS):
    """A firewall rejects RPC to it, or packets to the ports of `fence`, with an ICMP message."""
    # Routers send that message; a host that does not forward drops the packets.
    host.run(
        *("ip", "netns", "exec", controller.network, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    )
    _rules_before_local(controller)
    rules = [
        ("pref", "10", "iif", "lan0", "ipproto", "tcp", "dport", ports, "prohibit")
        for ports in fence
    ]
    for rule in rules:
        _ip(controller, "rule", "add", *rule)
    try:
        yield
    finally:
        for rule in rules:
            _ip(controller, "rule", "delete", *rule)


@contextlib.contextmanager
def without_udp(controller, port="389"):
    """A firewall silently drops UDP packets to this port."""
    with dropped(controller, "udp", port):
        yield


@contextlib.contextmanager
def dropped(controller, protocol, ports):
    """A firewall silently drops packets to these ports over "tcp" or "udp"."""
    _rules_before_local(controller)
    rule = ("pref", "10", "iif", "lan0", "ipproto", protocol, "dport", ports, "blackhole")
    _ip(controller, "rule", "add", *rule)
    try:
        yield
    finally:
        _ip(controller, "rule", "delete", *rule)


@contextlib.contextmanager
def refusing(controller):
    """Its netlogon service is gone, with its connections, while the rest works: the endpoint mapper
    still returns a port, which refuses connections. Ends with a restart."""
    # The kernel closes the sockets, without the process that has them.
    for state in ("listening", "established"):
        command = ("ss", "-K", "-t", "state", state, "sport", ">", _ABOVE_ENDPOINT_MAPPER)
        _in_network(controller, *command)
    host.wait_until(
        lambda: not host.answers(controller.address, 49152),
        60,
        lambda: "the controller's port 49152 still takes connections",
    )
    try:
        yield
    finally:
        controller.stop()
        controller.start()


@contextlib.contextmanager
def restarted(controller):
    """It is killed and restarted before the block begins."""
    controller.stop()
    controller.start()
    yield


def connections(controller):
    """The number of connections to its RPC services from outside its network."""
    filtered = ("sport", ">", _ABOVE_ENDPOINT_MAPPER, "and", "dst", controller.gateway)
    listed = _in_network(controller, "ss", "-H", "-t", "-n", "state", "established", *filtered)
    return len(listed.splitlines())


def _rules_before_local(controller):
    """Makes room for rules before the table of local addresses, which is the first by default."""
    if _ip(controller, "rule", "list", "pref", "0"):
        _ip(controller, "rule", "add", "pref", "100", "lookup", "local")
        _ip(controller, "rule", "delete", "pref", "0")


def _in_network(controller, *command):
    return host.run("ip", "netns", "exec", controller.network, *command)


def _ip(controller, *words):
    return host.run("ip", "-n", controller.network, *words)


def _signal(controller, number):
    for pid in _descendants(controller.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _descendants(pid):
    """The processes below a process, nearest first."""
    for file in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError):
            for child in map(int, file.read_text().split()):
                yield child
                yield from _descendants(child)
