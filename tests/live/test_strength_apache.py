"""Apache's three process models, reloaded over and over under load."""

import os
import time

import pytest
from conftest import mech
from lab import faults, host
from load import Load, every

START = 3
RELOADS = 8
RELOAD_EVERY = 1.0
# As DESIGN has it when the configuration says nothing.
CONNECTIONS = 4


@pytest.fixture(params=["prefork", "worker", "event"])
def mpm_site(request, library, controller, make_site):
    return make_site(mech.with_domain(library, controller), mpm=request.param, start=START)


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def eventually(condition, figures):
    """Waits for it: finished connections are closed on both sides, and old processes end."""
    host.wait_until(condition, 60, lambda: str(figures()))


def test_a_process_opens_no_more_files_however_many_log_in(mpm_site, controller, tell):
    with Load(mpm_site, rate=40) as load:
        time.sleep(2)
    before = {pid: open_files(pid) for pid in mpm_site.apache.children()}
    with Load(mpm_site, rate=40) as more:
        time.sleep(5)

    def grown():
        """The files of each process that lived through it: then, and now."""
        lived = [pid for pid in before if pid in mpm_site.apache.children()]
        return {pid: (before[pid], open_files(pid)) for pid in lived}

    # One that had not been asked before has its channels now.
    eventually(
        lambda: all(now <= then + CONNECTIONS for then, now in grown().values()),
        grown,
    )
    connections = faults.connections(controller)
    tell(f"files then and now {sorted(grown().values())}; {connections} channels")
    load.nothing_lost(mpm_site.apache.logged())
    more.nothing_lost(mpm_site.apache.logged())
    assert grown(), "no process lived through it"
    processes = len(mpm_site.apache.children())
    assert 0 < connections <= processes * CONNECTIONS


def test_reloading_loses_no_login(mpm_site, controller, tell):
    apache = mpm_site.apache
    parent = open_files(apache.pid)
    seen = {"reloads": 0, "excess": []}

    def reload():
        apache.graceful()
        seen["reloads"] += 1
        # A process may end or begin while connections are counted.
        processes = set(apache.children())
        connections = faults.connections(controller)
        processes |= set(apache.children())
        if connections > len(processes) * CONNECTIONS:
            seen["excess"].append((connections, len(processes)))

    with Load(mpm_site, again=True) as load, every(RELOAD_EVERY, reload):
        eventually(lambda: seen["reloads"] >= RELOADS, lambda: seen)
    cut = [login for login in load.logins if login.cut]
    eventually(lambda: open_files(apache.pid) <= parent + 1, lambda: open_files(apache.pid))
    tell(
        f"{seen['reloads']} reloads, {len(load.logins)} logins, parent's files {parent}, then "
        f"{open_files(apache.pid)}; {faults.connections(controller)} channels"
    )
    load.nothing_lost(mpm_site.apache.logged())
    assert not cut, "a browser would have given up"
    assert not seen["excess"], f"(connections, processes): {seen['excess']}"
