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
    """The accepted results, (file, change, kind), and how often each is listed. An entry without a
    kind is for a missed change; none is for `unsure`."""
    survivors = tomllib.loads((HERE / "survivors.toml").read_text()).get("survivor", [])
    for one in survivors:
        if not one["reason"].strip():
            raise changes.Failed(f"survivors.toml: no reason: {one['file']}: {one['change']}")
    entries = ((one["file"], one["change"], one.get("kind", "missed")) for one in survivors)
    return collections.Counter(entry for entry in entries if entry[2] != "unsure")


def named(line):
    """The file and the change of a line such as `src/a.rs:12:5: replace f -> u8 with 0`. Line and
    column are left out, since they shift: two changes of a file can have the same name."""
    file, change = re.fullmatch(r"(.+?):\d+:\d+: (.+)", line).groups()
    return file, change


def not_accepted(known, kinds):
    """The lines that no entry accepts. `kinds` has the kind of each line. An entry is for one
    change."""
    unused = collections.Counter(known)
    wrong = []
    for line, kind in kinds.items():
        if unused[*named(line), kind]:
            unused[*named(line), kind] -= 1
        else:
            wrong.append(line)
    return wrong


def stale(known, files, left_over):
    """The entries for these files that accept nothing: (file, change, kind)."""
    unused = known - collections.Counter(left_over)
    return sorted(one for one in unused if one[0] in files)


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
