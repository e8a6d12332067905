"""The numbers of the simulation: defaults as docs/configuration.md has them, times as the code has
them, and costs.toml. None is written a second time."""

import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}

# Times and numbers that no key sets: the file, and the constant in it.
CONSTANTS = {
    "outage_pause": ("src/dc/pool/outage.rs", "PAUSE"),
    "silent_pause": ("src/dc/pool/silent_domains.rs", "PAUSE"),
    "stall": ("src/dc/pool.rs", "STALL"),
    "max_idle": ("src/dc/pool.rs", "MAX_IDLE"),
    "waiting_per_channel": ("src/dc/pool.rs", "MAX_WAITING"),
    "avoided": ("src/dc/locate/ranking.rs", "AVOIDED"),
    "slot_pause": ("src/dc/host_limit.rs", "LONGEST_PAUSE"),
    "slot_patience": ("src/dc/host_limit.rs", "PATIENCE"),
    "slot_waiting": ("src/dc/host_limit.rs", "MAX_WAITING"),
    "max_controllers": ("src/dc/failover/course.rs", "MAX_CONTROLLERS"),
}
KEYS = (
    "connections",
    "host_logons",
    "connect_timeout",
    "logon_timeout",
    "budget",
    "guess_limit",
    "guess_window",
)


def seconds(text):
    """A duration such as `25s`, in seconds; a number without a unit as it is."""
    number, unit = re.fullmatch(r"(\d+)([a-z]*)", text).groups()
    return int(number) * UNITS[unit] if unit else int(number)


def of_keys():
    """The defaults of the configuration's keys, as they are written there."""
    page = (ROOT / "docs" / "configuration.md").read_text()
    found = {}
    for key in KEYS:
        row = re.search(rf'^\| `{key}` \|.*\| `"?(\w+)"?`[^|]*\|$', page, re.MULTILINE)
        found[key] = row[1]
    return found


def of_code():
    """The constants of the code: `3`, `from_secs(3)` or `from_millis(3)`."""
    found = {}
    for name, (path, constant) in CONSTANTS.items():
        text = (ROOT / path).read_text()
        pattern = rf"const {constant}: \w+ = (?:Duration::from_(\w+)\()?(\d+)\)?;"
        unit, number = re.search(pattern, text).groups()
        found[name] = int(number) * {"millis": 1e-3, "secs": 1.0, None: 1}[unit]
    return found


def costs():
    """The tables of costs.toml."""
    return tomllib.loads((pathlib.Path(__file__).parent / "costs.toml").read_text())


def everything():
    """All numbers by their names, in seconds where they are times."""
    numbers = {key: seconds(text) for key, text in of_keys().items()}
    numbers |= of_code()
    return numbers | {name: seconds(cost["value"]) for name, cost in costs().items()}
