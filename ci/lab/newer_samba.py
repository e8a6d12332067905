"""A newer Samba than that of Debian 12: that of Debian 13, in a root that ci/install makes.

On Debian 13 the host's own Samba is the newer one, and there is no such root.
`python3 -m lab.newer_samba` prints which one is used.
"""

import functools
import os
import pathlib
import re

from . import host

# The path in ci/install.
_ROOT = pathlib.Path("/var/cache/ntlmdc/debian-13")
_SINCE = (4, 22)

# `off` leaves the newer Samba out, where its root cannot be made.
SWITCH = "LAB_NEWER_SAMBA"

# The path of this folder in the root.
LAB = "/mnt"

# The kinds of Samba: the host's own, and the newer one.
HOST, NEWER = "host", "newer"


def kinds():
    """The kinds of this run: only one if the host's own Samba is as new."""
    return [HOST] if left_out() or _host_is_new() else [HOST, NEWER]


def left_out():
    """Whether this run leaves the newer Samba out."""
    return os.environ.get(SWITCH) == "off" and not _host_is_new()


def described():
    """Which Samba is the newer one in this run."""
    if left_out():
        return f"LEFT OUT ({SWITCH}=off)"
    if _host_is_new():
        return "this host's own, " + ".".join(map(str, _host_version()))
    return f"Debian 13's in {_ROOT}"


def root(kind=NEWER):
    """The root of a kind of Samba, `None` for the host's own."""
    if kind == HOST or _host_is_new():
        return None
    if not (_ROOT / ".complete").exists():
        raise host.LabError(
            f"{_ROOT} with Debian 13's Samba is missing: run `ci/install test`, or leave it out "
            f"with {SWITCH}=off"
        )
    return str(_ROOT)


def mounts(root):
    """The shell commands that prepare a root in a private mount namespace.

    The root itself is read-only there: several labs share it.
    """
    here = pathlib.Path(__file__).parent
    return [
        f"mount --bind {root} {root}",
        f"mount -o remount,bind,ro {root}",
        *(f"mount --rbind /{name} {root}/{name}" for name in ("dev", "proc")),
        *(f"mount -t tmpfs tmpfs {root}/{name}" for name in ("run", "tmp")),
        f"mount --bind {here} {root}{LAB}",
    ]


def _host_is_new():
    return _host_version() >= _SINCE


@functools.cache
def _host_version():
    version = re.search(r"^Version (\d+)\.(\d+)", host.run("samba", "--version"), re.M)
    return int(version[1]), int(version[2])


if __name__ == "__main__":
    print(f"newer Samba: {described()}")
