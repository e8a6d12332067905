"""Fixtures: the packages, and fresh roots of Debian to install them in."""

import pathlib
import shutil
import sys

import pytest

from lab import debian_root, host, mech


@pytest.fixture(scope="session")
def packages():
    """The built packages: paths of the .deb files."""
    done = mech.as_developer(mech.ROOT / "ci" / "package", stdout=sys.stderr)
    assert done.returncode == 0, "ci/package failed: its output is above"
    found = sorted((mech.ROOT / "target" / "package").glob("*.deb"))
    assert [path.name.split("_")[0] for path in found] == ["gss-ntlmdc", "ntlmdc"]
    return found


@pytest.fixture(params=debian_root.releases())
def debian(request):
    """A fresh root of each release."""
    root = debian_root.DebianRoot(request.param)
    yield root
    root.close()


@pytest.fixture
def fresh(debian, packages):
    """The same with the packages in /root/packages, and a systemctl that starts Apache."""
    folder = debian.path / "root" / "packages"
    folder.mkdir()
    for path in packages:
        shutil.copy(path, folder)
    systemctl = debian.path / "usr/local/bin/systemctl"
    systemctl.write_text(SYSTEMCTL)
    systemctl.chmod(0o755)
    return debian


# No systemd runs in the root.
SYSTEMCTL = """#!/bin/sh
[ "$*" = "restart apache2" ] || exec /usr/bin/systemctl "$@"
apachectl -k stop 2>/dev/null
while [ -e /run/apache2/apache2.pid ]; do sleep 0.1; done
apachectl -k start
"""


@pytest.fixture(scope="session")
def newer(packages, tmp_path_factory):
    """The packages with a newer version number."""
    folder = tmp_path_factory.mktemp("newer")
    for path in packages:
        tree = folder / path.stem
        host.run("dpkg-deb", "-R", path, tree)
        control = tree / "DEBIAN" / "control"
        version = host.run("dpkg-deb", "-f", path, "Version").strip()
        control.write_text(control.read_text().replace(version, f"{version}+newer"))
        host.run("dpkg-deb", "-Zgzip", "-b", tree, folder)
        shutil.rmtree(tree)
    return sorted(pathlib.Path(folder).glob("*.deb"))
