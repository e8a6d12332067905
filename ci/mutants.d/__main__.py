"""ci/mutants: changes the code that decides, and holds the survivors against the list."""

import argparse
import collections
import os
import pathlib
import re
import sys
import tomllib
import unittest

import changes
import combined
import runs

HERE = pathlib.Path(__file__).resolve().parent


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


def stale(known, files, found):
    """Accepted survivors of these files that no change corresponds to."""
    return sorted({one for one in known if one[0] in files} - {named(one.name) for one in found})


class Filters:
    """The arguments of the programs of tests for a group."""

    def __init__(self, group):
        skipped = [word for test in group.get("slow", []) for word in ("--skip", test)]
        self.every = tuple(group["tests"])
        self.quick = (*self.every, *skipped)
        self.rogue = tuple(group.get("rogue", []))


def chosen(words):
    """The files of these groups or paths, with their tests; all if there are no words."""
    found = {
        file: Filters(group)
        for name, group in groups().items()
        for file in group["files"]
        if not words or name in words or file in words
    }
    unknown = [word for word in words if word not in found.keys() | groups().keys()]
    if unknown:
        raise SystemExit(f"ci/mutants: no group or file of ci/mutants.d/files.toml: {unknown[0]}")
    return found


class Results:
    """What became of each change, by file."""

    def __init__(self, found, known):
        self.changes = found
        self.known = known
        self.kinds = {}
        self.left = collections.Counter(change.file for change in found)
        self.new = 0

    def add(self, number, kind):
        """Prints the file when it was the last of its changes."""
        assert number not in self.kinds, self.changes[number].name
        self.kinds[number] = kind
        file = self.changes[number].file
        self.left[file] -= 1
        if not self.left[file]:
            self._print(file)

    def _print(self, file):
        ours = [number for number, one in enumerate(self.changes) if one.file == file]
        wrong = [
            self.changes[number].name
            for number in ours
            if self.kinds[number] == "missed" and named(self.changes[number].name) not in self.known
        ]
        self.new += len(wrong)
        wrong += [
            f"{self.changes[number].name}: timeout"
            for number in ours
            if self.kinds[number] == "timeout"
        ]
        text = "".join(f"\n  {name}" for name in wrong)
        print(f"{file}: {self.counts(ours)}{text}", flush=True)

    def counts(self, numbers):
        count = collections.Counter(self.kinds[number] for number in numbers)
        return ", ".join(f"{count[kind]} {kind}" for kind in runs.KINDS)


def mutate(files, jobs):
    known = accepted()
    found = changes.of(list(files))
    results = Results(found, known)
    print(f"ci/mutants: building the tests with {len(found)} changes", flush=True)
    built = combined.Combined(found)
    built.build()
    for number in built.unviable:
        results.add(number, "unviable")
    run_combined(built, files, jobs, results)
    for file in sorted({found[number].file for number in built.alone}):
        ours = {found[number].name: number for number in built.alone if found[number].file == file}
        for name, kind in runs.alone(file, files[file].every, list(ours)).items():
            results.add(ours[name], kind)
    if lost := [one.name for number, one in enumerate(found) if number not in results.kinds]:
        raise runs.Failed(f"no result: {', '.join(lost)}")
    old = stale(known, files, found)
    for file, change in old:
        print(f"survivors.toml: no such change: {file}: {change}")
    counts = results.counts(range(len(found)))
    print(f"ci/mutants: {len(files)} files: {counts}; {results.new} survivors not accepted")
    return 1 if results.new or old else 0


def run_combined(built, files, jobs, results):
    """Runs the quick tests for each change; then, for those that they miss, the slow ones and those
    of tests/rogue."""
    unit, rogue = (runs.Program(program, built.tree) for program in (built.unit, built.rogue))
    numbers = sorted(set(range(len(built.changes))) - built.unviable - built.alone)
    filters = {number: files[built.changes[number].file] for number in numbers}
    stages = (
        (unit, {number: one.quick for number, one in filters.items()}),
        (unit, {number: one.every for number, one in filters.items() if one.every != one.quick}),
        (rogue, {number: one.rogue for number, one in filters.items() if one.rogue}),
    )
    missed = set(numbers)
    for place, (program, arguments) in enumerate(stages):
        later = {number for _, more in stages[place + 1 :] for number in more}

        def done(number, kind, later=later):
            if kind == "missed" and number in later:
                return
            missed.discard(number)
            results.add(number, kind)

        due = {number: words for number, words in arguments.items() if number in missed}
        runs.with_program(program, due, jobs, done)


class TestNames(unittest.TestCase):
    def test_a_line_gives_file_and_change(self):
        line = "src/a/b.rs:12:5: replace f -> Option<u8> with None"
        self.assertEqual(named(line), ("src/a/b.rs", "replace f -> Option<u8> with None"))

    def test_files_are_there_and_listed_once(self):
        files = [file for group in groups().values() for file in group["files"]]
        self.assertEqual(sorted(files), sorted(chosen([])))
        for file in files:
            self.assertTrue((changes.ROOT / file).is_file(), file)

    def test_survivors_are_of_listed_files(self):
        files = chosen([])
        for file, change in accepted():
            self.assertIn(file, files, change)


class TestBody(unittest.TestCase):
    TEXT = "/// A fn f.\nfn f(a: u8) -> bool {\n    a == 1\n}\n"

    def body(self):
        return combined.Body(self.TEXT, ("f", 0, len(self.TEXT) - 1))

    def test_a_body_is_what_is_within_its_braces(self):
        body = self.body()
        self.assertEqual(self.TEXT[body.start : body.end], "\n    a == 1\n")
        self.assertFalse(body.is_apart)

    def test_a_change_is_made_within_it(self):
        at = self.TEXT.index("==")
        change = changes.Change("f.rs", "", at, at + 2, "!=", None)
        self.assertTrue(self.body().holds(change))
        self.assertEqual(self.body().changed(change), "\n    a != 1\n")

    def test_a_function_for_fuzzing_is_not_built(self):
        for before, is_built in [("", True), (changes.FUZZING + "\n", False)]:
            text = before + self.TEXT
            function = ("f", 0, len(text) - 1)
            at = text.index("==")
            change = changes.Change("f.rs", "", at, at + 2, "!=", function)
            self.assertEqual(changes.is_built(change, text), is_built)

    def test_a_signature_is_outside(self):
        at = self.TEXT.index("u8")
        change = changes.Change("f.rs", "", at, at + 2, "u16", None)
        self.assertFalse(self.body().holds(change))


def main():
    arguments = argparse.ArgumentParser(prog="ci/mutants")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--test", action="store_true")
    arguments.add_argument("what", nargs="*", metavar="GROUP|FILE")
    wanted = arguments.parse_args()
    if wanted.test:
        tests = unittest.main("__main__", argv=["ci/mutants"], exit=False)
        return not tests.result.wasSuccessful()
    files = chosen(wanted.what)
    if wanted.list:
        for file, tests in files.items():
            print(f"{file}: {' '.join(tests.every)}")
        return 0
    try:
        return mutate(files, wanted.jobs)
    except runs.Failed as error:
        print(f"ci/mutants: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
