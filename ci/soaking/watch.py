"""The processes of the Apaches during a soak: memory, files, connections to controllers."""

import contextlib
import dataclasses
import os
import pathlib
import threading
import time

from lab import faults, host

from . import plan

_PAGE = os.sysconf("SC_PAGESIZE")
_EVERY = 1.0
# Counting connections starts programs.
_CONNECTIONS_EVERY = 5

# What the memory of a process may grow by after the first third of a run: the arenas of malloc are
# filled by then. In bytes.
_GROWTH = 4 << 20
# What a process may open after its first logins and keep: as many as the defaults of
# `netlogon.connections` and `netlogon.host_logons`, whose slots are files, and one file each for
# keys, counters and guesses.
_KEPT_OPEN = 4 + 16 + 3


@dataclasses.dataclass
class Sample:
    """One process at one time; the parent is the process that starts the others."""

    at: float
    site: str
    pid: int
    is_parent: bool
    memory: int
    files: int
    threads: int


class Watch:
    """Takes samples in a thread of its own while the `with` block lasts."""

    def __init__(self, stage):
        self._stage = stage
        self.samples = []
        self.connections = []
        self._errors = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._over.set()
        self._thread.join()

    def _run(self):
        try:
            self._sample()
        except Exception as error:
            self._errors.append(error)

    def _sample(self):
        count = 0
        while not self._over.wait(_EVERY):
            self.samples += self.look()
            if count % _CONNECTIONS_EVERY == 0:
                with contextlib.suppress(host.LabError):
                    self.connections.append(self.count_connections())
            count += 1

    def look(self):
        """A sample of each process that is there."""
        now, samples = time.monotonic(), []
        for name, site in self._stage.sites.items():
            parent = site.apache.pid
            for pid in (parent, *site.apache.children()):
                # It may end just now.
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    samples.append(Sample(now, name, pid, pid == parent, *_measure(pid)))
        return samples

    def count_connections(self):
        """The connections to each controller."""
        return {one.name: faults.connections(one) for one in self._stage.controllers}

    def rest(self):
        """The files of each process once nothing is under way."""
        time.sleep(3)
        return {(sample.site, sample.pid): sample.files for sample in self.look()}

    def faults(self):
        """Lines for the processes that a signal ended, from the logs of the Apaches, and for an
        error of this watch."""
        crashed = [
            f"CRASHED: {name}: {line}"
            for name, site in self._stage.sites.items()
            for line in site.apache.logged().splitlines()
            if "exit signal" in line
        ]
        return crashed + [f"NOT WATCHED: {error!r}" for error in self._errors]


def _measure(pid):
    process = pathlib.Path(f"/proc/{pid}")
    memory = int((process / "statm").read_text().split()[1]) * _PAGE
    files = len(os.listdir(process / "fd"))
    return memory, files, len(os.listdir(process / "task"))


def grown(samples, processes):
    """Those of the processes (site and id) whose memory grew on after a third of the run: (sample,
    bytes)."""
    if not samples:
        return []
    began, ended = samples[0].at, samples[-1].at
    third = (ended - began) / 3
    found = []
    for process in processes:
        own = [one for one in samples if (one.site, one.pid) == process]
        early = [one.memory for one in own if one.at <= began + third]
        late = [one.memory for one in own if one.at >= ended - third]
        if early and late and max(late) - max(early) > _GROWTH:
            found.append((own[-1], max(late) - max(early)))
    return found


def more_files(before, after):
    """The processes that hold more files at rest than before: (site, process, before, after)."""
    return [
        (*process, before[process], files)
        for process, files in after.items()
        if process in before and files > before[process] + _KEPT_OPEN
    ]


def ended(before, after):
    """Lines for the processes that are gone. Those of the site with TLS end with each restart."""
    gone = sorted(before.keys() - after.keys())
    return [f"ENDED: {site}, process {pid}" for site, pid in gone if site != plan.TLS]
