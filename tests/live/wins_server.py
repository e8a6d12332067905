"""Samba's nmbd as a server of WINS, in the network of a controller."""

import ipaddress
import socket
import struct
import subprocess

from lab import host

PORT = 137
# The last byte of the name that all controllers of a domain share.
CONTROLLERS = 0x1C
# OPCODE and RD (RFC 1002 4.2.1.1).
QUERY, REGISTRATION, RESPONSE = 0x0100, 0x2900, 0x8000
# NB_FLAGS: a group; the owner is an H node.
GROUP = 0xE000
NB_IN = struct.pack("!HH", 0x20, 1)
# What a server has for the name of an ordinary group.
BROADCAST = "255.255.255.255"

_DIRECTORIES = ("lock", "state", "cache", "pid", "private")
_SETTINGS = """\
[global]
    netbios name = WINS1
    workgroup = LAB
    wins support = yes
    dns proxy = no
    interfaces = {address}
    bind interfaces only = yes
    local master = no
    domain master = no
    preferred master = no
    smb passwd file = {directory}/smbpasswd
    ncalrpc dir = {directory}/ncalrpc
"""


def encoded(name):
    """A name in the form of RFC 1001 14.1."""
    padded = name.encode().ljust(15) + bytes([CONTROLLERS])
    letters = (half for byte in padded for half in (byte >> 4, byte & 15))
    return b"\x20" + bytes(ord("A") + half for half in letters) + b"\0"


class WinsServer:
    """Runs until `close()` or the end of this process."""

    def __init__(self, controller):
        self.address = controller.address
        self._directory, self._remove = host.scratch()
        settings = _SETTINGS.format(address=self.address, directory=self._directory)
        for name in _DIRECTORIES:
            (self._directory / name).mkdir()
            settings += f"    {name} {'dir' if name == 'private' else 'directory'}"
            settings += f" = {self._directory / name}\n"
        file = self._directory / "smb.conf"
        file.write_text(settings)
        inside = ("ip", "netns", "exec", controller.network)
        command = ("nmbd", "--foreground", "--no-process-group", "--debug-stdout")
        with open(self._directory / "nmbd.out", "wb") as output:
            self._server = subprocess.Popen(
                host.bound([*inside, *command, f"--configfile={file}"]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        host.wait_until(lambda: self.has("ABSENT") is not None, 20, self._log)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        host.end(self._server)
        self._remove()

    def register(self, domain, *addresses):
        """Makes these the addresses of the domain's controllers, beside those that it has: as a
        controller does for its own (RFC 1002 4.2.2)."""
        for address in addresses:
            data = struct.pack("!H", GROUP) + ipaddress.IPv4Address(address).packed
            record = b"\xc0\x0c" + NB_IN + struct.pack("!IH", 3600, len(data)) + data
            code = self._ask(REGISTRATION, domain, record)
            assert code == 0, f"{domain}: {address} is refused with {code}:\n{self._log()}"

    def has(self, domain):
        """Whether the domain has controllers; None if the server does not answer."""
        code = self._ask(QUERY, domain)
        return None if code is None else code == 0

    def _ask(self, operation, domain, record=b""):
        """The code of the answer."""
        header = struct.pack("!HHHHHH", 0x4E44, operation, 1, 0, 0, 1 if record else 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.5)
            asking.connect((self.address, PORT))
            try:
                asking.send(header + encoded(domain) + NB_IN + record)
                flags = struct.unpack_from("!H", asking.recv(1024), 2)[0]
            except OSError:
                return None
        assert flags & RESPONSE
        return flags & 15

    def _log(self):
        text = (self._directory / "nmbd.out").read_text(errors="replace")
        return "\n".join(text.splitlines()[-20:])
