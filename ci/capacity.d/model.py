"""The simulation: logins of many hosts at a few controllers, event by event.

A login takes a channel of its process, then a slot of its host, then the controller answers, as in
src/dc/failover/login.rs. The rules of shares, pauses and deadlines are those of src/dc/pool.rs,
src/dc/host_limit.rs and src/dc/locate/ranking.rs. What is simpler: all logins have the right
password, handshakes of a host for a new key are not simulated, and DNS is not asked.
"""

import dataclasses
import heapq
import itertools
import random

from parts import Controller, Host, Outcome, Process

OURS, ELSEWHERE = "ours", "elsewhere"


@dataclasses.dataclass(frozen=True)
class Scene:
    """What is simulated. `numbers` are those of defaults.py."""

    numbers: dict
    controllers: int = 2
    hosts: int = 200
    processes: int = 64
    logins: int = 120_000
    seconds: float = 60.0
    # Of a login, that it names the trusted domain; and what that domain does.
    elsewhere: float = 0.0
    domain_hangs: bool = False
    # "refuses": connections are reset or refused; "silent": packets vanish.
    failure: str = ""
    fails_at: float = 20.0
    is_back_at: float = 1e9
    # Without the shares of logins that name another domain.
    has_shares: bool = True
    # Whether a free slot of the host goes to the login that has waited longest.
    is_fair: bool = False
    seed: int = 14


class Login:
    __slots__ = ("began", "host", "place", "process", "share", "tried")

    def __init__(self, began, host, process, share):
        self.began, self.host, self.process, self.share = began, host, process, share
        self.tried = set()
        # What it waits for; an event for another place is stale.
        self.place = None


class Simulation:
    def __init__(self, scene):
        self.scene = scene
        self.n = scene.numbers
        self.random = random.Random(scene.seed)
        self.now = 0.0
        self.events = []
        self.order = itertools.count()
        self.controllers = [Controller(self.n["trust_slots"]) for _ in range(scene.controllers)]
        numbers = range(scene.controllers)
        self.hosts = [
            Host(self.n, scene, self.random.sample(numbers, scene.controllers))
            for _ in range(scene.hosts)
        ]
        self.outcome = Outcome()

    def run(self):
        for time, host, process, share in sorted(self._arrivals()):
            login = Login(time, self.hosts[host], self.hosts[host].processes[process], share)
            self.at(time, self.arrive, login)
        while self.events:
            self.now, _, do, arguments = heapq.heappop(self.events)
            do(*arguments)
        self.outcome.finish(self.controllers, self.scene.seconds)
        return self.outcome

    def at(self, time, do, *arguments):
        heapq.heappush(self.events, (time, next(self.order), do, arguments))

    def _arrivals(self):
        """Rises from nothing to the middle of the time, and falls again."""
        scene, draw = self.scene, self.random
        for _ in range(scene.logins):
            time = draw.triangular(0, scene.seconds, scene.seconds / 2)
            share = ELSEWHERE if draw.random() < scene.elsewhere else OURS
            yield time, draw.randrange(scene.hosts), draw.randrange(scene.processes), share

    # A channel of the process.

    def arrive(self, login):
        process = login.process
        refusal = process.refusal(login.share, self.now)
        if refusal:
            return self.refuse(login, refusal)
        if process.is_turn_of_newcomer(login.share):
            return self.begin(login)
        if process.is_crowded(login.share):
            return self.refuse(login, "crowded")
        login.place = process.queue.append(login) or "process"
        patience = self.n["budget"] if login.share == OURS else self.n["stall"]
        self.at(self.now + patience, self.give_up, login, "process", "busy")
        return None

    def begin(self, login):
        process, host = login.process, login.host
        login.place = None
        process.take(login.share)
        controller = process.reuse(self.now, host.avoided(self.now))
        process.begin_trial(login.share, controller is None)
        if controller is None:
            self.open(login)
        else:
            self.ask_host(login, controller)

    def open(self, login):
        """Opens a channel to the best controller that this login has not tried."""
        controller = login.host.next(login.tried, login.process, self.now)
        if controller is None or len(login.tried) >= self.n["max_controllers"]:
            login.process.begin_outage(self.now)
            for waiting in login.process.all_waiting():
                self.give_up(waiting, "process", "outage")
            return self.end(login, "no controller")
        login.tried.add(controller)
        self.outcome.opened += 1
        if self.is_down(controller):
            silent = self.scene.failure == "silent"
            wait = self.n["connect_timeout"] if silent else self.n["round_trip"]
            return self.at(self.now + wait, self.could_not_open, login, controller)
        sent = self.now + 1.5 * self.n["round_trip"]
        bound = self.controllers[controller].work(sent, self.n["bind"])
        return self.at(bound + self.n["round_trip"] / 2, self.opened, login, controller)

    def could_not_open(self, login, controller):
        login.host.failed(controller, self.now)
        self.open(login)

    def opened(self, login, controller):
        login.process.end_outage()
        self.ask_host(login, controller)

    # A slot of the host.

    def ask_host(self, login, controller):
        host = login.host
        if host.take_slot(login.share):
            return self.send(login, controller)
        if host.is_crowded(login.share):
            return self.end(login, "crowded", channel=controller)
        login.place = "host"
        host.waiting.append((login, controller))
        least = min(self.n["connect_timeout"], self.n["budget"] / 10)
        until = login.began + self.n["budget"] - least
        if login.share == ELSEWHERE:
            until = min(until, self.now + self.n["slot_patience"])
        return self.at(max(until, self.now), self.give_up, login, "host", "host busy")

    def release_slot(self, login):
        """Each waiting login looks for a slot after a pause of its own."""
        login.host.release_slot(login.share)
        count = len(login.host.waiting)
        if count:
            pause = 1 - self.random.random() ** (1 / count)
            self.at(self.now + pause * self.n["slot_pause"], self.look_for_slot, login.host)

    def look_for_slot(self, host):
        fitting = [one for one in host.waiting if host.has_slot(one[0].share)]
        if fitting:
            first = 0 if self.scene.is_fair else self.random.randrange(len(fitting))
            login, controller = found = fitting[first]
            host.waiting.remove(found)
            host.take_slot(login.share)
            login.place = None
            self.send(login, controller)

    # The controller.

    def send(self, login, number):
        n, controller = self.n, self.controllers[number]
        limit = self.now + min(n["logon_timeout"], login.began + n["budget"] - self.now)
        controller.begin()
        self.outcome.most_under_way = max(
            self.outcome.most_under_way, sum(one.under_way for one in self.controllers)
        )
        if self.is_down(number):
            return self._lost(login, number, self.now, limit)
        if login.share == ELSEWHERE and self.scene.domain_hangs:
            return self.at(limit, self.timed_out, login, number)
        done = controller.work(self.now + n["round_trip"] / 2, n["logon"])
        if login.share == ELSEWHERE:
            done = controller.ask_trusted(done, n["trust_round_trip"])
        answer = done + n["round_trip"] / 2
        if self.is_down(number, answer):
            return self._lost(login, number, self.scene.fails_at, limit)
        if answer > limit:
            self.outcome.wasted += 1
            return self.at(limit, self.timed_out, login, number)
        return self.at(answer, self.answered, login, number)

    def _lost(self, login, number, failed, limit):
        """The controller failed before its answer came."""
        if self.scene.failure == "refuses":
            return self.at(max(self.now, failed) + self.n["round_trip"], self.broken, login, number)
        return self.at(limit, self.timed_out, login, number)

    def answered(self, login, number):
        self.controllers[number].end()
        login.process.answered(number, login.share)
        self.release_slot(login)
        self.end(login, None, channel=number)

    def broken(self, login, number):
        """The connection ended: a new one shows that the controller is dead."""
        self.controllers[number].end()
        self.release_slot(login)
        login.tried.add(number)
        login.host.failed(number, self.now)
        self.open(login)

    def timed_out(self, login, number):
        """The login may have counted. It goes on only if the controller takes no connection."""
        self.controllers[number].end()
        self.release_slot(login)
        login.process.timed_out(login.share, number, self.now)
        left = login.began + self.n["budget"] - self.now
        if self.is_down(number) and left > self.n["connect_timeout"]:
            login.tried.add(number)
            self.at(self.now + self.n["connect_timeout"], self.could_not_open, login, number)
        else:
            self.end(login, "timed out")

    def is_down(self, controller, now=None):
        """The first controller is the one that fails."""
        scene, now = self.scene, self.now if now is None else now
        return bool(scene.failure) and controller == 0 and scene.fails_at <= now < scene.is_back_at

    # The end.

    def give_up(self, login, place, cause):
        if login.place != place:
            return
        if place == "process":
            login.process.queue.remove(login)
            self.refuse(login, cause)
        else:
            waiting = [one for one in login.host.waiting if one[0] is login]
            login.host.waiting.remove(waiting[0])
            self.end(login, cause, channel=waiting[0][1])

    def refuse(self, login, cause):
        login.place = None
        self.outcome.add(login.share, self.now - login.began, cause)

    def end(self, login, cause, channel=None):
        """Gives the channel back, to the next that waits in the process."""
        self.refuse(login, cause)
        process = login.process
        process.give_back(login.share, channel, self.now)
        following = process.next_waiting()
        if following:
            process.queue.remove(following)
            refusal = process.refusal(following.share, self.now)
            if refusal:
                process.queue.insert(0, following)
                following.place = "process"
                self.give_up(following, "process", refusal)
            else:
                self.begin(following)
