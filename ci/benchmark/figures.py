"""The figures of ci/bench: medians and quartiles, as lines of text and as JSON."""

import collections
import dataclasses
import json
import statistics

# What a login costs: CPU, latency, and its share of the time in which a round was completed.
Login = collections.namedtuple("Login", "cpu latency passed")


@dataclasses.dataclass(frozen=True)
class Spread:
    """The median of some samples, and the quartiles below and above it."""

    median: float
    low: float
    high: float
    count: int

    def scaled(self, factor):
        low, high = self.low * factor, self.high * factor
        return Spread(self.median * factor, low, high, self.count)


def spread(samples):
    samples = list(samples)
    if len(samples) < 2:
        return exactly(samples[0])
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
    return Spread(median, low, high, len(samples))


def exactly(value):
    """A figure that does not scatter."""
    return Spread(value, value, value, 1)


# How a figure is written, by its unit.
_FORMATS = {
    "µs": lambda value: f"{value:.1f} µs" if value < 1000 else f"{value / 1000:.1f} ms",
    "B": lambda value: f"{value:.0f} B",
    "files": lambda value: f"{value:.0f}",
    "trips": lambda value: f"{value:.0f}",
    "MiB": lambda value: f"{value:.2f} MiB",
    "times": lambda value: f"× {value:.2f}" if value < 100 else f"× {value:.0f}",
    "/s": lambda value: f"{value:.0f}/s",
    "%": lambda value: f"{value:.0%}",
}
# Of these, more is better.
MORE_IS_BETTER = ("/s", "%")


@dataclasses.dataclass(frozen=True)
class Figure:
    """One line: ours, and the other's or `None`; `most`, `least` or `most_ratio` is our budget."""

    title: str
    unit: str
    ours: Spread
    theirs: Spread | None = None
    most: float | None = None
    least: float | None = None
    most_ratio: float | None = None

    @property
    def ratio(self):
        """Ours to theirs; `None` if there is none, or if either is 0."""
        if self.theirs is None or 0 in (self.ours.median, self.theirs.median):
            return None
        return self.ours.median / self.theirs.median

    @property
    def met(self):
        """Whether the budget is met; `None` without one."""
        if self.most_ratio is not None:
            return self.ratio is not None and self.ratio <= self.most_ratio
        if self.most is not None:
            return self.ours.median <= self.most
        return None if self.least is None else self.ours.median >= self.least

    def text(self, value):
        return _FORMATS[self.unit](value)

    def _budget(self):
        if self.most_ratio is not None:
            return f"≤ {self.most_ratio:.2g}"
        if self.most is not None:
            return f"≤ {self.text(self.most)}"
        return "" if self.least is None else f"≥ {self.text(self.least)}"

    def line(self):
        verdict = "" if self.met is None else ("ok" if self.met else "OVER")
        ratio = "" if self.ratio is None else f"{self.ratio:.2g}"
        ours, theirs = self._both(self.ours), self._both(self.theirs)
        return _line(self.title, ours, theirs, ratio, self._budget(), verdict)

    def _both(self, found):
        if found is None:
            return ("", "")
        scatter = ""
        if found.count > 1:
            scatter = f"{self._bare(found.low)}–{self._bare(found.high)}"
        return (self.text(found.median), scatter)

    def _bare(self, value):
        return self.text(value).removeprefix("× ").split(" ")[0].removesuffix("/s")

    def as_json(self):
        fields = dataclasses.asdict(self)
        return fields | {"ratio": self.ratio, "met": self.met}


def _line(title, ours, theirs, ratio, budget, verdict):
    return (
        f"{title:<43}{ours[0]:>10} {ours[1]:>13} {theirs[0]:>11} {theirs[1]:>13}{ratio:>8}"
        f"  {budget:<12}{verdict}"
    ).rstrip()


def _heading():
    return _line("", ("ours", "quartiles"), ("gss-ntlmssp", "quartiles"), "ratio", "budget", "")


class Figures:
    """All figures of a run; each is printed when it is added."""

    def __init__(self, about):
        self.about = about
        self.groups = {}
        self._group = None

    def begin(self, title):
        self._group = self.groups.setdefault(title, [])
        print(f"\n{title}\n{_heading()}", flush=True)

    def add(self, *words, **more):
        figure = Figure(*words, **more)
        self._group.append(figure)
        print(figure.line(), flush=True)

    def write_json(self, path):
        groups = {title: [one.as_json() for one in own] for title, own in self.groups.items()}
        text = json.dumps({**self.about, "figures": groups}, indent=1, ensure_ascii=False)
        path.write_text(text + "\n")
