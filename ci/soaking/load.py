"""The logins of a soak: begun when the plan says so, and what became of each."""

import concurrent.futures
import dataclasses
import threading
import time

from lab import mech

from . import clients, plan

# Logins at once. A login that finds no free worker begins later than planned.
WORKERS = 32
# A browser repeats a request whose connection the server closed.
TRIES = 3
_WRONG = "not-the-password"


@dataclasses.dataclass
class Outcome:
    login: plan.Login
    began: float
    ended: float
    answer: clients.Answer
    # How often the server closed the connection before an answer.
    cuts: int
    # Why there is no answer, if there is none.
    failure: str = ""

    @property
    def seconds(self):
        return self.ended - self.began


class Load:
    """Begins logins while the `with` block lasts; `outcomes` has those that have ended."""

    def __init__(self, stage, logins):
        self._stage, self._logins = stage, logins
        self._environments = _environments(stage)
        self.outcomes = []
        self._begun = []
        self._over = threading.Event()
        self._pool = concurrent.futures.ThreadPoolExecutor(WORKERS)
        self._pace = threading.Thread(target=self._run)

    def __enter__(self):
        self._pace.start()
        return self

    def __exit__(self, *_exception):
        self._over.set()
        self._pace.join()
        self._pool.shutdown(cancel_futures=True)

    def _run(self):
        began = time.monotonic()
        for login in self._logins:
            if self._over.wait(max(0, began + login.at - time.monotonic())):
                return
            self._begun.append(self._pool.submit(self.log_in, login))

    def lost(self):
        """Lines for the logins of the plan that have no outcome, after the `with` block."""
        begun = (one for one in self._begun if not one.cancelled())
        return [f"LOST: {error!r}" for one in begun if (error := one.exception())]

    def guess(self, user, count):
        """So many wrong passwords for a user, eight at once; begun from here, not by the plan."""
        logins = [
            plan.Login(-1, 0, plan.WRONG, plan.EVENT, "browser", user, 0.9) for _ in range(count)
        ]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(self.log_in, logins))

    def log_in(self, login):
        client = clients.BY_KIND.get(login.kind) or clients.BY_NAME[login.client]
        attempt = self._attempt(login)
        began, cuts, answer, failure = time.monotonic(), 0, clients.NO_ANSWER, ""
        try:
            while cuts < TRIES:
                try:
                    with clients.cut_is_told():
                        answer = client(attempt)
                    failure = ""
                    break
                except clients.Cut as error:
                    cuts += 1
                    failure = f"cut {cuts} times: {error}"
        except TimeoutError:
            failure = "no answer within a minute"
        except Exception as error:  # a client that fails is a result, too
            failure = repr(error)
        self.outcomes.append(Outcome(login, began, time.monotonic(), answer, cuts, failure))

    def _attempt(self, login):
        site, kind = self._stage.sites[login.site], login.kind
        password = _WRONG if kind == plan.WRONG else self._stage.passwords[login.user]
        environment = self._environments[login.user, password == _WRONG]
        return clients.Attempt(site, login.user, password, login.chance, environment)


def _environments(stage):
    """Those of GSSAPI clients, by user and whether the password is wrong."""
    found = {}
    for user, right in stage.passwords.items():
        account = f"{mech.domain.NETBIOS}\\{user}"
        for name, password in (("right", right), ("wrong", _WRONG)):
            made = clients.gssapi_environment(stage.folder, f"{name}-{user}", account, password)
            found[user, name == "wrong"] = made
    return found
