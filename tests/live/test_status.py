"""`ntlmdc status`: what Apache's processes have counted, exactly."""

import json
import subprocess

import pytest
from lab import faults, host, mech
from one_login import attempt, refused

ALICE = "EXAMPLE\\alice"


@pytest.fixture(scope="module")
def tool():
    return mech.tool()


@pytest.fixture
def site(library, controller, make_site):
    """Two processes of one thread at a time each: both serve logins."""
    return make_site(mech.with_domain(library, controller), mpm="prefork", start=2)


def run(tool, mechanism, *words):
    """The exit status, and what was printed."""
    done = subprocess.run(
        host.bound([tool, "status", *words]),
        env=mechanism.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def counted(tool, site):
    """The exit status, and the state as JSON."""
    status, printed = run(tool, site.mechanism, "--json")
    return status, json.loads(printed)


def causes(state):
    return {refusal["name"]: refusal["count"] for refusal in state["refusals"]}


def test_before_the_first_login(tool, site):
    status, printed = run(tool, site.mechanism)
    assert status == 0 and "none was counted yet" in printed
    assert counted(tool, site)[1]["counted_since"] is None


def test_each_login_is_counted_once_and_stays_after_a_reload(tool, site):
    for _ in range(6):
        assert attempt(site) == (200, ALICE, [])
    for _ in range(2):
        assert attempt(site, password="wrong") == refused("BadUserOrPassword")
    status, before = counted(tool, site)
    assert (status, before["accepted"], before["refused"]) == (0, 6, 2)
    assert causes(before) == {"BadUserOrPassword": 2}
    assert before["challenges"] == before["challenges_answered"] == 8
    assert sum(bucket["count"] for bucket in before["verification"]["buckets"]) == 8
    assert before["questions"]["answered"] == 8 and before["questions"]["failed"] == 0
    children = {process["process"] for process in before["processes"]}
    assert children and children <= set(site.apache.children())
    assert sum(process["accepted"] for process in before["processes"]) == 6
    assert all(process["connections"] == 1 for process in before["processes"])
    assert before["domain"]["keys_agreed"] and before["domain"]["secret_changed"]

    site.apache.renew()
    _, after = counted(tool, site)
    assert after["processes"] == []
    changing = ("time", "processes", "connections")
    assert all(after[name] == before[name] for name in before if name not in changing)
    assert attempt(site) == (200, ALICE, [])
    assert counted(tool, site)[1]["accepted"] == 7


def test_a_controller_that_is_down(tool, library, controller, make_site):
    site = make_site(mech.with_domain(library, controller))
    assert attempt(site) == (200, ALICE, [])
    with faults.dead(controller):
        assert attempt(site) == refused("ControllerUnreachable")
        status, state = counted(tool, site)
        assert (status, causes(state)) == (1, {"ControllerUnreachable": 1})
        assert state["questions"]["failed"] > 0
        assert [process["outage"] for process in state["processes"]] == ["4e440501"]
        status, page = run(tool, site.mechanism)
        assert status == 1 and "no domain controller can be reached" in page
    host.wait_until(lambda: attempt(site)[0] == 200, 30, site.apache.logged)
    status, state = counted(tool, site)
    assert (status, state["accepted"]) == (0, 2)


def test_metrics_for_node_exporter(tool, site, tmp_path):
    assert attempt(site) == (200, ALICE, [])
    status, printed = run(tool, site.mechanism, "--prometheus")
    assert status == 0
    assert 'ntlmdc_logins_total{result="accepted"} 1\n' in printed
    assert 'ntlmdc_verification_seconds_bucket{le="+Inf"} 1\n' in printed
    # The server's user may not write into this directory.
    file = tmp_path / "ntlmdc.prom"
    status, said = run(tool, site.mechanism, "--prometheus", "--output", file)
    assert (status, said) == (0, "")
    assert file.read_text() == printed
    assert list(tmp_path.iterdir()) == [file]


def test_a_state_that_cannot_be_read(tool, site, tmp_path):
    assert attempt(site) == (200, ALICE, [])
    file = site.mechanism.directory / "state" / "counters"
    whole = file.read_bytes()
    for changed, words in [
        (whole[:7] + b"\x02" + whole[8:], "the file is of version 2"),
        (b"x" * len(whole), "not a file of counters"),
    ]:
        file.write_bytes(changed)
        status, printed = run(tool, site.mechanism, "--json")
        assert status == 2 and words in printed
    kept = tmp_path / "ntlmdc.prom"
    kept.write_text("as before")
    assert run(tool, site.mechanism, "--prometheus", "--output", kept)[0] == 2
    assert kept.read_text() == "as before"
    host.run("mv", file.parent, file.parent.with_name("gone"))
    status, printed = run(tool, site.mechanism)
    assert status == 2 and "there is no state directory" in printed
