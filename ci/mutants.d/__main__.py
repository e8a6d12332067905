"""ci/mutants: runs cargo-mutants file by file, and holds its survivors against the list."""

import argparse
import concurrent.futures
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import time
import tomllib
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = ROOT / "target" / "mutants"
KINDS = ("caught", "unviable", "timeout", "missed")


def groups():
    return tomllib.loads((HERE / "files.toml").read_text())


def accepted():
    """The accepted survivors: (file, change)."""
    listed = tomllib.loads((HERE / "survivors.toml").read_text()).get("survivor", [])
    return {(one["file"], one["change"]) for one in listed if one["reason"]}


def named(line):
    """The file and the change of a line such as `src/a.rs:12:5: replace f -> u8 with 0`. A change
    within a line may be there twice, so its column stays out."""
    file, change = re.fullmatch(r"(.+?):\d+:\d+: (.+)", line).groups()
    return file, change


class Lane:
    """A copy of the tree, in which one file at a time is changed. What was built stays for the next
    file: the copy is always at the same path."""

    def __init__(self, number):
        self.place = PLACE / str(number)
        self.tree = self.place / "tree"
        self._copy()

    def _copy(self):
        """Makes the copy as the tree is now. A file that is the same keeps its time, so that cargo
        does not build it again."""
        words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        names = {name for name in told.split("\0") if (ROOT / name).is_file()}
        for name in names:
            source, copy = ROOT / name, self.tree / name
            if not copy.exists() or copy.read_bytes() != source.read_bytes():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, copy)
        for copy in list(self.tree.rglob("*")):
            if copy.is_file() and str(copy.relative_to(self.tree)) not in names:
                copy.unlink()

    def run(self, file, tests):
        """The lines of cargo-mutants about a file, by their kind."""
        output = self.place / "output"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        command = ["cargo", "mutants", "--in-place", "--file", file, "--output", output]
        command += ["--minimum-test-timeout", "60", "--no-shuffle", "--no-times"]
        command += ["--colors", "never"]
        # Arguments of cargo test, and then of the tests' program.
        command += ["--", "--locked", "--lib", "--", *tests]
        environment = {**os.environ, "CARGO_TARGET_DIR": str(self.place / "target")}
        # Half of the time would go into symbols that no test looks at.
        environment["CARGO_PROFILE_DEV_DEBUG"] = "0"
        done = subprocess.run(
            command, cwd=self.tree, env=environment, capture_output=True, text=True
        )
        # 0: all caught, 2: some missed, 3: some timed out.
        if done.returncode not in (0, 2, 3):
            text = f"{file}: cargo mutants failed\n{done.stdout}{done.stderr}"
            raise SystemExit(f"ci/mutants: {text}")
        folder = output / "mutants.out"
        return {kind: (folder / f"{kind}.txt").read_text().splitlines() for kind in KINDS}


def changes(files):
    """All changes that there are, as pairs."""
    command = ["cargo", "mutants", "--list", "--colors", "never"]
    for file in files:
        command += ["--file", file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {named(line) for line in done.stdout.splitlines()}


def stale(known, files):
    """Accepted survivors of these files that no change corresponds to."""
    ours = {one for one in known if one[0] in files}
    return sorted(ours - changes(files)) if ours else []


def chosen(words):
    """The files of these groups or paths, with their tests; all if there are no words."""
    found = [
        (file, group["tests"])
        for name, group in groups().items()
        for file in group["files"]
        if not words or name in words or file in words
    ]
    names = {file for file, _ in found} | set(groups())
    unknown = [word for word in words if word not in names]
    if unknown:
        raise SystemExit(f"ci/mutants: no group or file of ci/mutants.d/files.toml: {unknown[0]}")
    return found


def report(file, lines, known):
    """Prints the result of a file; returns the number of survivors that are not accepted."""
    wrong = [line for line in lines["missed"] if named(line) not in known]
    counts = ", ".join(f"{len(lines[kind])} {kind}" for kind in KINDS)
    text = "".join(f"\n  {line}" for line in wrong)
    print(f"{file}: {counts}, {len(wrong)} not accepted{text}", flush=True)
    return len(wrong)


def mutate(files, minutes, jobs):
    known = accepted()
    end = time.monotonic() + 60 * minutes
    lanes = queue.SimpleQueue()
    for number in range(jobs):
        lanes.put(Lane(number))

    def one(file, tests):
        lane = lanes.get()
        try:
            # None: the time was over before this file's turn.
            return None if minutes and time.monotonic() > end else lane.run(file, tests)
        finally:
            lanes.put(lane)

    totals, new, left = dict.fromkeys(KINDS, 0), 0, []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = {pool.submit(one, file, tests): file for file, tests in files}
        for done in concurrent.futures.as_completed(runs):
            lines = done.result()
            if lines is None:
                left.append(runs[done])
                continue
            new += report(runs[done], lines, known)
            for kind in KINDS:
                totals[kind] += len(lines[kind])
    old = stale(known, [file for file, _ in files])
    for file, change in old:
        print(f"survivors.toml: no such change: {file}: {change}")
    for file in left:
        print(f"{file}: not run, the time is over")
    summary = ", ".join(f"{totals[kind]} {kind}" for kind in KINDS)
    print(f"ci/mutants: {len(files) - len(left)} files: {summary}; {new} survivors not accepted")
    return 1 if new or old else 0


class TestNames(unittest.TestCase):
    def test_a_line_gives_file_and_change(self):
        line = "src/a/b.rs:12:5: replace f -> Option<u8> with None"
        self.assertEqual(named(line), ("src/a/b.rs", "replace f -> Option<u8> with None"))

    def test_files_are_there_and_listed_once(self):
        files = [file for file, _ in chosen([])]
        self.assertEqual(len(files), len(set(files)))
        for file in files:
            self.assertTrue((ROOT / file).is_file(), file)

    def test_survivors_are_of_listed_files(self):
        files = {file for file, _ in chosen([])}
        for file, change in accepted():
            self.assertIn(file, files, change)


def main():
    arguments = argparse.ArgumentParser(prog="ci/mutants")
    arguments.add_argument("--minutes", type=float, default=0)
    arguments.add_argument("--jobs", type=int, default=1)
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--test", action="store_true")
    arguments.add_argument("what", nargs="*", metavar="GROUP|FILE")
    wanted = arguments.parse_args()
    if wanted.test:
        tests = unittest.main("__main__", argv=["ci/mutants"], exit=False)
        return not tests.result.wasSuccessful()
    files = chosen(wanted.what)
    if wanted.list:
        for file, tests in files:
            print(f"{file}: {' '.join(tests)}")
        return 0
    return mutate(files, wanted.minutes, wanted.jobs)


if __name__ == "__main__":
    sys.exit(main())
