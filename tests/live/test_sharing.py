"""The state that the server's processes share, and the log lines if they cannot."""

import time

import pytest
from lab import host, mech
from test_controller import ALICE, OUTAGE, attempt

pytestmark = pytest.mark.each_samba


def missing(state):
    state.rmdir()


def open_to_others(state):
    state.chmod(0o755)


def not_ours(state):
    host.run("chown", "root:root", state)


@pytest.mark.parametrize("spoil", [missing, open_to_others, not_ours])
def test_an_unusable_directory_is_logged_once(library, controller, make_site, spoil):
    mechanism = mech.with_domain(library, controller)
    spoil(mechanism.directory / "state")
    site = make_site(mechanism)
    for _ in range(5):
        assert attempt(site) == (200, ALICE, [])
    told = [line for line in site.apache.logged().splitlines() if "share no secure channel" in line]
    # Each process for itself, and there is one.
    assert len(told) == 1, told
    assert str(mechanism.directory / "state") in told[0]


def test_a_failed_controller_is_logged_once_for_all_processes(
    library, controller, make_site
):
    dead = "127.0.0.1:9"
    addresses = [dead, controller.address]
    mechanism = mech.with_domain(library, controller, controllers=addresses)
    site = make_site(mechanism, mpm="prefork", start=4)
    for _ in range(12):
        assert attempt(site) == (200, ALICE, [])
    told = [line for line in site.apache.logged().splitlines() if f"controller {dead}" in line]
    assert len(told) == 1, told
    assert "failed and is asked last for 60s" in told[0] and "onnection refused" in told[0]


def test_a_controller_that_is_used_again_is_logged_once(library, controller, make_site):
    site = make_site(mech.with_domain(library, controller), mpm="prefork", start=4)
    controller.stop()
    try:
        assert attempt(site)[0] == 401
    finally:
        controller.start()
    time.sleep(OUTAGE)
    for _ in range(12):
        assert attempt(site) == (200, ALICE, [])
    lines = site.apache.logged().splitlines()
    told = [line for line in lines if f"controller {controller.address} " in line]
    assert len(told) == 2, told
    assert "failed and is asked last" in told[0] and "is used again" in told[1]


def test_a_damaged_file_is_logged_and_rewritten(library, controller, make_site):
    mechanism = mech.with_domain(library, controller)
    site = make_site(mechanism)
    assert attempt(site) == (200, ALICE, [])
    (state,) = (mechanism.directory / "state").glob("*.state")
    noise = b"noise"
    state.write_bytes(noise)
    site.apache.renew()
    assert attempt(site) == (200, ALICE, [])
    assert state.read_bytes() != noise
    assert f"{state}: not used, and to be written anew" in site.apache.logged()
