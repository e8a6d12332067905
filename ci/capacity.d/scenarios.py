"""The tables: which scenes they have, and what of an outcome their rows show."""

import dataclasses

from model import Scene, Simulation


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    heading: tuple
    # Of `numbers`, a list of rows: the first cells, and a function that gives the others.
    rows: object
    # Whether all rows take a few seconds at most.
    is_quick: bool = False

    def lines(self, numbers, progress=lambda text: None):
        lines = [self.heading, ("---",) * len(self.heading)]
        for cells, rest in self.rows(numbers):
            progress(f"{self.name}: {' '.join(cells)}")
            lines.append((*cells, *rest()))
        return ["| " + " | ".join(line) + " |" for line in lines]


def wait(seconds):
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def part(value):
    return "–" if value is None else f"{100 * value:.1f} %"


def count(number):
    return f"{number:,}"


def refused(causes):
    """The causes, the most frequent first."""
    return ", ".join(f"{cause} {count(times)}" for cause, times in causes.most_common()) or "none"


def waits(outcome, share="ours"):
    return tuple(wait(outcome.percentile(share, of)) for of in (0.5, 0.99, 1))


def simulate(numbers, **scene):
    return Simulation(Scene(numbers, **scene)).run()


WAITS = ("median", "99 %", "longest")
LOGINS = 100_000


def one_host(numbers):
    for peak in (250, 500, 1000, 1300, 1600, 2000):

        def row(peak=peak):
            outcome = simulate(
                numbers, hosts=1, controllers=1, logins=peak * 10, seconds=20.0
            )
            return (
                part(outcome.let_in("ours")),
                *waits(outcome),
                count(outcome.most_under_way),
                refused(outcome.causes["ours"]),
            )

        yield (str(peak),), row


FAILURES = {"": "none", "refuses": "refuses connections", "silent": "vanishes"}


def controllers(numbers):
    for number in (1, 2, 3, 4, 6, 8, 12):
        for failure, text in FAILURES.items():

            def row(number=number, failure=failure):
                scene = {"controllers": number, "failure": failure, "logins": LOGINS}
                outcome = simulate(numbers, **scene)
                return (
                    part(outcome.let_in("ours")),
                    *waits(outcome),
                    part(outcome.busiest),
                    refused(outcome.causes["ours"]),
                )

            yield (str(number), text), row


def host_logons(numbers):
    for most in (4, 8, 16, 32, 64, 128, 256):

        def row(most=most):
            changed = {**numbers, "host_logons": most}
            outcome = simulate(changed, controllers=1, logins=LOGINS)
            return (
                part(outcome.let_in("ours")),
                *waits(outcome),
                count(outcome.most_under_way),
                count(outcome.wasted),
            )

        yield (str(most),), row


def order(numbers):
    for text, is_fair in (("as it is", False), ("first come, first served", True)):
        for number, failure in ((2, ""), (3, "refuses")):

            def row(is_fair=is_fair, number=number, failure=failure):
                scene = {"controllers": number, "failure": failure, "logins": LOGINS}
                outcome = simulate(numbers, is_fair=is_fair, **scene)
                return part(outcome.let_in("ours")), *waits(outcome)

            yield (text, str(number), FAILURES[failure]), row


def connections(numbers):
    for processes in (64, 4):
        for most in (1, 2, 4, 8, 16):

            def row(processes=processes, most=most):
                changed = {**numbers, "connections": most}
                scene = {"controllers": 2, "processes": processes, "logins": LOGINS}
                outcome = simulate(changed, **scene)
                return part(outcome.let_in("ours")), *waits(outcome), count(outcome.opened)

            yield (str(processes), str(most)), row


TRUSTS = (
    ("hangs", 4, {"domain_hangs": True}),
    ("hangs, without the shares", 4, {"domain_hangs": True, "has_shares": False}),
    ("answers", 2, {}),
    ("answers", 4, {}),
    ("answers", 8, {}),
    ("answers", 12, {}),
)


def trusted_domain(numbers):
    for text, number, more in TRUSTS:

        def row(number=number, more=more):
            scene = {"controllers": number, "elsewhere": 0.1, "logins": LOGINS, **more}
            outcome = simulate(numbers, **scene)
            return (
                part(outcome.let_in("ours")),
                *waits(outcome)[1:],
                part(outcome.let_in("elsewhere")),
                *waits(outcome, "elsewhere")[1:],
            )

        yield (text, str(number)), row


def outage(numbers):
    for pause in (0.1, 0.5, 2, 10):

        def row(pause=pause):
            changed = {**numbers, "outage_pause": pause}
            scene = {"failure": "silent", "fails_at": 10.0, "is_back_at": 40.0}
            outcome = simulate(changed, controllers=1, logins=LOGINS, **scene)
            causes = outcome.causes["ours"]
            return part(outcome.let_in("ours")), count(outcome.opened), refused(causes)

        yield (wait(pause),), row


def guess_limit(numbers):
    """One account, a thousand wrong passwords, spread over the hosts."""
    guesses, threshold = 1000, numbers["lockout_threshold"]
    for hosts in (1, 4, 10, 200):
        for limit in (0, 1, 4):

            def row(hosts=hosts, limit=limit):
                asked = min(guesses, limit * hosts) if limit else guesses
                return count(asked), "locked" if asked >= threshold else "open"

            yield (str(hosts), str(limit) if limit else "none"), row


OF_WAIT = ("let in", *WAITS)
TABLES = (
    Table(
        "one host",
        ("logins a second", *OF_WAIT, "under way at once", "refused"),
        one_host,
        is_quick=True,
    ),
    Table(
        "controllers",
        ("controllers", "one of them", *OF_WAIT, "busiest", "refused"),
        controllers,
    ),
    Table(
        "host_logons",
        ("`host_logons`", *OF_WAIT, "under way at once", "answered too late"),
        host_logons,
    ),
    Table("order", ("who has a free slot", "controllers", "one of them", *OF_WAIT), order),
    Table(
        "connections",
        ("processes", "`connections`", *OF_WAIT, "connections opened"),
        connections,
    ),
    Table(
        "trusted domain",
        ("the domain", "controllers", "ours let in", "99 %", "longest")
        + ("its users let in", "99 %", "longest"),
        trusted_domain,
    ),
    Table("outage", ("pause", "let in", "connections tried", "refused"), outage),
    Table(
        "guess limit",
        ("hosts", "`guess_limit`", "wrong passwords that reach the domain", "the account"),
        guess_limit,
        is_quick=True,
    ),
)
