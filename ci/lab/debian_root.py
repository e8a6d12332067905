"""A fresh root of a Debian release, to install packages in.

ci/install makes the base roots. A root is an overlay on one, in mount, process and network
namespaces of its own: what is written there, and what runs there, is gone when it is closed.
"""

import pathlib
import subprocess

from . import host

# Releases with their numbers, and the folder of ci/install.
RELEASES = {"bookworm": 12, "trixie": 13}
BASES = pathlib.Path("/var/cache/ntlmdc")

# In the base root: gss-ntlmssp and what it needs.
KEPT = "/var/local/packages"

# Where policy-rc.d writes which services packages ask to start.
ASKED = "/run/asked-to-start"

_MAKE = """
read -r pid rest </proc/self/stat
mount --make-rprivate /
mount -t tmpfs -o mode=755 none "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" none "$2/root"
cd "$2/root"
mount -t proc none proc
mount --rbind /dev dev
mount -t tmpfs -o mode=755 none run
mount -t tmpfs -o mode=1777 none tmp
# Scripts of packages then believe that systemd runs.
mkdir -p run/systemd/system
mkdir -m 1777 run/lock
printf '#!/bin/sh\\necho "$@" >>%s\\nexit 101\\n' "$3" >usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d
ip link set lo up
# Who enters the namespaces enters the root of this process, so it is told from there.
exec chroot . sh -c 'echo "$1"; exec sleep infinity' sh "$pid"
"""

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


def releases():
    """The releases for packages that are built on this host: its own and newer ones."""
    return [release for release, number in RELEASES.items() if number >= _host_number()]


def _host_number():
    words = pathlib.Path("/etc/os-release").read_text().splitlines()
    numbers = [word.partition("=")[2].strip('"') for word in words if "VERSION_ID=" in word]
    # Debian's testing release has no number.
    return int(numbers[0]) if numbers else max(RELEASES.values())


class DebianRoot:
    def __init__(self, release):
        self.release = release
        base = BASES / f"package-{release}"
        if not (base / ".complete").exists():
            raise host.LabError(f"{base} is missing: sudo ci/install test, without LAB_PACKAGE=off")
        self.directory, self._remove = host.scratch()
        spaces = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
        words = ["sh", "-euc", _MAKE, "sh", str(base), str(self.directory), ASKED]
        self._holder = subprocess.Popen(
            host.bound(spaces + words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        host.on_exit(self.close)
        line = self._holder.stdout.readline()
        if not line:
            raise host.LabError(f"no overlay on {base} could be mounted: see above")
        self._pid = int(line)
        if self.path.samefile("/"):
            raise host.LabError("the root is the host's own")

    @property
    def path(self):
        """The root, as the host sees it: for copies into it."""
        return pathlib.Path(f"/proc/{self._pid}/root")

    def run(self, script, status=0):
        """Runs shell commands in the root, as root, and returns what they print."""
        done = subprocess.run(
            host.bound([*self.entering(), "sh", "-euc", script]),
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=600,
        )
        if done.returncode != status:
            raise host.LabError(f"status {done.returncode} of\n{script}\n{done.stdout}")
        return done.stdout

    def entering(self):
        """The words before a command that runs in the root."""
        spaces = ["nsenter", f"--target={self._pid}", "--mount", "--net", "--pid"]
        return [*spaces, "--root", "--wd"]

    def close(self):
        host.not_on_exit(self.close)
        # unshare takes no SIGTERM. With it ends the first process of the namespace, and so all.
        self._holder.kill()
        self._holder.wait()
        self._holder.stdout.close()
        self._remove()


if __name__ == "__main__":
    print(*releases())
