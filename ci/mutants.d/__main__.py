"""ci/mutants: changes the code that decides, and holds the survivors against the list."""

import argparse
import collections
import os
import pathlib
import sys
import unittest

import changes
import combined
import listed
import runs

HERE = pathlib.Path(__file__).resolve().parent
NOTICED = ("caught", "unviable")


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
        names = {number: self.changes[number].name for number in ours}
        kinds = {names[n]: self.kinds[n] for n in ours if self.kinds[n] not in NOTICED}
        wrong = listed.not_accepted(self.known, kinds)
        self.new += len(wrong)
        text = "".join(f"\n  {kinds[name]}: {name}" for name in wrong)
        print(f"{file}: {self.counts(ours)}{text}", flush=True)

    def left_over(self):
        """Each change that is neither caught nor unviable: (file, change, kind)."""
        kinds = ((self.changes[number].name, kind) for number, kind in self.kinds.items())
        return [(*listed.named(name), kind) for name, kind in kinds if kind not in NOTICED]

    def counts(self, numbers):
        count = collections.Counter(self.kinds[number] for number in numbers)
        return ", ".join(f"{count[kind]} {kind}" for kind in runs.KINDS)


def mutate(files, jobs):
    known = listed.accepted()
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
        # cargo-mutants makes some that it was not asked for.
        for name, kind in runs.alone(file, files[file].all_tests, list(ours)).items():
            if name in ours:
                results.add(ours[name], kind)
    if lost := [one.name for number, one in enumerate(found) if number not in results.kinds]:
        raise changes.Failed(f"no result: {', '.join(lost)}")
    old = listed.stale(known, files, results.left_over())
    for file, change, kind in old:
        print(f"survivors.toml: no change is {kind}: {file}: {change}")
    counts = results.counts(range(len(found)))
    print(f"ci/mutants: {len(files)} files: {counts}; {results.new} not accepted")
    return 1 if results.new or old else 0


def run_combined(built, files, jobs, results):
    """Runs the quick tests for each change; then, for those that they miss, the slow ones and those
    of tests/rogue."""
    unit, rogue = (runs.Program(program, built.tree) for program in (built.unit, built.rogue))
    numbers = sorted(set(range(len(built.changes))) - built.unviable - built.alone)
    filters = {number: files[built.changes[number].file] for number in numbers}
    stages = (
        (unit, {number: one.quick for number, one in filters.items()}),
        (unit, {number: one.slow for number, one in filters.items() if one.slow}),
        (rogue, {number: one.rogue for number, one in filters.items() if one.rogue}),
    )
    missed = set(numbers)
    for place, (program, arguments) in enumerate(stages):
        later = set().union(*(more for _, more in stages[place + 1 :]))
        due = {number: words for number, words in arguments.items() if number in missed}
        for number, kind in runs.with_program(program, due, jobs):
            if kind != "missed" or number not in later:
                missed.discard(number)
                results.add(number, kind)


def main():
    arguments = argparse.ArgumentParser(prog="ci/mutants")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--test", action="store_true")
    arguments.add_argument("what", nargs="*", metavar="GROUP|FILE")
    wanted = arguments.parse_args()
    if wanted.test:
        suite = unittest.defaultTestLoader.discover(HERE)
        return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
    try:
        files = listed.chosen(wanted.what)
        if not wanted.list:
            return mutate(files, wanted.jobs)
        for file, tests in files.items():
            print(f"{file}: {' '.join(tests.all_tests)}")
        return 0
    except changes.Failed as error:
        print(f"ci/mutants: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
