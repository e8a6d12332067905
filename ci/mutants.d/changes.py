"""The changes that cargo-mutants would make, and the copies of the tree in which they are made."""

import collections
import json
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACE = ROOT / "target" / "mutants"
FUZZING = '#[cfg(feature = "fuzzing")]'


class Failed(Exception):
    """The run ends without a result; the text says why."""


# `name` as cargo-mutants prints it; `start` and `end` are offsets in the file's text; `function`
# has the name and the offsets of the function, or is None.
Change = collections.namedtuple("Change", "file name start end replacement function")


class Text:
    """A file's text, with offsets for lines and columns, both from 1, in characters."""

    def __init__(self, text):
        self.text = text
        self.lines = [0]
        for line in text.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))

    def offset(self, place):
        return self.lines[place["line"] - 1] + place["column"] - 1


def of(files):
    """All changes of these files, in their order; without those that no unit test is built with."""
    command = ["cargo", "mutants", "--list", "--json"]
    for file in files:
        command += ["--file", file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        advice = "is it installed? cargo install cargo-mutants --locked"
        raise Failed(f"cargo mutants --list failed; {advice}\n{done.stderr}")
    texts = {file: Text((ROOT / file).read_text()) for file in files}
    found = [_change(one, texts[one["file"]]) for one in json.loads(done.stdout)]
    return [change for change in found if is_built(change, texts[change.file].text)]


def is_built(change, text):
    """Whether the unit tests have the changed function: one for tests/fuzz is left out of them."""
    return not change.function or FUZZING not in text[change.function[1] : change.start]


def _change(one, text):
    start, end = (text.offset(one["span"][side]) for side in ("start", "end"))
    function = one["function"]
    if function:
        span = function["span"]
        name = function["function_name"].rsplit("::", 1)[-1]
        function = (name, text.offset(span["start"]), text.offset(span["end"]))
    return Change(one["file"], one["name"], start, end, one["replacement"], function)


def copy_tree(tree):
    """Makes a copy of the tree as it is now. A file that is the same keeps its time, so that cargo
    does not build it again."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {name for name in told.split("\0") if (ROOT / name).is_file()}
    for name in names:
        source, copy = ROOT / name, tree / name
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    for copy in list(tree.rglob("*")):
        if copy.is_file() and str(copy.relative_to(tree)) not in names:
            copy.unlink()


def environment():
    """Of cargo. Half of the time would go into symbols that no test looks at, and a change may
    leave something unused."""
    return {
        **os.environ,
        "CARGO_TARGET_DIR": str(PLACE / "target"),
        "CARGO_PROFILE_DEV_DEBUG": "0",
        "RUSTFLAGS": "--cap-lints=allow",
    }
