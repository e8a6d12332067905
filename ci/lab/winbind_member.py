"""A host that is joined to a throw-away domain, with winbindd: gss-ntlmssp asks the controller
through it."""

import contextlib
import os
import pathlib
import subprocess

from . import domain, host

NETBIOS = "WEB9"

_SETTINGS = f"""[global]
    workgroup = {domain.NETBIOS}
    realm = {domain.REALM}
    security = ads
    netbios name = {NETBIOS}
    idmap config * : backend = tdb
    idmap config * : range = 100000-199999
    disable netbios = yes
"""

_TICKS = os.sysconf("SC_CLK_TCK")


class Member(domain.Controller):
    """This host as a member of the domain, for programs that are run by `inside()`: on the host's
    network, with Samba's files their own. Made and ended like a controller."""

    def __init__(self, controller):
        self._controller = controller
        super().__init__(NETBIOS.lower())

    def inside(self, *command):
        """`command`, to be run where winbindd can be asked."""
        # Their directories are those of winbindd's own view, not copies.
        return ["nsenter", f"--mount=/proc/{self._inner()}/ns/mnt", "--", *command]

    def cpu(self):
        """Seconds of CPU that winbindd's processes have used."""
        return sum(_cpu(pid) for pid in _family(self.pid))

    def start(self):
        output = open(self._directory / "samba.out", "ab")
        with output:
            self._samba = subprocess.Popen(
                self._inside("winbindd", "--foreground", "--debug-stdout", "--no-process-group"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

        def up():
            if self._samba.poll() is not None:
                raise host.LabError(f"winbindd ended by itself:\n{self._last_words()}")
            with contextlib.suppress(host.LabError, FileNotFoundError, IndexError):
                host.run(*self.inside("wbinfo", "--ping-dc"))
                return True
            return False

        host.wait_until(up, 120, lambda: f"winbindd has no controller:\n{self._last_words()}")

    def _inner(self):
        return _children(self.pid)[0]

    def _make_network(self):
        return self._controller.gateway

    def _inside(self, *command):
        return host.bound(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
            + ["sh", str(self._directory / "inside"), *command]
        )

    def _populate(self):
        (self._private("/etc/samba") / "smb.conf").write_text(_SETTINGS)
        (self._private("/var/lib/samba") / "private").mkdir(mode=0o700)
        who = f"Administrator%{self._controller.administrator}"
        host.run(*self._inside("net", "ads", "join", "--no-dns-updates", "-U", who))

    def _krb5(self):
        kdc = f"kdc = {self._controller.address}"
        return super()._krb5() + f"[realms]\n    {domain.REALM} = {{\n        {kdc}\n    }}\n"

    def _resolver(self):
        return f"search {domain.DNS_NAME}\nnameserver {self._controller.address}\n"

    def _hosts(self):
        return super()._hosts() + f"{self._controller.address} dc1.{domain.DNS_NAME} dc1\n"


def _children(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    with contextlib.suppress(FileNotFoundError):
        return [int(child) for child in children.read_text().split()]
    return []


def _family(pid):
    """A process and all below it."""
    yield pid
    for child in _children(pid):
        yield from _family(child)


def _cpu(pid):
    with contextlib.suppress(FileNotFoundError):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # utime and stime of proc(5), and those of children that have ended: in clock ticks.
        return sum(int(ticks) for ticks in fields[11:15]) / _TICKS
    return 0.0
