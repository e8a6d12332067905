"""docs/capacity.md: the text of page.md with the tables, the numbers and the code's fingerprint."""

import hashlib
import pathlib
import re

import defaults
from scenarios import TABLES

HERE = pathlib.Path(__file__).parent
PAGE = defaults.ROOT / "docs" / "capacity.md"
PICTURE = defaults.ROOT / "docs" / "capacity.svg"
MARK = "<!-- table: {} -->"


def fingerprint():
    """Of what the tables follow from: the code of the simulation, and every number."""
    digest = hashlib.sha256(repr(sorted(defaults.everything().items())).encode())
    for name in ("model.py", "parts.py", "scenarios.py"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def tables_of(text):
    """The tables of a page, by their names."""
    found = {}
    for name, body in re.findall(r"<!-- table: (.+?) -->\n((?:\|.*\n)+)", text):
        found[name] = body.splitlines()
    return found


def numbers_table():
    lines = ["| number | value | from |", "|---|---|---|"]
    for key, text in defaults.of_keys().items():
        lines.append(f"| `{key}` | {text} | the default in [configuration](configuration.md) |")
    for name, value in defaults.of_code().items():
        path, constant = defaults.CONSTANTS[name]
        amount = f"{value * 1000:g} ms" if isinstance(value, float) and value < 1 else f"{value:g}"
        unit = " s" if isinstance(value, float) and value >= 1 else ""
        lines.append(f"| {name.replace('_', ' ')} | {amount}{unit} | {constant} in `{path}` |")
    for cost in defaults.costs().values():
        value = cost["value"].replace("us", " µs").replace("ms", " ms")
        lines.append(f"| {cost['what']} | {value} | {cost['source']} |")
    return lines


def whole(tables):
    """The page with these tables."""
    text = (HERE / "page.md").read_text()
    text = text.replace("{numbers}", "\n".join(numbers_table()))
    text = text.replace("{fingerprint}", fingerprint())
    for table in TABLES:
        mark = MARK.format(table.name)
        assert text.count(mark) == 1, table.name
        text = text.replace(mark, mark + "\n" + "\n".join(tables[table.name]))
    return text
