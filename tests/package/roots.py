"""Roots of Debian with the packages at hand."""

import contextlib
import shutil

from lab import debian_root


@contextlib.contextmanager
def fresh_root(release, packages):
    """A root with the packages in /root/packages, and a systemctl that starts Apache."""
    root = debian_root.DebianRoot(release)
    try:
        folder = root.path / "root" / "packages"
        folder.mkdir()
        for path in packages:
            shutil.copy(path, folder)
        systemctl = root.path / "usr/local/bin/systemctl"
        systemctl.write_text(SYSTEMCTL)
        systemctl.chmod(0o755)
        yield root
    finally:
        root.close()


# No systemd runs in the root.
SYSTEMCTL = """#!/bin/sh
[ "$*" = "restart apache2" ] || exec /usr/bin/systemctl "$@"
apachectl -k stop 2>/dev/null
while [ -e /run/apache2/apache2.pid ]; do sleep 0.1; done
apachectl -k start
"""
