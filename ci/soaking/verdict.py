"""The counts of a soak, and which outcomes are wrong."""

import collections
import functools
import re

from lab import mech

from . import events, plan, watch
from .load import TRIES

# Why any login may be refused while controllers fail.
_OF_CONTROLLERS = {
    "ControllerUnreachable",
    "ControllerTimeout",
    "ControllerNotReady",
    "TooManyLogons",
}
# While the user joins or leaves the group, either outcome is right.
_MOVES = {events.JOINING, events.LEAVING}
# Why a login of each kind is to be refused.
_REASONS = {
    plan.RIGHT: set(),
    plan.WRONG: {"BadUserOrPassword", "TooManyGuesses"},
    plan.BARRED: {
        "AccountDisabled",
        "AccountExpired",
        "AccountRestriction",
        "InvalidLogonHours",
        "PasswordExpired",
        "PasswordMustChange",
    },
    plan.RELAYED: {"OtherChannel"},
    plan.REPLAYED: {"NotNegotiated", "TargetInfoChanged"},
    # Given up before an answer, or with the challenge.
    plan.ABANDONED: {"HTTP 0", "HTTP 401"},
}
# Wrong outcomes that are printed; all are counted.
_SHOWN = 20


@functools.cache
def _names():
    table = (mech.ROOT / "docs" / "errors.md").read_text()
    found = re.findall(r"^\| `(4e44[0-9a-f]{4})` \| `(\w+)`", table, re.M)
    return {int(code, 16): name for code, name in found}


def cause(outcome):
    """Why a login was not let in, in one word."""
    if outcome.failure:
        return "no answer"
    if outcome.answer.code is not None:
        return _names().get(outcome.answer.code, f"{outcome.answer.code:08x}")
    return f"HTTP {outcome.answer.status}"


class Verdict:
    """The logins of the `load`, the `journal` of the events, and what was watched."""

    def __init__(self, load, journal, watched, before, after):
        self._outcomes, self._journal, self._watched = load.outcomes, journal, watched
        self.wrong = [(one, why) for one in load.outcomes if (why := self._wrong(one))]
        self.grown = watch.grown(watched.samples, before)
        self.more_files = watch.more_files(before, after)
        # Lost logins, ended processes, crashes, a watch that ended: none is permitted.
        self.faults = [*load.lost(), *watch.ended(before, after), *watched.faults()]

    @property
    def is_good(self):
        return not (self.wrong or self.grown or self.more_files or self.faults)

    def _wrong(self, one):
        """What is wrong with an outcome, or nothing."""
        kind = one.login.kind
        if one.cuts and not self._is_cut_by_restart(one):
            return f"closed before an answer, {one.cuts} times"
        if one.answer.status == 200:
            return self._wrongly_let_in(one)
        if one.failure:
            # Cuts were judged above; what ended a try after them was not.
            return None if one.cuts == TRIES else one.failure
        if cause(one) in _REASONS[kind] or self._is_excused(one):
            return None
        return f"{kind}: refused: {cause(one)}"

    def _is_cut_by_restart(self, one):
        met = self._journal.met(one.began, one.ended)
        return one.login.site == plan.TLS and events.RESTART in met

    def _wrongly_let_in(self, one):
        if one.login.kind != plan.RIGHT:
            return f"{one.login.kind}: let in"
        if one.answer.user != f"EXAMPLE\\{one.login.user}":
            return f"let in as {one.answer.user}"
        return "let in, though the user had left the group" if self._is_outside(one) else None

    def _is_outside(self, one):
        """Whether the user was in no group that the site lets in, all the time."""
        met = self._journal.met(one.began, one.ended)
        return self._needs_group(one) and events.OUTSIDE in met and not met & _MOVES

    def _needs_group(self, one):
        return one.login.site == plan.PREFORK and one.login.user == plan.MOVED

    def _is_excused(self, one):
        """Whether what happened meanwhile is a reason for the refusal."""
        met, why = self._journal.met(one.began, one.ended), cause(one)
        return bool(
            (why in _OF_CONTROLLERS and met & {events.OUTAGE, events.STRIKE})
            or (why == "NotInGroup" and self._needs_group(one) and met & {events.OUTSIDE, *_MOVES})
            or (why == "OtherChannel" and one.login.site == plan.TLS and events.RENEWAL in met)
            or self._is_of_restart(one, why, met)
        )

    def _is_of_restart(self, one, why, met):
        """Apache ends its CGI daemon when it restarts. A connection that it closes between the two
        messages of a login is replaced by requests, without the first message."""
        of_restart = why == "HTTP 503" or (
            why == "NotNegotiated" and one.login.client == "requests"
        )
        return of_restart and one.login.site == plan.TLS and events.RESTART in met

    def lines(self):
        yield from self._of_logins()
        yield from self._of_events()
        yield from self._of_processes()
        yield from self._of_failures()

    def _of_logins(self):
        kinds = collections.Counter(one.login.kind for one in self._outcomes)
        let_in = [one for one in self._outcomes if one.answer.status == 200]
        yield f"logins {len(self._outcomes)}, let in {len(let_in)}; " + _listed(kinds)
        yield "by client: " + _listed(collections.Counter(one.login.client for one in let_in))
        refused = [
            one
            for one in self._outcomes
            if one.answer.status != 200 and one.login.kind != plan.ABANDONED
        ]
        yield "refused: " + _listed(collections.Counter(map(cause, refused)))
        lost = [one for one in refused if one.login.kind == plan.RIGHT]
        yield "right passwords refused: " + _listed(collections.Counter(map(self._when, lost)))
        cuts = sum(one.cuts for one in self._outcomes)
        waits = sorted(one.seconds for one in let_in) or [0]
        yield (
            f"longest wait: let in {waits[-1]:.2f} s (median {waits[len(waits) // 2]:.3f} s), "
            f"refused {max((one.seconds for one in refused), default=0):.2f} s; "
            f"connections that Apache closed before an answer: {cuts}"
        )

    def _when(self, one):
        met = self._journal.met(one.began, one.ended)
        if cause(one) in _OF_CONTROLLERS:
            if events.OUTAGE in met:
                return "both controllers failed"
            if events.STRIKE in met:
                return "the controller failed that had the login"
        return cause(one)

    def _of_events(self):
        yield "events: " + _listed(collections.Counter(self._journal.events))

    def _of_processes(self):
        samples = self._watched.samples
        yield "time, then memory (MiB) and files of all processes of each site; threads"
        times = sorted({one.at for one in samples})
        for at in times[:: max(1, len(times) // 10)]:
            now = [one for one in samples if one.at == at]
            yield f"  {at - times[0]:6.0f} s " + "  ".join(_site(now, name) for name in plan.SITES)
        most = collections.Counter()
        for counted in self._watched.connections:
            most |= collections.Counter(counted)
        yield "connections to controllers, at most: " + _listed(most)

    def _of_failures(self):
        for one, why in self.wrong[:_SHOWN]:
            login = one.login
            yield (
                f"WRONG: {why}: login {login.number}, {login.client} as {login.user} at "
                f"{login.site}, {one.seconds:.2f} s; during "
                + (", ".join(sorted(self._journal.met(one.began, one.ended))) or "no event")
            )
        for sample, more in self.grown:
            yield f"GROWN: {sample.site}, process {sample.pid}, by {more >> 10} KiB"
        for site, pid, before, after in self.more_files:
            yield f"GROWN: {site}, process {pid}, from {before} to {after} files"
        yield from self.faults
        yield (
            f"wrong outcomes {len(self.wrong)}, processes that grew "
            f"{len(self.grown) + len(self.more_files)}, other faults {len(self.faults)}"
        )


def _site(samples, name):
    own = [one for one in samples if one.site == name]
    memory = sum(one.memory for one in own) >> 20
    return (
        f"{name} {memory} MiB {sum(one.files for one in own)} files "
        f"{sum(one.threads for one in own)} threads"
    )


def _listed(counter):
    return ", ".join(f"{name} {count}" for name, count in counter.most_common()) or "none"
