"""The minor codes of the mechanism, as its C header gives them."""

import functools
import re

from lab import mech

HEADER = mech.ROOT / "include" / "gss_ntlmdc.h"


@functools.cache
def _table():
    found = re.findall(r"^#define NTLMDC_E_(\w+) (0x4E44[0-9A-F]{4})u$", HEADER.read_text(), re.M)
    assert found, f"no minor codes in {HEADER}"
    return {name.replace("_", "").lower(): int(number, 16) for name, number in found}


def code(name):
    """The number of the minor code `name`, spelt as the source does: `BadMic`."""
    return _table()[name.lower()]


def in_log(text):
    """The minor codes in what mod_auth_gssapi wrote to the error log, each once."""
    found = re.findall(r"\[(4e44[0-9a-f]{4})\]", gssapi(text))
    return [int(number, 16) for number in dict.fromkeys(found)]


def gssapi(text):
    """The lines of an error log that mod_auth_gssapi wrote about a failure."""
    lines = [line for line in text.splitlines() if line.startswith("[auth_gssapi:error]")]
    return "\n".join(lines)
