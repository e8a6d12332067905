"""ci/install checks for Rust before it installs anything, and says what is missing."""

import os
import subprocess

import pytest
from lab import host, mech

DEBIAN_12 = "1.85.0+dfsg3-1~deb12u3"


@pytest.fixture
def install():
    """Runs `ci/install demo` with the system's programs except Rust, and these shell scripts:
    returns its status and output."""
    directory, remove = host.scratch()
    for folder in ("/usr/bin", "/usr/sbin"):
        for entry in os.scandir(folder):
            if entry.name not in ("cargo", "rustc") and not (directory / entry.name).is_symlink():
                (directory / entry.name).symlink_to(entry.path)

    def run(**scripts):
        for name, body in scripts.items():
            program = directory / name.replace("_", "-")
            program.unlink(missing_ok=True)
            program.write_text(f"#!/bin/sh\n{body}\n")
            program.chmod(0o755)
        done = subprocess.run(
            host.bound([str(mech.ROOT / "ci" / "install"), "demo"]),
            env={"PATH": str(directory), "HOME": str(directory), "CARGO_HOME": str(directory)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert "Installing" not in done.stdout
        return done.returncode, done.stdout

    yield run
    remove()


def test_a_toolchain_that_is_too_old(install):
    status, said = install(cargo="exit 0", rustc="echo 'rustc 1.63.0 (4b91a6ea7 2022-08-08)'")
    assert status == 1 and "Rust 1.63.0 beside " in said
    assert "1.89 or newer is needed: rustup update stable, or apt-get install cargo-web" in said


def test_a_toolchain_that_does_not_work(install):
    status, said = install(cargo="exit 1", rustc="exit 1")
    assert status == 1 and "there is no Rust that works beside " in said


@pytest.mark.parametrize("candidate", [DEBIAN_12, "(none)", ""])
def test_no_toolchain_and_none_that_is_new_enough_in_debian(install, candidate):
    policy = f"printf 'cargo-web:\\n  Installed: (none)\\n  Candidate: {candidate}\\n'"
    status, said = install(apt_get="exit 0", apt_cache=policy)
    assert status == 1 and "in the packages that apt knows" in said
    assert f"Rust {DEBIAN_12} " in said or candidate != DEBIAN_12
    assert "security updates" in said and "https://rustup.rs" in said
