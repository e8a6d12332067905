"""The checks. Each yields a line for what is wrong."""

import re

ALLOWED = {
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
}
# Licences of single packages. MPL-2.0 covers the files of the package, not those that use it.
EXCEPTIONS = {("ldap3_proto", "MPL-2.0")}


# What the library may have in two versions: ring has an older one. Neither keeps state.
TWICE = {"getrandom"}


def allowed(expression):
    """Whether an SPDX expression can be met with ALLOWED. `/` is the older spelling of OR."""
    tokens = re.findall(r"[()]|[^\s()/]+(?: WITH [^\s()]+)?|/", expression or "")

    def alternatives():
        met = all_of()
        while tokens and tokens[0] in ("OR", "/"):
            tokens.pop(0)
            met = all_of() or met
        return met

    def all_of():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one():
        token = tokens.pop(0) if tokens else ""
        if token != "(":
            return token in ALLOWED
        met = alternatives()
        return tokens[:1] == [")"] and bool(tokens.pop(0)) and met

    return alternatives() and not tokens


def version(text):
    """Its three numbers: 1.89 is 1.89.0."""
    numbers = [int(part) for part in text.split(".")]
    return (*numbers, 0, 0)[:3]


def licences(packages):
    for package in packages:
        known = (package["name"], package["license"]) in EXCEPTIONS
        if not known and not allowed(package["license"]):
            yield f"{package['name']}: licence {package['license']}"


def sources(locked):
    """Packages of Cargo.lock without a source are those of this repository."""
    for package in locked:
        source = package.get("source")
        if source is not None and (
            not source.startswith("registry+")
            or not source.endswith("/crates.io-index")
            or "checksum" not in package
        ):
            yield f"{package['name']}: from {source}, or without a checksum"


def duplicates(names):
    """`names`: a name and a version for each package that goes into the library."""
    for name in sorted({name for name, _ in names}):
        versions = sorted(version for other, version in names if other == name)
        if len(versions) > (2 if name in TWICE else 1):
            yield f"{name}: {' and '.join(versions)}"


def too_new(packages, ours):
    for package in packages:
        needed = package["rust_version"]
        if needed and version(needed) > version(ours):
            yield f"{package['name']}: needs Rust {needed}, rust-version is {ours}"


def unused(dependencies, text):
    """`text`: all sources. A package is named there with `_` for `-`."""
    for name in dependencies:
        if not re.search(rf"\b{name.replace('-', '_')}\b", text):
            yield f"{name}: a dependency that no source names"
