"""`ntlmdc rotate`: the machine account's password changes, and no login is lost."""

import json
import os
import secrets
import subprocess
import time

import pytest
from lab import faults, host, mech
from one_login import attempt
from steady_load import Load

ACCOUNT = "WEB4-NTLM"
ALICE = (200, "EXAMPLE\\alice", [])

# The system calls at each of which a run is killed: what it sends, and what it does with files.
STEPS = ("sendto", "rename", "fsync", "unlink", "fchown", "fchmod", "flock")


@pytest.fixture(scope="module")
def tool():
    return mech.tool()


class Account:
    """A machine account that other tests do not use."""

    def __init__(self, controller):
        self.controller = controller
        # pytest may make this fixture anew between the tests of two controllers.
        if not controller.entry(ACCOUNT):
            controller.tool("computer", "create", ACCOUNT)
        self.reset()

    def reset(self):
        """Sets a new password, as an administrator does."""
        self.secret = secrets.token_urlsafe(24)
        new = f"--newpassword={self.secret}"
        self.controller.tool("user", "setpassword", f"{ACCOUNT}$", new)

    def mechanism(self, library, **options):
        options = {"secret": self.secret, "account": f"{ACCOUNT}$"} | options
        return mech.with_domain(library, self.controller, **options)


@pytest.fixture(scope="module")
def account(controller):
    return Account(controller)


@pytest.fixture
def joined(library, account):
    """The mechanism with the account and a fresh password."""
    account.reset()
    mechanism = account.mechanism(library)
    yield mechanism
    mechanism.close()


def run(tool, mechanism, *words, before=(), given=""):
    """The exit status, and what was printed: the errors after the rest."""
    done = subprocess.run(
        host.bound([*before, tool, *words]),
        input=given,
        env=mechanism.environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def rotate(tool, mechanism, *words, before=()):
    """The exit status, the title of the report, and its fields."""
    done = run(tool, mechanism, "rotate", "--json", *words, before=before)
    status, printed, errors = done
    assert printed, done
    [section] = json.loads(printed)
    return status, section["title"], {row["name"]: row["value"] for row in section["fields"]}


def lines(mechanism):
    return (mechanism.directory / "secret").read_text().splitlines()


def log_in_afresh(tool, mechanism, user="alice"):
    """Logs in over a channel that is keyed with what is in the file of the secret: the exit status
    of `ntlmdc login`."""
    for key in (mechanism.directory / "state").glob("*.state"):
        key.unlink()
    password = mechanism.passwords[user] + "\n"
    words = ("login", "--password-file", "-", f"EXAMPLE\\{user}")
    return run(tool, mechanism, *words, given=password)


def test_no_login_is_lost_while_the_password_changes(tool, library, account, make_site, tell):
    account.reset()
    site = make_site(account.mechanism(library), mpm="prefork", start=4)
    old = account.secret
    file = site.mechanism.directory / "secret"
    before = file.stat()
    with Load(site) as load:
        for words in ((), ("--force",)):
            time.sleep(2)
            status, title, fields = rotate(tool, site.mechanism, *words)
            assert (status, title) == (0, "password changed")
            assert fields["account"] == f"{ACCOUNT}$"
            assert fields["controller"] == account.controller.address
        time.sleep(2)
    tell(f"{len(load.right)} right passwords, two changes")
    load.nothing_lost(site.apache.logged())
    # Processes that start now have the new password alone.
    site.apache.renew()
    assert attempt(site) == ALICE
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        (before.st_mode, before.st_uid, before.st_gid)
    )
    assert old not in file.read_text()
    outdated = account.mechanism(library, secret=old)
    try:
        status, title, fields = rotate(tool, outdated)
        assert (status, title) == (1, "password not changed")
        assert "STATUS_ACCESS_DENIED" in fields["reason"]
        assert lines(outdated) == [old]
    finally:
        outdated.close()


def test_a_run_that_is_killed_at_any_step_leaves_a_host_that_logs_in(tool, joined, tell):
    """strace counts each system call for itself, so each has a loop of its own."""
    killed, unfinished = dict.fromkeys(STEPS, 0), 0
    for call in STEPS:
        for number in range(1, 100):
            inject = f"inject={call}:signal=KILL:when={number}"
            strace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
            status, printed, errors = run(tool, joined, "rotate", "--force", before=strace)
            assert status in (0, -9, 137), errors
            logged_in = log_in_afresh(tool, joined)
            assert logged_in[0] == 0, (call, number, logged_in)
            if status == 0:
                break
            killed[call] += 1
            unfinished += finish(tool, joined)
        else:
            pytest.fail("no run was long enough to end")
    tell(f"killed at {killed}, the change under way at {unfinished} of them")
    assert killed["sendto"] > 5 and killed["rename"] > 1 and killed["fsync"] > 2
    assert unfinished > 5
    assert not list(joined.directory.glob("*.rotate"))


def finish(tool, joined):
    """Whether a change is under way; the next run finishes it."""
    if not lines(joined)[-1].startswith("next "):
        return False
    next_password = lines(joined)[-1].split()[1]
    assert rotate(tool, joined)[0] == 0
    assert lines(joined)[0] == next_password
    assert log_in_afresh(tool, joined)[0] == 0
    return True


@pytest.mark.each_samba
def test_a_second_change_waits_for_a_day(tool, joined):
    assert rotate(tool, joined)[0] == 0
    first = lines(joined)
    status, title, fields = rotate(tool, joined)
    assert (status, title) == (0, "password not changed")
    assert "less than a day ago" in fields["reason"]
    assert lines(joined) == first


@pytest.mark.parametrize("fault", [faults.dead, faults.paused])
def test_a_controller_that_does_not_answer(tool, library, account, fault):
    account.reset()
    timeouts = 'connect_timeout = "500ms"\ncall_timeout = "1s"\n'
    mechanism = account.mechanism(library, netlogon=timeouts)
    try:
        with fault(account.controller):
            status, title, fields = rotate(tool, mechanism)
            assert (status, title) == (1, "password not changed")
            assert account.controller.address in fields["reason"]
            assert fields["reason"].startswith("no controller could be asked: ")
            assert fields["what to do"]
        assert lines(mechanism) == [account.secret]
        assert log_in_afresh(tool, mechanism)[0] == 0
    finally:
        mechanism.close()


def test_a_wrong_secret_says_what_to_do(tool, library, account):
    mechanism = account.mechanism(library, secret="not-the-secret")
    try:
        status, title, fields = rotate(tool, mechanism)
        assert (status, title) == (1, "password not changed")
        assert "STATUS_ACCESS_DENIED" in fields["reason"]
        assert fields["reason"].startswith("no controller takes the present secret: ")
        assert "The password of `account` is not the one in `secret`" in fields["what to do"]
        assert lines(mechanism) == ["not-the-secret"]
    finally:
        mechanism.close()


def test_a_keytab_is_for_the_tool_that_made_it(tool, joined):
    configuration = joined.configuration.replace("secret = ", "keytab = ")
    joined.rewrite("ntlmdc.toml", configuration)
    status, printed, errors = run(tool, joined, "rotate")
    assert (status, printed) == (2, "")
    assert "adcli update" in errors and str(joined.directory / "secret") in errors


def test_a_directory_that_others_can_write(tool, joined, account):
    joined.directory.chmod(0o770)
    status, printed, errors = run(tool, joined, "rotate")
    assert (status, printed) == (2, "")
    assert f"chmod go-w {joined.directory}" in errors
    assert lines(joined) == [account.secret]


def test_a_monitor_asks_for_the_age(tool, joined):
    status, title, fields = rotate(tool, joined, "--check-age")
    assert (status, title, fields["age"]) == (0, "machine password", "less than a minute")
    then = time.time() - 36 * 24 * 60 * 60
    os.utime(joined.directory / "secret", (then, then))
    status, _title, fields = rotate(tool, joined, "--check-age")
    assert (status, fields["age"]) == (1, "36 days")
    assert rotate(tool, joined, "--check-age", "--max-age", "37d")[0] == 0
    assert rotate(tool, joined)[0] == 0
    # From now on the file says it.
    os.utime(joined.directory / "secret", (then, then))
    assert rotate(tool, joined, "--check-age")[0] == 0


def test_the_units_are_valid(tool, tmp_path):
    """With the tool at the place where this host has it."""
    units = []
    for unit in sorted((mech.ROOT / "systemd").glob("ntlmdc-rotate.*")):
        text = unit.read_text().replace("/usr/bin/ntlmdc", str(tool))
        units.append(tmp_path / unit.name)
        units[-1].write_text(text)
    assert [unit.suffix for unit in units] == [".service", ".timer"]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
    )
    # systemd-analyze also looks at units of the host that these name.
    told = [line for line in done.stderr.splitlines() if "ntlmdc" in line]
    assert (done.returncode, told) == (0, []), done.stderr
