"""What a login costs the machine, system call by system call."""

import collections
import os
import re
import time

import pytest
from lab import mech, programs


LOGINS = 100

# Of one login: four pieces of messages read from the initiator and three written to it, a challenge
# drawn, and a line for the log, which is a pipe here as well.
USERS = {
    "read pipe": 4,
    "write pipe": 4,
    # Whether standard error is a log, and has room.
    "fstat pipe": 1,
    "ppoll": 1,
}
# And one question to the controller, on the connection that is there. While it is under way, it holds
# one of the host's slots: a lock on a file that stays open.
NETLOGON = USERS | {"sendto socket": 1, "flock": 2}
# How often random bytes are drawn. From glibc 2.41 on the vDSO draws them, where the kernel has that;
# it makes the system call only when its key is renewed.
DRAWN = {"users": 1, "domain": 2}
# As often as they need.
UNCOUNTED = {"getpid", "recvfrom socket"}


@pytest.fixture(scope="module")
def setting(tmp_path_factory, library):
    return programs.Setting(tmp_path_factory.mktemp("quiet"), library)


@pytest.fixture(scope="module")
def program(setting):
    return programs.compile_c(programs.SOURCES / "system_calls.c", setting.folder)


@pytest.fixture
def with_users(library):
    mechanism = mech.with_users(library)
    yield mechanism
    mechanism.close()


@pytest.fixture
def with_domain(library, controller):
    mechanism = mech.with_domain(library, controller)
    # The program runs as root: otherwise nothing would be shared, and nothing limited.
    os.chown(mechanism.directory / "state", 0, 0)
    yield mechanism
    mechanism.close()


def watch(setting, program, mechanism, *words):
    """The system calls of `LOGINS` logins after the first few, one a line."""
    trace = setting.folder / "trace"
    # Of a file that was written just now, it is not certain that it stays so.
    time.sleep(0.1)
    done = programs.run(
        *("strace", "-qq", "-y", "-o", trace, program, 5, LOGINS, *words),
        environment=setting.environment(
            NTLMDC_CONFIG=mechanism.environment["NTLMDC_CONFIG"],
            INITIATOR_PASSWORD=mechanism.passwords["alice"],
        ),
    )
    assert done.returncode == 0, done.stderr
    between = re.search(
        r'^write\(2.*"begin.*?\n(.*)^write\(2.*"end', trace.read_text(), re.S | re.M
    )
    return between[1].splitlines()


def name(call):
    """`sendto socket` and the like: the call, and what it is made on unless that is a file."""
    return " ".join(filter(None, re.match(r"(\w+)\((?:\d+<(\w+):)?", call).groups()))


@pytest.mark.parametrize("verifier, each", [("users", USERS), ("domain", NETLOGON)])
def test_a_login_touches_nothing_that_it_does_not_need(setting, program, request, verifier, each):
    mechanism = request.getfixturevalue(f"with_{verifier}")
    began = time.monotonic()
    calls = watch(setting, program, mechanism)
    seconds = time.monotonic() - began
    # Whether a file has changed, and whether logins can be handed over (by a directory that must be
    # ours: hence the user id), is asked once a second, whatever the number of logins.
    ours = (str(mechanism.directory), str(setting.state), "geteuid()")
    looks = [
        call
        for call in calls
        if any(place in call for place in ours) and name(call) != "flock"
    ]
    assert looks
    for look, times in collections.Counter(looks).items():
        assert times <= 3 * (seconds + 1), look
    counted = collections.Counter(name(call) for call in calls if call not in looks)
    for call in UNCOUNTED:
        del counted[call]
    assert counted.pop("getrandom", 0) <= DRAWN[verifier] * LOGINS
    assert counted == {call: times * LOGINS for call, times in each.items()}


def test_who_asks_for_groups_is_seen(setting, program, with_domain):
    """The first time; later their names are known."""
    calls = [name(call) for call in watch(setting, program, with_domain, "groups")]
    assert "connect socket" in calls
