"""What the server's processes share, and what the log says where they cannot."""

import pytest
from conftest import mech
from lab import host
from test_controller import ALICE, attempt

pytestmark = pytest.mark.each_samba


def missing(state):
    state.rmdir()


def open_to_others(state):
    state.chmod(0o755)


def not_ours(state):
    host.run("chown", "root:root", state)


@pytest.mark.parametrize("spoil", [missing, open_to_others, not_ours])
def test_a_directory_that_cannot_be_used_is_told_once(library, controller, make_site, spoil):
    mechanism = mech.with_domain(library, controller)
    spoil(mechanism.directory / "state")
    site = make_site(mechanism)
    for _ in range(5):
        assert attempt(site) == (200, ALICE, [])
    told = [line for line in site.apache.logged().splitlines() if "share no secure channel" in line]
    # Each process for itself.
    assert 1 <= len(told) <= len(site.apache.children()), told
    assert str(mechanism.directory / "state") in told[0]


def test_a_damaged_file_is_told_and_written_anew(library, controller, make_site):
    mechanism = mech.with_domain(library, controller)
    site = make_site(mechanism)
    assert attempt(site) == (200, ALICE, [])
    (state,) = (mechanism.directory / "state").glob("*.state")
    noise = b"noise"
    state.write_bytes(noise)
    start_afresh(site.apache)
    assert attempt(site) == (200, ALICE, [])
    assert state.read_bytes() != noise
    assert f"{state}: not used, and to be written anew" in site.apache.logged()


def start_afresh(apache):
    """None of the processes that have a channel is left, and others are there."""
    before = set(apache.children())

    def replaced():
        now = set(apache.children())
        return now and not now & before

    apache.graceful()
    host.wait_until(replaced, 10, apache.logged)
