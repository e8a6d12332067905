"""docs/windows-report.md: its commands, and the content of the capture."""

import re
import socket
import struct
import subprocess

import pytest
from lab import domain, host, mech

PAGE = mech.ROOT / "docs" / "windows-report.md"

# Substitutes for commands that a test cannot run. tcpdump records the lab's network.
STAND_INS = {
    "systemctl": 'case "$*" in "stop apache2" | "start apache2") ;; *) exit 1 ;; esac',
    "journalctl": 'test "$*" = "-t ntlmdc --since -1h -o short-iso-precise" && cat "$ERROR_LOG"',
    # curl would ask for the password on a terminal; the last --user counts.
    "curl": r'exec /usr/bin/curl -sS "$@" --user "EXAMPLE\\alice:$PASSWORD"',
}

# Traffic of another program to the controller, to a port that is not RPC's.
IN_CLEAR = b"a password in clear"

pytestmark = pytest.mark.each_samba


def speak_in_clear(controller):
    """The source port is in the range of the controller's RPC services, as often on Linux."""
    ours = ("", 61_234)
    with socket.create_connection((controller.address, 389), 10, source_address=ours) as other:
        other.sendall(IN_CLEAR)


@pytest.fixture
def report(library, controller, make_site, tmp_path):
    """Runs the commands of the page; returns its folder and curl's output."""
    site = make_site(mech.with_domain(library, controller))
    start, login, end = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.S | re.M)
    for name, body in STAND_INS.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    # tcpdump reports when it listens, and writes all packets before it ends.
    begun = "until grep -q listening said; do sleep 0.1; done\n"
    reboot = "echo reboot\nread -r _\n"
    script = start.replace(" &\n", " 2>said &\n") + begun + login + reboot + login + "sleep 3\n"
    script += end + "wait\n"
    for printed, here in (
        ("10.0.0.2", controller.address),
        ("/run/ntlmdc", f"{site.mechanism.directory}/state"),
        ("http://web1/", site.apache.url),
    ):
        assert printed in script
        script = script.replace(printed, here)
    environment = {
        "PATH": f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin",
        "PASSWORD": controller.passwords["alice"],
        "ERROR_LOG": str(site.apache.error_log),
    }
    with subprocess.Popen(
        host.bound(["bash", "-c", script]),
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as shell:
        printed = [shell.stdout.readline()]
        assert shell.stdout.readline() == "reboot\n"
        speak_in_clear(controller)
        controller.stop()
        controller.start()
        rest, _ = shell.communicate("\n", timeout=300)
    return tmp_path, [*printed, *rest.splitlines()]


def packets(capture):
    """The packets of a capture, each with its captured bytes."""
    data = capture.read_bytes()
    magic, _, _, _, _, limit, _ = struct.unpack_from("<IHHiIII", data)
    assert (magic, limit) == (0xA1B2C3D4, 100)
    at, found = 24, []
    while at < len(data):
        kept = struct.unpack_from("<I", data, at + 8)[0]
        found.append(data[at + 16 : at + 16 + kept])
        at += 16 + kept
    return found


def message(packet):
    """The captured bytes behind the headers of Linux cooked capture v2, IPv4 and TCP."""
    assert packet[0:2] == b"\x08\x00", "IPv4"
    tcp = 20 + 4 * (packet[20] & 0x0F)
    return packet[tcp + 4 * (packet[tcp + 12] >> 4) :]


def test_the_capture_is_complete_and_contains_no_secret(report):
    folder, printed = report
    statuses = [line.split()[0] for line in printed if line.strip()]
    assert statuses == ["200", "200"], printed
    log = (folder / "ntlmdc-report.log").read_text()
    assert len(re.findall(r"^ntlmdc: accepted ", log, re.M)) == 2, log

    kept = packets(folder / "ntlmdc-report.pcap")
    parts = [message(packet) for packet in kept]
    # Each connection begins with a bind: version 5.0, type 11.
    binds = [part for part in parts if part.startswith(b"\x05\x00\x0b")]
    assert len(binds) >= 4, "before and after the reboot"
    # Before `ClientChallenge` of NetrServerReqChallenge (MS-NRPC 3.5.4.4.1) a request has 44 bytes
    # at least: its head, no PrimaryName, and the shortest ComputerName.
    assert max(map(len, parts)) <= 46
    whole = b"".join(kept)
    for name in ("alice", domain.MACHINE, domain.NETBIOS):
        for text in (name.encode(), name.encode("utf-16-le")):
            assert text not in whole, name
    assert IN_CLEAR not in whole
