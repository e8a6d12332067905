"""What happens during a soak, and when: the verdict on a login depends on it."""

import contextlib
import dataclasses
import time

from lab import faults

from . import plan, stage

_FAULTS = {
    "dead": faults.dead,
    "paused": faults.paused,
    "silent": faults.silent,
    "fenced": faults.fenced,
    "refusing": faults.refusing,
    "restarted": faults.restarted,
}

# The kinds of spans.
STRIKE, OUTAGE, RESTART, RENEWAL = "strike", "outage", "restart", "renewal"
JOINING, LEAVING, OUTSIDE = "joining", "leaving", "outside"

# Seconds in which the host asks no controller after an outage, and until it sees a changed file.
_PAUSE, _LOOKED_AT = 2.1, 1.2
# What a busy machine may add.
_GRACE = 2.0

# More than the limit.
_GUESSES = stage.GUESS_LIMIT + 20


@dataclasses.dataclass
class Span:
    """A time in which something holds, on the monotonic clock; `ended` is `None` while it lasts."""

    kind: str
    began: float
    ended: float | None = None

    def meets(self, began, ended):
        return self.began <= ended and (self.ended is None or self.ended >= began)


class Journal:
    """The spans, and how often each event came."""

    def __init__(self):
        self.spans = []
        self.events = []

    @contextlib.contextmanager
    def span(self, kind, after=0.0):
        """Lasts as long as the block and so many seconds more."""
        span = Span(kind, time.monotonic())
        self.spans.append(span)
        try:
            yield
        finally:
            span.ended = time.monotonic() + after

    def met(self, began, ended):
        """The kinds of all spans that met this time."""
        return {span.kind for span in self.spans if span.meets(began, ended)}


class Conductor:
    """Brings about one event after the other. Used by the main thread alone: what a thread starts
    ends with it."""

    def __init__(self, on, journal, guess):
        self._stage, self._journal, self._guess = on, journal, guess
        self._outside = contextlib.ExitStack()
        self._is_member = True

    def bring_about(self, event):
        self._journal.events.append(f"{event.name}: {event.target}")
        work = {
            "graceful restart": self._restart,
            "secret rotated": self._rotate,
            "certificate renewed": self._renew,
            "group changed": self._move,
            "passwords guessed": self._guess_passwords,
        }.get(event.name, self._fault)
        work(event)
        time.sleep(event.pause)

    def finish(self):
        self._outside.close()

    def _fault(self, event):
        fault = _FAULTS[event.name]
        with contextlib.ExitStack() as healing:
            if event.target == plan.BOTH:
                after = _PAUSE + stage.CONNECT + stage.CALL + _GRACE
                healing.enter_context(self._journal.span(OUTAGE, after))
                for controller in self._stage.controllers:
                    healing.enter_context(fault(controller))
            else:
                strike = self._journal.span(STRIKE, stage.BUDGET + _GRACE)
                # The span begins before, and ends so long after the controller was struck: what
                # comes later has another one to ask.
                with strike:
                    healing.enter_context(fault(self._struck(event.target)))
                if event.name == "refusing":
                    # It is struck again when it is restarted.
                    healing.enter_context(self._journal.span(STRIKE, stage.BUDGET + _GRACE))
            if event.restart:
                self._restart(event)
            time.sleep(event.hold)

    def _struck(self, target):
        if target == plan.IN_USE:
            return max(self._stage.controllers, key=faults.connections)
        return next(one for one in self._stage.controllers if one.name == target)

    def _restart(self, _event):
        with self._journal.span(RESTART, _GRACE):
            self._stage.sites[plan.TLS].apache.renew()

    def _rotate(self, event):
        asked = self._stage.rotate()
        # For so long, the other controller does not know the new password.
        time.sleep(event.hold)
        self._stage.replicate(asked)

    def _renew(self, _event):
        with (
            self._journal.span(RENEWAL, _LOOKED_AT + _GRACE),
            self._journal.span(RESTART, _GRACE),
        ):
            self._stage.renew_certificate()

    def _move(self, event):
        self._is_member = not self._is_member
        if self._is_member:
            with self._journal.span(JOINING):
                self._stage.set_member(event.target, True)
            self._outside.close()
        else:
            with self._journal.span(LEAVING):
                self._stage.set_member(event.target, False)
            self._outside.enter_context(self._journal.span(OUTSIDE))

    def _guess_passwords(self, event):
        self._guess(event.target, _GUESSES)
