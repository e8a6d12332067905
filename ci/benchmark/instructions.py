"""The instructions of a login in the acceptor's process, counted by callgrind.

The count hardly depends on the machine or on what else it does, so it is kept in the repository
(`instructions.txt`): a change of the code shows there.
"""

import collections
import os
import pathlib
import re
import subprocess

from lab import host, mech, programs

KEPT = pathlib.Path(__file__).with_name("instructions.txt")

# The difference of two runs is that of so many logins: what starts and ends a process is in both.
_FEW, _MORE = 20, 120
# Lengths of messages are the same in all runs, and random bytes change the count by this share.
NOISE = 0.005

_HEAD = """\
# Instructions of one login in the acceptor's process: a credential for each of the two messages,
# both messages, the name, and their release, through libgssapi; by callgrind.
# `ci/bench --instructions` compares, `sudo ci/bench --instructions --save` writes this file.
"""


# A build with other settings than those of Cargo.toml has other counts.
_OVERRIDES = "CARGO_PROFILE_RELEASE_"


def versions():
    """What else the counts depend on, in one line."""
    if found := [name for name in os.environ if name.startswith(_OVERRIDES)]:
        raise host.LabError(f"the release is built otherwise than shipped: unset {found}")
    rustc = mech.as_developer("rustc", "--version", stdout=subprocess.PIPE).stdout.split()[1]
    query = ("dpkg-query", "-W", "-f", "${Version}", "libgssapi-krb5-2")
    krb5 = subprocess.run(query, stdout=subprocess.PIPE, text=True, check=False).stdout
    valgrind = host.run("valgrind", "--version").strip().removeprefix("valgrind-")
    return f"rustc {rustc}, libgssapi-krb5-2 {krb5}, valgrind {valgrind}"


def of_a_login(accept, environment, folder):
    """The instructions of a login of `accept` with this environment, by library or program."""
    few, more = (_counted(accept, environment, folder, count) for count in (_FEW, _MORE))
    more.subtract(few)
    return {name: count // (_MORE - _FEW) for name, count in more.most_common()}


def _counted(accept, environment, folder, count):
    out = folder / "callgrind.out"
    valgrind = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}")
    done = programs.run(*valgrind, accept, 0, count, 1, 1, environment=environment)
    if done.returncode != 0:
        raise host.LabError(f"callgrind failed: {done.stderr}")
    text = out.read_text()
    counts = _by_object(text)
    if counts.total() != int(re.search(r"^summary: (\d+)$", text, re.M)[1]):
        raise host.LabError("callgrind's output is not understood")
    return counts


def _by_object(text):
    """Counts per library or program in callgrind's output. `ob=(7) /lib/libc.so.6` names an object
    and starts its lines, `ob=(7)` returns to it. A line has a position and a count. The line after
    `calls=` is skipped: it has the cost of the called function once more."""
    names, counts = {}, collections.Counter()
    current, is_of_a_call = None, False
    for line in text.splitlines():
        if found := re.fullmatch(r"c?ob=(\(\d+\))(?: (.+))?", line):
            if found[2]:
                names[found[1]] = os.path.basename(found[2])
            if line.startswith("ob"):
                current = names[found[1]]
        elif line.startswith("calls="):
            is_of_a_call = True
        elif found := re.fullmatch(r"[+*-]?\d* (\d+)", line):
            if not is_of_a_call:
                counts[current] += int(found[1])
            is_of_a_call = False
    return counts


def kept():
    """The counts of the repository by name, and the versions they belong to."""
    lines = KEPT.read_text().splitlines() if KEPT.exists() else []
    counts = dict(re.findall(r"^(\S+) +(\d+)$", "\n".join(lines), re.M))
    with_versions = [line for line in lines if line.startswith("# rustc ")]
    return {name: int(count) for name, count in counts.items()}, "".join(with_versions)[2:]


def save(counts):
    """Writes the counts; those that this run did not take stay."""
    counts = kept()[0] | _totals(counts)
    lines = (f"{name:<24}{count:>10}\n" for name, count in counts.items())
    KEPT.write_text(f"{_HEAD}# {versions()}\n{''.join(lines)}")


def compare(counts):
    """Prints now, committed and the difference, and the libraries that have most of it."""
    committed, with_versions = kept()
    print("instructions of a login, the acceptor's process alone")
    print(f"{'':<24}{'now':>10}{'committed':>12}{'difference':>12}")
    for name, now in _totals(counts).items():
        then = committed.get(name)
        if then is None:
            print(f"{name:<24}{now:>10}{'none':>12}")
            continue
        share = now / then - 1
        mark = "" if abs(share) <= NOISE else ("  MORE" if share > 0 else "  less")
        print(f"{name:<24}{now:>10}{then:>12}{share:>+12.2%}{mark}")
    if with_versions and with_versions != versions():
        print(f"now {versions()};\nthe committed counts are of {with_versions}")
    for name, parts in counts.items():
        total = sum(parts.values())
        most = (f"{file} {part / total:.0%}" for file, part in parts.items() if part > total / 50)
        print(f"{name}: {', '.join(most)}")


def _totals(counts):
    return {name: sum(parts.values()) for name, parts in counts.items()}
