"""Apache's three process models, reloaded over and over under load."""

import contextlib
import os
import time

import pytest
from lab import faults, host, mech
from steady_load import Load, every

START = 3
# Each of some 80 logins.
ROUNDS = 10
RELOADS = 8
RELOAD_EVERY = 1.0
# The default of the configuration.
CONNECTIONS = 4


@pytest.fixture(params=["prefork", "worker", "event"])
def mpm_site(request, library, controller, make_site):
    return make_site(mech.with_domain(library, controller), mpm=request.param, start=START)


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def files_of_children(apache):
    """The number of open files of each child process, without those that end just now."""
    files = {}
    for pid in apache.children():
        with contextlib.suppress(FileNotFoundError):
            files[pid] = open_files(pid)
    return files


def eventually(condition, figures, seconds=60):
    """Waits until finished connections are closed on both sides and old processes have ended."""
    host.wait_until(condition, seconds, lambda: str(figures()))


def test_the_number_of_open_files_does_not_grow_with_logins(mpm_site, controller, tell):
    """A process opens its files in the first rounds: a leak grows in every round."""
    apache = mpm_site.apache

    def grown():
        now = files_of_children(apache)
        return {pid: (then, now[pid]) for pid, then in before.items() if now.get(pid, 0) > then}

    def is_enough():
        with Load(mpm_site, rate=40) as load:
            time.sleep(2)
        load.nothing_lost(apache.logged())
        try:
            eventually(lambda: before and not grown(), grown, 5)
        except host.LabError:
            return False
        return True

    for _ in range(ROUNDS):
        before = files_of_children(apache)
        if is_enough():
            break
    else:
        pytest.fail(f"it grows in each round: {grown()}")
    connections = faults.connections(controller)
    tell(f"files {sorted(files_of_children(apache).values())}; {connections} channels")
    assert 0 < connections <= len(apache.children()) * CONNECTIONS


def test_reloading_loses_no_login(mpm_site, controller, tell):
    apache = mpm_site.apache
    # An Apache that is just up has fewer files than one that has reloaded once.
    apache.renew()
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
