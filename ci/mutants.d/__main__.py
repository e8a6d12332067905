"""ci/mutants: runs cargo-mutants file by file, and holds its survivors against the list."""

import argparse
import os
import pathlib
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


def run(file, tests):
    """The lines of cargo-mutants about a file, by their kind."""
    output = PLACE / "output"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    command = ["cargo", "mutants", "--file", file, "--output", output, "--jobs", "1"]
    command += ["--minimum-test-timeout", "60", "--no-shuffle", "--no-times", "--colors", "never"]
    # Arguments of cargo test, and then of the tests' program.
    command += ["--", "--locked", "--lib", "--", *tests]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(PLACE / "target")}
    # Half of the time would go into symbols that no test looks at.
    environment["CARGO_PROFILE_DEV_DEBUG"] = "0"
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    # 0: all caught, 2: some missed, 3: some timed out.
    if done.returncode not in (0, 2, 3):
        raise SystemExit(f"ci/mutants: {file}: cargo mutants failed\n{done.stdout}{done.stderr}")
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


def mutate(files, minutes):
    known = accepted()
    began, totals, new = time.monotonic(), dict.fromkeys(KINDS, 0), 0
    left = []
    for number, (file, tests) in enumerate(files):
        if minutes and time.monotonic() - began > 60 * minutes:
            left = [name for name, _ in files[number:]]
            break
        lines = run(file, tests)
        wrong = [line for line in lines["missed"] if named(line) not in known]
        counts = ", ".join(f"{len(lines[kind])} {kind}" for kind in KINDS)
        print(f"{file}: {counts}, {len(wrong)} not accepted", flush=True)
        for line in wrong:
            print(f"  {line}", flush=True)
        for kind in KINDS:
            totals[kind] += len(lines[kind])
        new += len(wrong)
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
    return mutate(files, wanted.minutes)


if __name__ == "__main__":
    sys.exit(main())
