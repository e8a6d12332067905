"""Writes docs/capacity.md and its picture, or checks them."""

import argparse
import sys
import unittest

import defaults
import page
import picture
from scenarios import TABLES


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K  {text}", end="", file=sys.stderr, flush=True)


def tables(known):
    """All tables: the known ones as they are, the others from the simulation."""
    numbers = defaults.everything()
    found = {
        table.name: known.get(table.name) or table.lines(numbers, progress) for table in TABLES
    }
    progress("")
    return found


def write():
    found = tables({})
    page.PAGE.write_text(page.whole(found))
    page.PICTURE.write_text(picture.draw(found))
    print(f"ci/capacity: {sum(len(lines) - 2 for lines in found.values())} rows")
    return 0


def check():
    """The slow tables are taken from the page: its fingerprint says whether they still follow."""
    committed = page.PAGE.read_text()
    known = page.tables_of(committed)
    slow = {table.name: known[table.name] for table in TABLES if not table.is_quick}
    found = tables(slow)
    if page.whole(found) != committed or picture.draw(found) != page.PICTURE.read_text():
        print("docs/capacity.md or its picture is not what ci/capacity writes: run it")
        return 1
    rows = sum(len(found[table.name]) - 2 for table in TABLES if table.is_quick)
    print(f"ci/capacity: {rows} rows and the picture are as committed ({page.fingerprint()})")
    return 0


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--test", action="store_true")
    chosen = arguments.parse_args()
    if chosen.test:
        tests = unittest.main("test_model", argv=["ci/capacity"], exit=False)
        return not tests.result.wasSuccessful()
    return check() if chosen.check else write()


sys.exit(main())
