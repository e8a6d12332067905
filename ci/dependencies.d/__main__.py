"""ci/dependencies: the checks on this repository."""

import json
import subprocess
import sys
import tomllib
import unittest
from pathlib import Path

import checks

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def cargo(*words):
    command = ["cargo", *words, "--locked"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"ci/dependencies: cargo {words[0]} failed")
    return done.stdout


def linked():
    """The name and the version of each package that goes into the library here."""
    tree = cargo("tree", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}")
    return {tuple(line.split()[:2]) for line in tree.splitlines() if line}


# Packages whose library has another name.
CALLED = {"md-5": "md5"}


def check():
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--all-features"))
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    files = [*(ROOT / "src").rglob("*.rs"), *(ROOT / "tests").rglob("*.rs"), ROOT / "build.rs"]
    text = "\n".join(path.read_text() for path in files)
    dependencies = manifest["dependencies"] | manifest["dev-dependencies"]
    ours = manifest["package"]["rust-version"]
    names = linked()
    wrong = [
        *checks.licences(metadata["packages"]),
        *checks.sources(locked),
        *checks.duplicates(names),
        *checks.too_new(metadata["packages"], ours),
        *checks.unused([CALLED.get(name, name) for name in dependencies], text),
    ]
    for line in wrong:
        print(f"ci/dependencies: {line}", file=sys.stderr)
    print(f"{len(locked)} packages, {len(names)} of them in the library")
    return 1 if wrong else 0


def main(arguments):
    match arguments:
        case []:
            return check()
        case ["--test"]:
            suite = unittest.defaultTestLoader.discover(HERE)
            return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
    print("usage: ci/dependencies [--test]", file=sys.stderr)
    return 2


sys.exit(main(sys.argv[1:]))
