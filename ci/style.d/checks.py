"""The checks. Each yields a `Finding` for what breaks its rule."""

import re
from dataclasses import dataclass
from pathlib import PurePath

COLUMNS = 100
FILE_LINES = 400
# Rust outside of tests. An allowed function may have up to LONGEST_ALLOWED lines.
FUNCTION_LINES = 40
LONGEST_ALLOWED = 50
ALLOWED_FUNCTIONS = 5
# Tests, and the scripts of ci.
TEST_FUNCTION_LINES = 80
ALLOWED_OWNERS = 5
# Words for a person where a client, a caller, a controller, a process is meant.
INDEFINITE = "somebody someone anybody anyone nobody everybody everyone whoever whomever whom"
PRONOUNS = "he him his himself she her hers herself"
# Not within a longer word; `_` parts words, so names of tests are read too.
WORDS = "|".join((INDEFINITE + " " + PRONOUNS).split())
PERSONS = re.compile(rf"(?<![a-z])({WORDS})(?![a-z])", re.I)
# The Unix account, and the Windows group (S-1-1-0).
PROPER_NAMES = re.compile(r"""["'`:]nobody["'`:]|\bEveryone\b|\bEVERYONE\b""")


@dataclass(frozen=True)
class Finding:
    check: str
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


def columns(tree, allowed):
    """No line of a source file has more than 100 columns."""
    for file in tree.sources():
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS:
                text = f"{len(line)} columns, more than {COLUMNS}"
                yield Finding("columns", file.path, number, text)


def persons(tree, allowed):
    """No word for a person stands for a program, in comments, names, messages and pages."""
    for file in tree.files:
        if file.path.startswith("ci/style.d/"):
            continue
        for number, line in enumerate(file.lines, 1):
            for found in PERSONS.finditer(PROPER_NAMES.sub("", line)):
                yield Finding("persons", file.path, number, f"“{found[0]}”: name the thing")


def file_lines(tree, allowed):
    """No source file has more than 400 lines, but those that are allowed to."""
    names = allowed.get("long_files", {})
    for file in tree.sources():
        length = len(file.lines)
        if length > FILE_LINES and file.path not in names:
            yield Finding("file_lines", file.path, 1, f"{length} lines, more than {FILE_LINES}")
    long = {file.path for file in tree.sources() if len(file.lines) > FILE_LINES}
    yield from unused("long_files", set(names) - long)


def function_lines(tree, allowed):
    """No function is longer than its bound; at most five of Rust may have up to 50 lines."""
    names = allowed.get("long_functions", {})
    long = set()
    for file, function in functions(tree):
        key = f"{file.path}: {function.name}"
        bound = TEST_FUNCTION_LINES if function.is_test else FUNCTION_LINES
        if function.length > bound and key in names:
            long.add(key)
            bound = TEST_FUNCTION_LINES if function.is_test else LONGEST_ALLOWED
        if function.length > bound:
            text = f"{function.name} has {function.length} lines, more than {bound}"
            yield Finding("function_lines", file.path, function.line, text)
    if len(names) > ALLOWED_FUNCTIONS:
        text = f"{len(names)} long functions, more than {ALLOWED_FUNCTIONS}"
        yield Finding("allowed", "ci/style.d/allowed.toml", 1, text)
    yield from unused("long_functions", set(names) - long)


def owners(tree, allowed):
    """No type name has two owners within a floor."""
    names = allowed.get("shared_names", {})
    shared = shared_names(tree)
    for (floor, name), places in sorted(shared.items()):
        if f"{floor}: {name}" not in names:
            for file, line in places:
                others = ", ".join(other.path for other, _ in places if other is not file)
                yield Finding("owners", file.path, line, f"{name} is a type in {others} too")
    if len(names) > ALLOWED_OWNERS:
        text = f"{len(names)} shared names, more than {ALLOWED_OWNERS}"
        yield Finding("allowed", "ci/style.d/allowed.toml", 1, text)
    yield from unused("shared_names", set(names) - {f"{floor}: {name}" for floor, name in shared})


ALL = [columns, persons, file_lines, function_lines, owners]


def run(tree, allowed):
    return [finding for check in ALL for finding in check(tree, allowed)]


def beyond(findings, unclean):
    """The findings without those of the files that are not clean yet, and stale entries there."""
    keys = {f"{finding.check} {finding.path}" for finding in findings}
    left = [one for one in findings if f"{one.check} {one.path}" not in unclean]
    for entry in unclean:
        if entry not in keys:
            text = f"“{entry}” is clean: drop the entry (ci/style --prune)"
            left.append(Finding("allowed", "ci/style.d/unclean", 1, text))
    return left


def unused(table, names):
    for name in sorted(names):
        text = f"[{table}] allows “{name}” for nothing"
        yield Finding("allowed", "ci/style.d/allowed.toml", 1, text)


def functions(tree):
    """Each function with its file."""
    for file in tree.sources():
        for function in file.functions():
            is_test = function.is_test or tree.is_test(file)
            yield file, type(function)(function.name, function.line, function.length, is_test)


def shared_names(tree):
    """The type names that several files of one floor define, by floor and name."""
    head = re.compile(
        r"^(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|union|trait|type)\s+(\w+)", re.MULTILINE
    )
    places = {}
    for file in tree.rust():
        parts = PurePath(file.path).with_suffix("").parts
        if tree.is_test(file) or len(parts) < 2:
            continue
        for found in head.finditer(file.code):
            if not any(found.start() in span for span in file.test_spans):
                line = file.code.count("\n", 0, found.start()) + 1
                places.setdefault((parts[1], found[1]), []).append((file, line))
    return {key: found for key, found in places.items() if len(found) > 1}
