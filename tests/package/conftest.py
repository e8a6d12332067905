"""Fixtures: the packages, and fresh roots of Debian to install them in."""

import pathlib
import shutil
import sys

import pytest
from roots import fresh_root

from lab import debian_root, host, mech


@pytest.fixture(scope="session")
def packages():
    """The built packages: paths of the .deb files."""
    done = mech.as_developer(mech.ROOT / "ci" / "package", stdout=sys.stderr)
    assert done.returncode == 0, "ci/package failed: its output is above"
    found = sorted((mech.ROOT / "target" / "package").glob("*.deb"))
    assert [path.name.split("_")[0] for path in found] == ["gss-ntlmdc", "ntlmdc"]
    return found


@pytest.fixture(scope="session", params=debian_root.releases())
def release(request):
    """Each release of Debian in turn."""
    return request.param


@pytest.fixture
def fresh(release, packages):
    """A fresh root of each release."""
    with fresh_root(release, packages) as root:
        yield root


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
