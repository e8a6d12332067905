"""What is listed: the files with their tests, and the survivors that are accepted."""

import collections
import pathlib
import re
import tomllib

import changes

HERE = pathlib.Path(__file__).resolve().parent


def _files():
    return tomllib.loads((HERE / "files.toml").read_text())


def groups():
    return _files()["group"]


def slow():
    """The unit tests that take long, by their full names."""
    return _files()["slow"]


def accepted():
    """The accepted survivors, (file, change), and how often each is listed."""
    survivors = tomllib.loads((HERE / "survivors.toml").read_text()).get("survivor", [])
    for one in survivors:
        if not one["reason"].strip():
            raise changes.Failed(f"survivors.toml: no reason: {one['file']}: {one['change']}")
    return collections.Counter((one["file"], one["change"]) for one in survivors)


def named(line):
    """The file and the change of a line such as `src/a.rs:12:5: replace f -> u8 with 0`. A change
    of a function may be there twice; lines change, so they stay out."""
    file, change = re.fullmatch(r"(.+?):\d+:\d+: (.+)", line).groups()
    return file, change


def not_accepted(known, missed):
    """The lines of survivors beyond those that are accepted: an entry is for one change."""
    left = collections.Counter(known)
    wrong = []
    for line in missed:
        if left[named(line)]:
            left[named(line)] -= 1
        else:
            wrong.append(line)
    return wrong


def stale(known, files, found):
    """Accepted survivors of these files that no change corresponds to."""
    there = collections.Counter(named(one.name) for one in found)
    return sorted((known - there).keys() & {one for one in known if one[0] in files})


class Filters:
    """The arguments of the programs of tests for a group."""

    def __init__(self, group):
        self.all_tests = tuple(group["tests"])
        skipped = (word for test in slow() for word in ("--skip", test))
        self.quick = (*self.all_tests, *skipped)
        own = [test for test in slow() if any(word in test for word in self.all_tests)]
        self.slow = ("--exact", *own) if own else ()
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
        raise changes.Failed(f"no group or file of ci/mutants.d/files.toml: {unknown[0]}")
    return found
