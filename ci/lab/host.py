"""The lab's use of the machine: processes that never outlive us, free ports, clean-up."""

import atexit
import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class LabError(Exception):
    """A failure of the lab. The text says what failed, and where to look."""


_cleanups = []


def on_exit(function):
    """Calls `function` once when this process ends, latest first, also on SIGTERM and SIGINT."""
    if not _cleanups:
        atexit.register(_clean_up)
        signal.signal(signal.SIGTERM, _on_signal)
        signal.signal(signal.SIGHUP, _on_signal)
    _cleanups.append(function)


def not_on_exit(function):
    """Cancels `on_exit(function)`, which has been done."""
    if function in _cleanups:
        _cleanups.remove(function)


def _clean_up():
    while _cleanups:
        _cleanups.pop()()


def _on_signal(number, _frame):
    raise SystemExit(128 + number)


def bound(command):
    """`command`, which the kernel kills when this process ends in any way."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]


def run(*command, **options):
    """Runs a command to its end and returns its output, which is also in the error of a failure."""
    done = subprocess.run(
        bound([str(word) for word in command]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        **options,
    )
    if done.returncode != 0:
        said = "\n".join(done.stdout.strip().splitlines()[-20:])
        raise LabError(f"{command[0]} ended with status {done.returncode}:\n{said}")
    return done.stdout


def end(process, patience=5.0):
    """Ends a process that we started, by SIGTERM and then by SIGKILL. Returns when it is gone."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def wait_until(true, seconds, failed):
    """Polls `true()` until it is; after `seconds` raises LabError with the text of `failed()`."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise LabError(failed())
        time.sleep(0.02)


def answers(address, port):
    """Whether a TCP port accepts connections."""
    try:
        socket.create_connection((address, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def free_port():
    """A TCP port on loopback without a listener.

    Below the range of ephemeral ports: a connection to such a port without a listener can connect
    to itself.
    """
    for _attempt in range(100):
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise LabError("no free TCP port from 20000 to 32000 on loopback")


# The names of lab directories and namespaces begin so, and have the id of the process that made
# them: a later run recognises those of a killed one.
PREFIX = "ntlmdc-lab-"


def scratch():
    """A new directory that unprivileged servers can enter; it is removed when this process ends."""
    reap()
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    path.chmod(0o755)

    def remove():
        not_on_exit(remove)
        shutil.rmtree(path, ignore_errors=True)

    on_exit(remove)
    return path, remove


def reap():
    """Removes the directories and namespaces of runs that were killed (SIGKILL, power)."""
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
        if _abandoned(name):
            run("ip", "netns", "delete", name)
    for path in pathlib.Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _abandoned(path.name) and not path.is_symlink() and path.stat().st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)


def _abandoned(name):
    owner = name.removeprefix(PREFIX).split("-")[0]
    return name.startswith(PREFIX) and owner.isdigit() and not os.path.exists(f"/proc/{owner}")
