"""The minor codes of the mechanism, as its C header gives them."""

import functools
import re

from conftest import ROOT

HEADER = ROOT / "include" / "gss_ntlmdc.h"


@functools.cache
def _table():
    numbers = {}
    for name, number in re.findall(r"^\s*#\s*define\s+(\w+)\s+\(?(\w+)\)?", HEADER.read_text(), re.M):
        try:
            value = int(number.rstrip("uUlL"), 0)
        except ValueError:
            continue
        if value >> 16 == 0x4E44:
            numbers[name.replace("_", "").lower()] = value
    assert numbers, f"no minor codes in {HEADER}"
    return numbers


def code(name):
    """The number of the minor code `name`, spelt as the source does: `BadMic`."""
    found = [number for key, number in _table().items() if key.endswith(name.lower())]
    assert len(found) == 1, f"{name}: {len(found)} codes of that name in {HEADER}"
    return found[0]


def in_log(text):
    """The numbers of all minor codes in what mod_auth_gssapi wrote to the error log."""
    return [int(number, 16) for number in re.findall(r"\[(4e44[0-9a-f]{4})\]", gssapi(text))]


def gssapi(text):
    """The lines of an error log that mod_auth_gssapi wrote about a failure."""
    lines = [line for line in text.splitlines() if line.startswith("[auth_gssapi:error]")]
    return "\n".join(lines)
