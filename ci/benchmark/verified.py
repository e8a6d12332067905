"""The part of ci/bench with a domain: our mechanism, gss-ntlmssp with winbindd, and our verifier
alone, all at the same controller."""

import dataclasses

from lab import domain, host, mech, programs, winbind_member

from . import figures, trips

AT_ONCE = (1, 8, 32)
# The logins that are prepared and then completed by the threads: the limit of accept.c.
BATCH = 64
ROUNDS = 3
BATCHES = 8
# With many concurrent logins, gss-ntlmssp sleeps for seconds in winbindd's client library before it
# tries the socket again, and a batch takes that long.
MANY, FEW_BATCHES = 32, 2
USER = "alice"


@dataclasses.dataclass
class Cost:
    """CPU and latency of a login in microseconds, and completed logins per second: each is a
    sample, or the `Spread` of many."""

    cpu: object
    latency: object
    per_second: object


@dataclasses.dataclass
class Costs:
    ours: Cost
    theirs: Cost
    floor: Cost


class Domain:
    """A throw-away domain with this host as a member, and the programs that ask its controller."""

    def __init__(self, bench):
        self._bench = bench
        mech.cargo("build", "--release", "--locked", "--example", "floor")
        self._floor = bench.library.parent / "examples" / "floor"
        self._controller = domain.Domain()
        self._member = winbind_member.Member(self._controller)
        self._mechanism = mech.with_domain(bench.library, self._controller)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._mechanism.close()
        self._member.close()
        self._controller.close()

    def measure(self, at_once, progress):
        """The costs with so many concurrent logins; the three alternate."""
        ours, theirs, floor = [], [], []
        for number in range(ROUNDS):
            progress(f"{at_once} at once, round {number + 1} of {ROUNDS}")
            ours += self._accept(at_once, self.our_environment())
            theirs += self._accept(at_once, self._their_environment(), self._member)
            floor.append(self._ask(at_once))
        return Costs(_spread(ours), _spread(theirs), _spread(floor))

    def trips(self):
        """See `trips.Trips.measure`."""
        return trips.Trips(self._bench, self._controller).measure()

    def our_environment(self):
        """That of an acceptor with our library, which asks the controller."""
        return self._environment(**self._mechanism.environment)

    def _accept(self, at_once, environment, daemon=None):
        logins = (FEW_BATCHES if daemon and at_once >= MANY else BATCHES) * BATCH
        inside = daemon.inside() if daemon else ()
        before = daemon.cpu() if daemon else 0
        samples = self._bench.samples(environment, logins, BATCH, BATCH, at_once, inside)
        spent = (daemon.cpu() if daemon else 0) - before
        # The time of the daemon includes the warm-up.
        spent *= 1e6 / (logins + BATCH)
        return [Cost(cpu + spent, latency, 1e6 / passed) for cpu, latency, passed in samples]

    def _ask(self, at_once):
        count = BATCHES * BATCH // at_once
        done = programs.run(self._floor, count, at_once, environment=self._floor_environment())
        if done.returncode != 0:
            raise host.LabError(f"the verifier alone failed: {done.stderr}")
        median, passed = (int(word) / 1000 for word in done.stdout.split())
        return Cost(0, median, 1e6 / passed)

    def _their_environment(self):
        return self._environment(
            GSS_MECH_CONFIG=self._bench.setting.peer_mech_config, NTLMDC_CONFIG=None
        )

    def _environment(self, **more):
        password = self._controller.passwords[USER]
        return self._bench.setting.environment(INITIATOR_PASSWORD=password, **more)

    def _floor_environment(self):
        return {
            "NTLMDC_TEST_DC": self._controller.address,
            "NTLMDC_TEST_SECRET": self._controller.secret,
            "NTLMDC_TEST_PASSWORDS": f"{USER}:{self._controller.passwords[USER]}",
        }


def _spread(costs):
    names = [field.name for field in dataclasses.fields(Cost)]
    return Cost(*(figures.spread(getattr(cost, name) for cost in costs) for name in names))
