"""What the simulation is made of: controllers, hosts and their processes. They have no clock."""

import collections
import heapq


class Controller:
    """Works on one request after the other."""

    def __init__(self, trust_slots):
        self.free_at = 0.0
        self.busy = 0.0
        self.under_way = 0
        self.trust = [0.0] * trust_slots

    def begin(self):
        self.under_way += 1

    def end(self):
        self.under_way -= 1

    def work(self, arrival, time):
        """When the work on a request ends that arrives then."""
        self.free_at = max(self.free_at, arrival) + time
        self.busy += time
        return self.free_at

    def ask_trusted(self, arrival, time):
        """The same of a question to the trusted domain, of which only some are under way."""
        done = max(heapq.heappop(self.trust), arrival) + time
        heapq.heappush(self.trust, done)
        return done


class Host:
    """The processes of a host, its slots, and what they know of the controllers together."""

    def __init__(self, numbers, scene, order):
        self.most = numbers["host_logons"]
        self.quarter = max(self.most // 4, 1) if scene.has_shares else self.most
        self.most_waiting = numbers["slot_waiting"] if scene.has_shares else scene.logins
        self.avoid_for = numbers["avoided"]
        self.order = order
        self.avoid = {}
        self.own = self.shared = 0
        self.waiting = []
        self.processes = [Process(numbers, scene.has_shares) for _ in range(scene.processes)]
        # Which slot a login has: a quarter of them is for all, the others are for ours.
        self.held = collections.Counter()

    def has_slot(self, share):
        own = self.own < self.most - self.quarter and share == "ours"
        return own or self.shared < self.quarter

    def take_slot(self, share):
        if not self.has_slot(share):
            return False
        if share == "ours" and self.own < self.most - self.quarter:
            self.own += 1
        else:
            self.shared += 1
            self.held[share] += 1
        return True

    def release_slot(self, share):
        """Of ours, the slots that others may have are given back first: slots are alike."""
        if self.held[share]:
            self.held[share] -= 1
            self.shared -= 1
        else:
            self.own -= 1

    def is_crowded(self, share):
        if share == "ours":
            return False
        return sum(one.share == share for one, _ in self.waiting) >= self.most_waiting

    def failed(self, controller, now):
        self.avoid[controller] = now + self.avoid_for

    def avoided(self, now):
        """The controllers that failed lately; none if that are all."""
        avoided = {one for one, until in self.avoid.items() if now < until}
        return avoided if len(avoided) < len(self.order) else set()

    def next(self, tried, process, now):
        last = {one for one, until in {**self.avoid, **process.avoid}.items() if now < until}
        left = [one for one in self.order if one not in tried]
        return min(left, key=lambda one: one in last, default=None)


class Process:
    """The channels of a process, who waits for one, and what the process remembers."""

    def __init__(self, numbers, has_shares):
        self.n = numbers
        self.most = numbers["connections"]
        self.has_shares = has_shares
        self.taken = collections.Counter()
        self.idle = []
        self.queue = []
        self.avoid = {}
        self.outage_until = self.silent_until = 0.0
        self.is_tried = self.is_silent_tried = False
        self.last_answer = {}

    def refusal(self, share, now):
        """Why a login is refused at once, if it is."""
        if share == "elsewhere" and (self.is_silent_tried or now < self.silent_until):
            return "domain silent"
        is_barred = self.outage_until and (self.is_tried or now < self.outage_until)
        return "outage" if is_barred and not self.idle else None

    def has_room(self, share):
        elsewhere = self.taken["elsewhere"]
        fits = elsewhere < min(max(self.most - 1, 2), max(self.most // 2, 1))
        return (share == "ours" or fits or not self.has_shares) and (
            elsewhere + self.taken["ours"] < self.most
        )

    def next_waiting(self):
        return next((one for one in self.queue if self.has_room(one.share)), None)

    def all_waiting(self):
        return list(self.queue)

    def is_turn_of_newcomer(self, share):
        return self.has_room(share) and self.next_waiting() is None

    def is_crowded(self, share):
        waiting = sum(one.share == share for one in self.queue)
        most = self.most * self.n["waiting_per_channel"]
        return share == "elsewhere" and self.has_shares and waiting >= most

    def take(self, share):
        self.taken[share] += 1

    def give_back(self, share, channel, now):
        self.taken[share] -= 1
        if channel is not None:
            self.idle.append((channel, now))
        self.is_tried = False
        if share == "elsewhere":
            self.is_silent_tried = False

    def reuse(self, now, avoided):
        """The controller of an idle channel that can be used."""
        fresh = now - self.n["max_idle"]
        self.idle = [one for one in self.idle if one[1] >= fresh and one[0] not in avoided]
        return self.idle.pop()[0] if self.idle else None

    def begin_trial(self, share, opens):
        if opens and self.outage_until:
            self.is_tried = True
        if share == "elsewhere" and self.silent_until:
            self.is_silent_tried = True

    def begin_outage(self, now):
        self.outage_until = now + self.n["outage_pause"]

    def end_outage(self):
        self.outage_until = 0.0

    def answered(self, controller, share):
        self.avoid.pop(controller, None)
        if share == "elsewhere":
            self.silent_until = 0.0
        self.end_outage()

    def timed_out(self, share, controller, now):
        """Another domain's silence is not the controller's."""
        if share == "elsewhere":
            self.silent_until = now + self.n["silent_pause"]
        else:
            self.avoid[controller] = now + self.n["avoided"]
            self.idle = [one for one in self.idle if one[0] != controller]


class Outcome:
    """What came of the logins."""

    def __init__(self):
        self.waits = {"ours": [], "elsewhere": []}
        self.causes = {"ours": collections.Counter(), "elsewhere": collections.Counter()}
        self.most_under_way = self.wasted = self.opened = 0
        self.busiest = 0.0

    def add(self, share, wait, cause):
        if cause is None:
            self.waits[share].append(wait)
        else:
            self.causes[share][cause] += 1

    def finish(self, controllers, seconds):
        for waits in self.waits.values():
            waits.sort()
        self.busiest = max(one.busy for one in controllers) / seconds

    def percentile(self, share, part):
        waits = self.waits[share]
        return waits[min(int(part * len(waits)), len(waits) - 1)] if waits else None

    def let_in(self, share):
        total = len(self.waits[share]) + sum(self.causes[share].values())
        return len(self.waits[share]) / total if total else None
