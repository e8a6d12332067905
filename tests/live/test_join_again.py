"""`ntlmdc join` on a host that is no longer as it was at first, and `ntlmdc leave`."""

import fcntl
import re
import signal
import subprocess

import pytest
from controller_double import double
from lab import faults
from lab.joining import COMPUTER, JOIN, PATH

DOUBLE = "127.0.0.9"

# The system calls at each of which a run is killed, from this one on: what it sends (the first are
# questions to DNS, and the login), and what it does with files.
STEPS = {"sendto": 9, "rename": 1, "mkdir": 1, "clone3": 1}


def kill_at(call, number):
    inject = f"inject={call}:signal=KILL:when={number}"
    return ("strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)


def leave(joining, controller, *words):
    words = ("leave", *words, "--user", "Administrator", "--password-file", "-")
    return joining.steps(*words, given=controller.administrator + "\n")


def test_a_join_that_is_killed_at_any_step_is_finished_by_the_next(joining, controller, tell):
    """No account is reset for it: the next run finds the password that the killed one has left."""
    login = (controller.dns_name, "--password-file", "-", "--user", "Administrator", *JOIN)
    given = controller.administrator + "\n"
    killed, kept = dict.fromkeys(STEPS, 0), 0
    for call, first in STEPS.items():
        for number in range(first, 40):
            before = kill_at(call, number)
            status, printed, errors = joining.run("join", *login, given=given, before=before)
            # The shell says the status of a killed child.
            if status == 0:
                break
            assert status in (-9, 137), (call, number, printed, errors)
            killed[call] += 1
            status, texts = joining.join(controller, *JOIN)
            assert status == 0, (call, number, texts)
            kept += "is this host's already" in texts["account", "ok"]
            assert [name for name in joining.files() if name.endswith(".new")] == []
            assert leave(joining, controller, "--delete")[0] == 0
            joining.clear()
        else:
            pytest.fail("no run was long enough to end")
        assert leave(joining, controller, "--delete")[0] == 0
        joining.clear()
    tell(f"killed at {killed}; {kept} times the account was there")
    assert all(killed.values()) and kept > 3


def test_an_interrupted_join_says_what_was_made(joining, controller):
    words = (controller.dns_name, "--password-file", "-", "--user", "Administrator", *JOIN)
    with faults.dropped(controller, "tcp", "135"):
        process = subprocess.Popen(
            joining.command("join", *words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": PATH},
        )
        process.stdin.write(controller.administrator + "\n")
        process.stdin.close()
        # The channel cannot be opened, and is waited for.
        for line in process.stdout:
            if "state directory" in line:
                break
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
        assert process.wait(20) == 130, errors
    assert f"CN={COMPUTER},CN=Computers" in errors and "the new password" in errors
    assert "/run/ntlmdc" in errors and "Run the same command again" in errors
    status, texts = joining.join(controller, *JOIN)
    assert status == 0 and "is this host's already" in texts["account", "ok"], texts
    assert joining.log_in(controller) == (0, "accepted")


def is_new_password(data):
    """Whether this is a sealed message with a password in it, by its length."""
    return data[:2] == b"\0\0" and len(data) > 330


def test_no_secret_is_lost_with_the_answer_of_the_controller(joining, controller):
    named = (*JOIN, "--controller", DOUBLE)
    with double(DOUBLE, controller.address, is_last=is_new_password):
        status, texts = joining.join(controller, *named)
        assert status == 1 and "run this again" in texts["secret", "left"], texts
    assert controller.entry(COMPUTER)["sAMAccountName"] == [f"{COMPUTER}$"]
    status, texts = joining.join(controller, *JOIN)
    assert status == 0 and "is this host's already" in texts["account", "ok"], texts
    # With a secret, the server tries both until it is known.
    [before] = joining.secret.read_text().splitlines()
    with double(DOUBLE, controller.address, is_last=is_new_password):
        status, texts = joining.join(controller, *named, "--reset")
        assert status == 1 and "has the present one and the new one" in texts["secret", "left"]
    lines = joining.secret.read_text().splitlines()
    assert lines[0] == before and lines[-1].startswith("next ")
    assert joining.log_in(controller) == (0, "accepted")
    status, texts = joining.join(controller, *JOIN)
    assert status == 0, texts
    after = joining.secret.read_text().splitlines()
    assert after[0] == lines[-1].split()[1] and after[-1] == f"previous {before}"
    assert joining.log_in(controller) == (0, "accepted")


def test_the_keys_of_a_configuration_that_is_there_are_used_and_stay(joining, controller):
    text = (
        "# kept, as all that stands here\n"
        'verify = ["netlogon"]\n[netlogon]\n'
        f'domain = "{controller.dns_name}"\naccount = "{COMPUTER}$"\n'
        'secret = "/etc/gss/ntlmdc.secret"\nsite = "Nowhere"\n'
        f'controllers = ["{controller.address}"]\nconnections = 2\n'
    )
    for source in ("127.0.0.8", controller.gateway):
        whole = f'{text}source = "{source}"  # ours\n'
        joining.config.write_text(whole)
        status, texts = joining.join(controller, *JOIN)
        assert joining.config.read_text() == whole
        # A loopback address does not reach the controller.
        assert (status == 0) is (source == controller.gateway), texts
    assert texts["controller", "ok"] == controller.address
    assert "as it is" in texts["configuration", "ok"]
    assert joining.log_in(controller) == (0, "accepted")


def test_a_state_directory_that_is_made_already(joining, controller):
    """systemd-tmpfiles has a line for it: no second one is made; another user is told."""
    entry = joining.directory / "tmpfiles" / "site.conf"
    entry.write_text("d /run/ntlmdc 0700 www-data www-data -\n")
    status, texts = joining.join(controller, *JOIN, "--service-user", "www-data")
    assert status == 0 and "site.conf makes it" in texts["state directory", "ok"], texts
    assert "tmpfiles/ntlmdc.conf" not in joining.files()
    entry.write_text("d /run/ntlmdc 0700 proxy proxy -\n")
    status, texts = joining.join(controller, *JOIN)
    assert status == 0 and "for proxy" in texts["state directory", "note"], texts
    (joining.directory / "run" / "ntlmdc").chmod(0o750)
    status, texts = joining.join(controller, *JOIN)
    assert status == 1 and "chmod 0700" in texts["state directory", "failed"]


def test_an_account_that_another_user_has_made(joining, controller):
    """By the right that every user has: the controller then writes who it was (KB5020276)."""
    controller.tool("computer", "create", COMPUTER)
    shown = controller.tool("user", "show", "alice", "--attributes=objectSid")
    sid = re.search(r"^objectSid: (\S+)", shown, re.M)[1]
    controller.python(
        f"""
import ldb
from samba.auth import system_session
from samba.dcerpc.security import dom_sid
from samba.ndr import ndr_pack
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load_default()
directory = SamDB(session_info=system_session(), lp=settings)
change = ldb.Message(ldb.Dn(directory, "CN={COMPUTER},CN=Computers,{controller.base}"))
sid = ndr_pack(dom_sid("{sid}"))
change["sid"] = ldb.MessageElement(sid, ldb.FLAG_MOD_REPLACE, "mS-DS-CreatorSID")
directory.modify(change, ["relax:0"])
"""
    )
    status, texts = joining.join(controller, *JOIN)
    assert status == 1 and f"which the user {sid} has made" in texts["account", "failed"], texts
    assert "KB5020276" in texts["account", "failed"]
    status, texts = joining.join(controller, *JOIN, "--reset")
    assert status == 0 and f"{sid} has made the account" in texts["account", "ok"], texts
    assert joining.log_in(controller) == (0, "accepted")


@pytest.mark.parametrize("way", ["disabled", "deleted"])
def test_a_host_leaves(joining, controller, way):
    assert joining.join(controller, *JOIN)[0] == 0
    # Samba lets no computer disable itself.
    status, texts = joining.steps("leave")
    assert status == 1 and texts["login", "ok"] == f"{COMPUTER}$, sealed by NTLM"
    assert "--user" in texts["account", "failed"]
    assert joining.secret.exists()
    option = ("--delete",) if way == "deleted" else ()
    # What a killed run has left is removed, too.
    (joining.directory / "gss" / "ntlmdc.secret.rotate").write_text("a password\n")
    status, texts = leave(joining, controller, *option)
    assert status == 0 and way in texts["account", "ok"], texts
    assert "/etc/gss/ntlmdc.toml" in texts["left", "note"]
    assert not joining.secret.exists() and joining.config.exists()
    entry = controller.entry(COMPUTER)
    assert entry == {} if way == "deleted" else entry["userAccountControl"] == ["4098"]
    assert not (joining.directory / "gss" / "ntlmdc.secret.rotate").exists()


def test_a_host_does_not_leave_while_its_password_changes(joining, controller):
    assert joining.join(controller, *JOIN)[0] == 0
    with open(joining.directory / "gss" / "ntlmdc.secret.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (("leave", "--offline"), ("leave",)):
            status, texts = joining.steps(*words)
            assert status == 1 and "is at work" in texts["this host", "failed"], texts
    assert joining.secret.exists()
    assert joining.log_in(controller) == (0, "accepted")


def test_a_keytab_stays_when_the_host_leaves(joining, controller):
    controller.tool("computer", "create", COMPUTER)
    keytab = joining.directory / "gss" / "ntlmdc.keytab"
    keytab.write_bytes(b"\x05\x02")
    joining.config.write_text(
        f'verify = ["netlogon"]\n[netlogon]\ndomain = "{controller.dns_name}"\n'
        f'account = "{COMPUTER}$"\nkeytab = "/etc/gss/ntlmdc.keytab"\n'
    )
    status, texts = leave(joining, controller)
    assert status == 0 and "disabled" in texts["account", "ok"], texts
    assert "ktutil" in texts["secret", "note"] and keytab.exists()
    assert controller.entry(COMPUTER)["userAccountControl"] == ["4098"]
