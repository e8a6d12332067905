"""What a soak does: logins and events, both decided by the seed alone.

A longer run begins like a shorter one with the same seed. What comes of a login still depends on
when the machine gets round to it.
"""

import dataclasses
import random

# Logins a second.
RATE = 10

# The sites: threads, threads with TLS, and processes with one login each.
EVENT, TLS, PREFORK = "event", "tls", "prefork"
SITES = {EVENT: 5, TLS: 3, PREFORK: 4}

# The kinds of logins, each with its share.
RIGHT, WRONG, BARRED, ABANDONED = "right", "wrong", "barred", "abandoned"
REPLAYED, RELAYED = "replayed", "relayed"
KINDS = {RIGHT: 66, WRONG: 12, BARRED: 6, ABANDONED: 10, REPLAYED: 3, RELAYED: 3}

# See ci/lab/accounts.py. `MOVED` joins and leaves the group that the prefork site requires.
USERS = ("alice", "bob", "jürgen", "gina", "konrad")
MOVED = "bob"
BARRED_USERS = ("dora", "edward", "mia", "xaver", "hannah", "petra")

# The clients by name, each with its share; those of the TLS site send channel bindings.
CLIENTS = {
    "browser": 40,
    "second try": 8,
    "curl --ntlm": 10,
    "curl --negotiate": 8,
    "curl --basic": 8,
    "requests": 8,
    "pyspnego": 9,
    "pyspnego in SPNEGO": 9,
}
TLS_CLIENTS = {"browser": 40, "second try": 10, "requests": 15}

# This one sends names that are not ASCII in an encoding of its own.
_ASCII_ONLY = "curl --ntlm"

# How a client gives up a login.
WAYS_OUT = ("connected", "after NEGOTIATE", "NEGOTIATE twice", "half a request", "unread answer")

FIRST, SECOND, IN_USE, BOTH = "dc1", "dc2", "the controller in use", "both controllers"

# Each comes once in every round, in a new order.
_DECK = (
    ("dead", FIRST),
    ("dead", SECOND),
    ("dead", BOTH),
    ("paused", IN_USE),
    ("paused", BOTH),
    ("silent", IN_USE),
    ("fenced", IN_USE),
    ("refusing", IN_USE),
    ("restarted", IN_USE),
    ("graceful restart", TLS),
    ("secret rotated", FIRST),
    ("certificate renewed", TLS),
    ("group changed", MOVED),
    ("passwords guessed", "walter"),
)


@dataclasses.dataclass(frozen=True)
class Login:
    """A login: when it begins, in seconds since the start, and what it is."""

    number: int
    at: float
    kind: str
    site: str
    client: str
    user: str
    # What else the client decides by chance.
    chance: float


@dataclasses.dataclass(frozen=True)
class Event:
    """What happens to controllers, Apache or the domain, how long it lasts, and the pause after
    it, in seconds."""

    name: str
    target: str
    hold: float
    pause: float
    # Whether Apache is restarted meanwhile.
    restart: bool


def logins(seed, seconds):
    """The logins of so many seconds, in the order of their begin."""
    chance = random.Random(f"logins {seed}")
    return [_login(chance, number) for number in range(int(seconds * RATE))]


def _login(chance, number):
    kind = _choice(chance, KINDS)
    site = TLS if kind == RELAYED else _choice(chance, SITES)
    client = _choice(chance, TLS_CLIENTS if site == TLS else CLIENTS)
    if kind in (ABANDONED, REPLAYED, RELAYED):
        client = "browser"
    users = BARRED_USERS if kind == BARRED else USERS
    if client == _ASCII_ONLY:
        users = [user for user in users if user.isascii()]
    return Login(number, number / RATE, kind, site, client, chance.choice(users), chance.random())


def _choice(chance, weights):
    return chance.choices(list(weights), list(weights.values()))[0]


def events(seed):
    """The events, without an end."""
    chance = random.Random(f"events {seed}")
    while True:
        deck = list(_DECK)
        chance.shuffle(deck)
        for name, target in deck:
            hold, pause = chance.uniform(2, 6), chance.uniform(1, 4)
            yield Event(name, target, hold, pause, chance.random() < 0.2)
