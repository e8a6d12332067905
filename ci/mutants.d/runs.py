"""Runs the tests with one change at a time."""

import concurrent.futures
import os
import re
import resource
import shutil
import signal
import subprocess
import threading
import time

import changes

KINDS = ("caught", "unviable", "timeout", "missed")
# A change may make a test wait for ever, or collect without end.
SHORTEST_TIMEOUT = 60
MEMORY = 4 << 30
# One run in so many is without a change. It must pass: a test that fails by chance catches nothing.
EVERY = 25


class Failed(Exception):
    """The tests fail without a change."""


def _bound():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


class Program:
    """The tests' program of `combined.Combined`."""

    def __init__(self, program, tree):
        self.program = program
        self.tree = tree

    def run(self, tests, number, seconds):
        """The kind of the change with this number; -1 is no change."""
        child = subprocess.Popen(
            [self.program, *tests],
            cwd=self.tree,
            env={**os.environ, "MUTANT": str(number)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_bound,
        )
        late = threading.Event()
        alarm = threading.Timer(seconds, lambda: (late.set(), _end(child)))
        alarm.start()
        try:
            told = _until_a_test_fails(child.stdout)
        finally:
            alarm.cancel()
            _end(child)
            child.wait()
        if late.is_set():
            return "timeout"
        if re.search(r"^test result: ok\. [1-9]", told, re.MULTILINE):
            return "missed"
        if re.search(r"^test result: ok", told, re.MULTILINE):
            raise Failed(f"no test was run: {' '.join(tests)}")
        if number < 0:
            raise Failed(f"the tests fail without a change: {' '.join(tests)}\n{told}")
        return "caught"

    def seconds(self, tests):
        """How long a change may take: what the tests take without one, five times."""
        began = time.monotonic()
        if self.run(tests, -1, 1800) == "timeout":
            raise Failed(f"the tests do not end without a change: {' '.join(tests)}")
        return max(SHORTEST_TIMEOUT, 5 * (time.monotonic() - began))


def _until_a_test_fails(output):
    """What a program of tests prints. One failed test is enough: the others need not end."""
    lines = []
    for line in output:
        lines.append(line)
        if re.match(r"test \S+ \.\.\. FAILED", line):
            break
    return "".join(lines)


def _end(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def with_program(program, tests_of, jobs, done):
    """Runs its tests for each change, so many at once as `jobs`; calls `done(number, kind)` for
    each. `tests_of` has the arguments of the tests by the numbers of the changes."""
    limits = {tests: program.seconds(tests) for tests in sorted(set(tests_of.values()))}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = {}
        for count, (number, tests) in enumerate(tests_of.items()):
            waiting[pool.submit(program.run, tests, number, limits[tests])] = number
            if count % EVERY == 0:
                waiting[pool.submit(program.run, tests, -1, limits[tests])] = None
        try:
            for run in concurrent.futures.as_completed(waiting):
                number, kind = waiting[run], run.result()
                if number is not None:
                    done(number, kind)
                elif kind == "timeout":
                    raise Failed("the tests take too long without a change")
        finally:
            pool.shutdown(cancel_futures=True)


def alone(file, tests, names):
    """Lets cargo-mutants build and run these changes of a file, by their names; returns the kinds.
    It first runs the tests without a change, and measures them."""
    tree, output = changes.PLACE / "alone", changes.PLACE / "output"
    changes.copy_tree(tree)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    command = ["cargo", "mutants", "--in-place", "--file", file, "--output", output]
    command += ["--minimum-test-timeout", str(SHORTEST_TIMEOUT)]
    command += ["--no-shuffle", "--no-times", "--colors", "never"]
    for name in names:
        command += ["--re", f"^{re.escape(name)}$"]
    # Arguments of cargo test, and then of the tests' program.
    command += ["--", "--locked", "--lib", "--", *tests]
    done = subprocess.run(
        command, cwd=tree, env=changes.environment(), capture_output=True, text=True, check=False
    )
    # 0: all caught, 2: some missed, 3: some timed out.
    if done.returncode not in (0, 2, 3):
        raise SystemExit(f"ci/mutants: {file}: cargo mutants failed\n{done.stdout}{done.stderr}")
    place = output / "mutants.out"
    return {
        name: kind for kind in KINDS for name in (place / f"{kind}.txt").read_text().splitlines()
    }
