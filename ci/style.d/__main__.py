"""ci/style: what the arguments ask for."""

import sys
import tomllib
import unittest
from pathlib import Path

import checks
import numbers_of
from tree import Tree

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Files that do not keep a rule yet: `check path`, one on a line. The list only shrinks.
UNCLEAN = HERE / "unclean"


def main(arguments):
    match arguments:
        case []:
            return check()
        case ["--numbers", *rest] if len(rest) < 2:
            tree = Tree.at(Path(*rest or [ROOT]).resolve())
            print(*numbers_of.report(tree), sep="\n")
            return 0
        case ["--test"]:
            suite = unittest.defaultTestLoader.discover(HERE)
            return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
        case ["--prune"]:
            return prune()
        case [first, *_] if not first.startswith("-"):
            return show(tuple(arguments))
    print("usage: ci/style [PATH... | --numbers [DIR] | --prune | --test]", file=sys.stderr)
    return 2


def findings():
    allowed = tomllib.loads((HERE / "allowed.toml").read_text())
    return checks.run(Tree.at(ROOT), allowed)


def check():
    unclean = UNCLEAN.read_text().splitlines()
    wrong = checks.beyond(findings(), unclean)
    for finding in wrong:
        print(finding)
    print(f"{len(wrong)} findings; {len(unclean)} entries in ci/style.d/unclean")
    return 1 if wrong else 0


def show(paths):
    """All findings of some files or folders, those in the list of unclean files too."""
    wrong = [finding for finding in findings() if finding.path.startswith(paths)]
    for finding in wrong:
        print(finding)
    return 1 if wrong else 0


def prune():
    """Drops the entries of files that are clean."""
    found = {f"{finding.check} {finding.path}" for finding in findings()}
    left = [line for line in UNCLEAN.read_text().splitlines() if line in found]
    UNCLEAN.write_text("".join(f"{line}\n" for line in left))
    return 0


sys.exit(main(sys.argv[1:]))
