"""Apache's three process models, reloaded over and over under load."""

import os
import time

import pytest
from conftest import mech
from lab import faults
from load import Load, every

START = 3
SECONDS = 10
RELOAD_EVERY = 1.0
# As DESIGN has it when the configuration says nothing.
CONNECTIONS = 4


@pytest.fixture(params=["prefork", "worker", "event"])
def mpm_site(request, library, controller, make_site):
    return make_site(mech.with_domain(library, controller), mpm=request.param, start=START)


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def settle():
    """Lets finished connections be closed on both sides."""
    time.sleep(1)


def test_a_process_opens_no_more_files_however_many_log_in(mpm_site, controller, tell):
    with Load(mpm_site, rate=40) as load:
        time.sleep(2)
    settle()
    before = {pid: open_files(pid) for pid in mpm_site.apache.children()}
    with Load(mpm_site, rate=40) as more:
        time.sleep(5)
    settle()
    after = {pid: open_files(pid) for pid in before if pid in mpm_site.apache.children()}
    connections = faults.connections(controller)
    tell(f"files {sorted(before.values())}, then {sorted(after.values())}; {connections} channels")
    load.nothing_lost(mpm_site.apache.logged())
    more.nothing_lost(mpm_site.apache.logged())
    assert after, "no process lived through it"
    # One that had not been asked before has its channels now.
    grown = {pid: (before[pid], count) for pid, count in after.items()}
    assert all(now <= then + CONNECTIONS for then, now in grown.values()), grown
    processes = len(mpm_site.apache.children())
    assert 0 < connections <= processes * CONNECTIONS


def test_reloading_loses_no_login(mpm_site, controller, tell):
    apache = mpm_site.apache
    parent = open_files(apache.pid)
    seen = {"reloads": 0, "excess": []}

    def reload():
        apache.graceful()
        seen["reloads"] += 1
        # Connections first: a process that starts in between has none yet.
        connections, processes = faults.connections(controller), len(apache.children())
        if connections > processes * CONNECTIONS:
            seen["excess"].append((connections, processes))

    with Load(mpm_site, again=True) as load, every(RELOAD_EVERY, reload):
        time.sleep(SECONDS)
    settle()
    cut = [login for login in load.logins if login.cut]
    tell(
        f"{seen['reloads']} reloads, {len(load.logins)} logins, parent's files {parent}, then "
        f"{open_files(apache.pid)}; {faults.connections(controller)} channels"
    )
    assert seen["reloads"] >= SECONDS / RELOAD_EVERY / 2
    load.nothing_lost(mpm_site.apache.logged())
    assert not cut, "a browser would have given up"
    assert open_files(apache.pid) <= parent + 1
    assert not seen["excess"], f"(connections, processes): {seen['excess']}"
