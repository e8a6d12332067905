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

KINDS = ("caught", "unviable", "timeout", "missed", "unsure")
# Tries before a change is `unsure`: each time a test failed that then passed, or that fails without
# the change, too.
TRIES = 3
# A change may make a test wait for ever, or collect without end.
SHORTEST_TIMEOUT = 60
MEMORY = 4 << 30
# One run in so many is without a change. It must pass: a test that fails by chance catches nothing.
UNCHANGED_EVERY = 25


def _bound():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


class Program:
    """The tests' program of `combined.Combined`."""

    def __init__(self, program, tree):
        self.program = program
        self.tree = tree

    def run(self, tests, number, seconds):
        """The kind of the change with this number. The test that catches it must fail again, and
        must pass without it."""
        for _ in range(TRIES):
            kind, test = self._once(tests, number, seconds)
            # An abort is of no test.
            which = ("--exact", test) if test else tests
            if kind != "caught" or self._is_certain(which, number, seconds):
                return kind
        return "unsure"

    def _is_certain(self, tests, number, seconds):
        again, without = (self._once(tests, one, seconds)[0] for one in (number, None))
        return again == "caught" and without == "missed"

    def check(self, tests, seconds):
        """Runs the tests without a change."""
        kind, test = self._once(tests, None, seconds)
        if kind != "missed":
            raise changes.Failed(f"without a change: {kind}: {test or ' '.join(tests)}")

    def seconds(self, tests):
        """How long a change may take: what the tests take without one, five times."""
        began = time.monotonic()
        self.check(tests, 1800)
        return max(SHORTEST_TIMEOUT, 5 * (time.monotonic() - began))

    def _once(self, tests, number, seconds):
        """A run's kind and its first failed test. `None` as the number is no change."""
        child = subprocess.Popen(
            [self.program, *tests],
            cwd=self.tree,
            env={**os.environ, "MUTANT": "" if number is None else str(number)},
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
            told, test = _until_a_test_fails(child.stdout)
            if not test:
                child.wait()
        finally:
            alarm.cancel()
            _end(child)
            child.wait()
        if late.is_set():
            return "timeout", None
        if test:
            return "caught", test
        if child.returncode == 0 and re.search(r"^test result: ok\. [1-9]", told, re.MULTILINE):
            return "missed", None
        # An abort is of the change: without it, the tests pass.
        if child.returncode in (-signal.SIGABRT, -signal.SIGSEGV):
            return "caught", None
        why = f"status {child.returncode}: {' '.join(tests)}"
        raise changes.Failed(f"the tests ended without a result: {why}\n{told}")


def _until_a_test_fails(output):
    """What a program of tests prints, and the first failed test. The others need not end."""
    lines = []
    for line in output:
        lines.append(line)
        if found := re.match(r"test (\S+)(?: - should panic)? \.\.\. FAILED", line):
            return "".join(lines), found[1]
    return "".join(lines), None


def _end(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def with_program(program, tests_of, jobs):
    """Runs its tests for each change, so many at once as `jobs`; yields number and kind of each.
    `tests_of` has the arguments of the tests by the numbers of the changes."""
    limits = {tests: program.seconds(tests) for tests in sorted(set(tests_of.values()))}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = {}
        for count, (number, tests) in enumerate(tests_of.items()):
            waiting[pool.submit(program.run, tests, number, limits[tests])] = number
            if count % UNCHANGED_EVERY == 0:
                waiting[pool.submit(program.check, tests, limits[tests])] = None
        try:
            for run in concurrent.futures.as_completed(waiting):
                kind = run.result()
                if waiting[run] is not None:
                    yield waiting[run], kind
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
        raise changes.Failed(f"{file}: cargo mutants failed\n{done.stdout}{done.stderr}")
    place = output / "mutants.out"
    return {
        name: kind
        for kind in KINDS
        if (place / f"{kind}.txt").exists()
        for name in (place / f"{kind}.txt").read_text().splitlines()
    }
