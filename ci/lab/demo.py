"""The demo: see ci/demo, which runs this."""

import contextlib
import dataclasses
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from . import accounts, apache, domain, host, mech

_TTY = sys.stdout.isatty()


def _paint(code, text):
    return f"\033[{code}m{text}\033[0m" if _TTY else text


def bold(text):
    return _paint("1", text)


def dim(text):
    return _paint("2", text)


def good(text):
    return _paint("32", text)


def bad(text):
    return _paint("31", text)


class Step:
    """One line of the preparations with its duration; a long one shows that it is alive."""

    def __init__(self, name, doing):
        self.name, self.doing, self.done = name, doing, ""

    def __enter__(self):
        self._began = time.monotonic()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()
        return self

    def __exit__(self, kind, *_rest):
        self._over.set()
        self._ticker.join()
        if _TTY:
            print("\r\033[K", end="")
        if kind is None:
            print(f"  {good('✓')} {self.name:9} {self.done:72} {dim(self._spent())}", flush=True)
        else:
            print(f"  {bad('✗')} {self.name:9} {self.doing}", flush=True)

    def _spent(self):
        return f"{time.monotonic() - self._began:5.1f} s"

    def _tick(self):
        while not self._over.wait(0.1 if _TTY else 10):
            line = f"    {self.name:9} {self.doing + ' …':72} {dim(self._spent())}"
            print("\r\033[K" + line if _TTY else line, end="" if _TTY else "\n", flush=True)


@dataclasses.dataclass
class Login:
    """A login and its expected result."""

    title: str
    user: str
    password: str
    status: int = 200
    minor: str = ""


def logins(passwords, with_domain):
    yield Login("The right password", "alice", passwords["alice"])
    yield Login("Another user", "bob", passwords["bob"])
    yield Login("A wrong password", "alice", "wrong-password", 401, "4e440401")
    yield Login("A user who does not exist", "nobody", "whatever", 401, "4e440401")
    if with_domain:
        yield Login("A disabled account", "dora", passwords["dora"], 401, "4e440402")


def attempt(server, login):
    """Logs in with curl, shows the result and returns whether it is the expected one."""
    account = f"{domain.NETBIOS}\\{login.user}"
    mark = server.mark()
    began = "%{http_code} %{time_total}"
    done = subprocess.run(
        host.bound(["curl", "-sS", "--max-time", "60", "--ntlm"])
        + ["--user", f"{account}:{login.password}", "--write-out", "\n" + began, server.url],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise host.LabError(f"curl failed: {done.stderr.strip()}")
    page, _, measured = done.stdout.rpartition("\n")
    status, seconds = measured.split()
    found = re.search(r"^user: (.+)$", page, re.MULTILINE)
    user = found[1] if found else None
    logged = [line for line in server.logged(mark).splitlines() if line]
    right = int(status) == login.status and user == (account if login.status == 200 else None)
    right = right and login.minor in "\n".join(logged)
    shown = good if right else bad
    print(f"\n  {bold(login.title)}")
    print(f"    {dim('$')} curl --ntlm --user '{account}:{login.password}' {server.url}")
    spent = f"{float(seconds) * 1e3:.1f} ms"
    print(f"    {shown('HTTP ' + status)}   REMOTE_USER {user or '–'}   {spent}")
    for line in logged:
        print(f"    {dim('log')} {line}")
    if not right:
        expected = f"HTTP {login.status}" + (f" and code {login.minor}" if login.minor else "")
        print(f"    {bad('expected ' + expected)}")
    return right


def version(server):
    """The versions of Apache and the module in the Server field."""
    try:
        urllib.request.urlopen(server.url, timeout=10).close()
    except urllib.error.HTTPError as refused:
        return refused.headers["Server"]
    raise host.LabError(f"{server.url} is not protected: it answered without a login")


def keep(server, passwords):
    """Waits for Ctrl-C."""
    print(f"\n  {bold('Running')} at {server.url}")
    for user, password in passwords.items():
        fate = dim(accounts.USERS.get(user, "let in"))
        print(f"    {domain.NETBIOS}\\{user:8} {password:22} {fate}")
    print(f"  Apache's log: {server.error_log}")
    print("  Ctrl-C ends it all.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
    print()


def keep_logs(directory, server, controller):
    """Saves the logs of the servers before they are removed."""
    if server:
        shutil.copy(server.error_log, directory / "apache-error.log")
    if controller:
        (directory / "controller.log").write_text(controller.log())


def show(words, logs):
    """The whole demo; returns whether every login had the expected result."""
    server = controller = None
    began = time.monotonic()
    try:
        with Step("library", "cargo build --release") as step:
            with (logs / "build.log").open("w") as log:
                library = mech.library(log)
            step.done = library.name
        if "--users" in words:
            mechanism = mech.with_users(library)
        else:
            with Step("domain", "raising a domain and its accounts") as step:
                controller = domain.Domain()
                step.done = f"{domain.REALM}, controller dc1 at {controller.address}"
            mechanism = mech.with_domain(library, controller)
        with Step("web", "starting Apache") as step:
            server = apache.Apache(mechanism)
            step.done = f"{version(server)}, {server.url}"
        results = [attempt(server, l) for l in logins(mechanism.passwords, controller is not None)]
        passed = all(results)
        spent = f"{time.monotonic() - began:.1f} s"
        if passed:
            print(f"\n  {good('All results as expected.')} {dim(spent)}", flush=True)
        else:
            wrong = f"{results.count(False)} of {len(results)} logins"
            print(f"\n  {bad('Unexpected result')}: {wrong}.")
        if "--keep" in words:
            keep(server, mechanism.passwords)
        return passed
    finally:
        keep_logs(logs, server, controller)


def main(words):
    who = "from a users file" if "--users" in words else "verified by a domain controller"
    print(f"\n{bold('ntlmdc')}: NTLM logins through Apache, {who}\n", flush=True)
    logs = pathlib.Path(tempfile.mkdtemp(prefix="ntlmdc-demo-"))
    passed = False
    try:
        passed = show(words, logs)
    except host.LabError as error:
        print(f"\n  {bad('The demo could not go on.')}\n{error}")
    except KeyboardInterrupt:
        print("\n  Stopped.")
    if passed:
        shutil.rmtree(logs)
    else:
        print(f"\n  The logs of the build, Apache and the controller: {logs}")
        print("  What each code in square brackets means: docs/errors.md\n")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
