"""The versions of packages: those of later commits are newer."""

import os
import shutil
import subprocess

import pytest
from lab import host, mech

PARTS = ["Cargo.toml", "debian/changelog", "ci/package"]


class Checkout:
    """A repository with the files that a version is made from."""

    def __init__(self, folder):
        self.folder = folder
        self._hour = 0
        self._git("init", "--quiet")
        for name in PARTS:
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            shutil.copy(mech.ROOT / name, path)
        self._git("add", ".")

    def _git(self, *words):
        date = f"2026-01-01T{self._hour:02}:00:00Z"
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        user = ("-c", "user.name=Test", "-c", "user.email=test@example.test")
        host.run("git", *user, *words, cwd=self.folder, env=dict(os.environ, **dates))

    def commit(self):
        """The version of a further commit, an hour later."""
        self._hour += 1
        self._git("commit", "--quiet", "--allow-empty", "--message", "commit")
        return self.version()

    def tag(self, name):
        self._git("tag", name)
        return self.version()

    def version(self):
        return host.run(self.folder / "ci/package", "--version").strip()


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def is_older(one, other):
    return subprocess.run(["dpkg", "--compare-versions", one, "lt", other]).returncode == 0


def test_the_packages_of_a_later_commit_are_newer(checkout):
    first, second, third = checkout.commit(), checkout.commit(), checkout.commit()
    release = third.partition("~")[0]
    assert second.startswith(f"{release}~git20260101020000.")
    tagged = checkout.tag(f"v{release}")
    later = checkout.commit()
    (checkout.folder / "Cargo.toml").open("a").write("# changed\n")
    changed = checkout.version()
    assert tagged == release and changed.endswith(".changed"), (tagged, changed)
    versions = [first, second, third, tagged, later, changed]
    pairs = zip(versions, versions[1:], strict=False)
    assert [pair for pair in pairs if not is_older(*pair)] == [], versions
    assert not is_older(second, first)


def test_other_files_are_no_change(checkout):
    before = checkout.commit()
    (checkout.folder / "notes").touch()
    assert checkout.version() == before
