"""The system calls of a login."""

import collections
import os
import re
import time

import pytest
from lab import mech, programs


LOGINS = 100

# Of one login: four reads from the initiator and three writes to it, the server challenge, and a
# log line, which goes to a pipe here.
USERS = {
    "read pipe": 4,
    "write pipe": 4,
    # Whether standard error is usable and has room.
    "fstat pipe": 1,
    "ppoll": 1,
}
# And one question to the controller, on an open connection. Meanwhile it holds one of the host's
# slots: a lock on a file that stays open.
NETLOGON = USERS | {"sendto socket": 1, "flock": 2}
# Calls for random bytes. With glibc 2.41 and a kernel that has it, the vDSO generates them, and
# makes the system call only to renew its key.
DRAWN = {"users": 1, "domain": 2}
# As often as they are needed.
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
    # The program runs as root: other users could not use the state directory.
    os.chown(mechanism.directory / "state", 0, 0)
    yield mechanism
    mechanism.close()


def watch(setting, program, mechanism, *words):
    """The system calls of `LOGINS` logins after a warm-up, one per line."""
    trace = setting.folder / "trace"
    # A file that was written just now is checked again: it may change within the same second.
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
    """The call with the kind of its descriptor unless that is a file, like `sendto socket`."""
    return " ".join(filter(None, re.match(r"(\w+)\((?:\d+<(\w+):)?", call).groups()))


@pytest.mark.parametrize("verifier, each", [("users", USERS), ("domain", NETLOGON)])
def test_a_login_makes_only_the_necessary_system_calls(setting, program, request, verifier, each):
    mechanism = request.getfixturevalue(f"with_{verifier}")
    began = time.monotonic()
    calls = watch(setting, program, mechanism)
    seconds = time.monotonic() - began
    # Whether a file has changed, and whether contexts can be exported (through a directory that
    # must be ours: hence the user id), is checked once a second, however many logins there are.
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


def test_the_first_look_up_of_group_names(setting, program, with_domain):
    """Later logins find the names in the cache."""
    calls = [name(call) for call in watch(setting, program, with_domain, "groups")]
    assert "connect socket" in calls
