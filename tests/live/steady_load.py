"""A steady load of logins, and the result of each."""

import contextlib
import dataclasses
import http.client
import threading
import time

import wire

# One login in so many has a wrong password.
WRONG_EVERY = 5
USERS = ("alice", "bob")


@dataclasses.dataclass
class Login:
    """One login: its begin and end (monotonic clock), and its result."""

    user: str
    right: bool
    began: float
    ended: float = 0.0
    status: int = 0
    told: str | None = None
    cut: bool = False

    @property
    def let_in(self):
        return self.status == 200

    @property
    def seconds(self):
        return self.ended - self.began


class Load:
    """Starts so many logins a second at a site while the `with` block lasts.

    Each has a connection and a thread of its own and does not wait for earlier ones. With `again`,
    a login whose connection the server closed before an answer is repeated once on a new one, as a
    browser does.
    """

    def __init__(self, site, rate=20, again=False):
        self.site, self.rate, self.again = site, rate, again
        self.logins = []
        self._over = threading.Event()
        self._pace = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._pace.start()
        return self

    def __exit__(self, *_exception):
        self._over.set()
        self._pace.join()

    def _run(self):
        threads = []
        began = time.monotonic()
        while not self._over.wait(max(0, began + len(threads) / self.rate - time.monotonic())):
            number = len(threads)
            thread = threading.Thread(target=self._log_in, args=(number,), daemon=True)
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join(70)
            assert not thread.is_alive(), "a login has not ended"

    def _log_in(self, number):
        user = USERS[number % len(USERS)]
        right = number % WRONG_EVERY != 0
        login = Login(user, right, time.monotonic())
        password = self.site.passwords[user] if right else "not-the-password"
        for _attempt in range(5 if self.again else 1):
            login.cut = False
            try:
                with wire.Connection(self.site) as connection:
                    answer = connection.log_in(user, password)
                login.status, login.told = answer.status, answer.user
                break
            except (OSError, http.client.HTTPException):
                login.cut = True
        login.ended = time.monotonic()
        self.logins.append(login)

    @property
    def right(self):
        """The logins with the right password, in the order of their begin."""
        return sorted((l for l in self.logins if l.right), key=lambda login: login.began)

    @property
    def wrong(self):
        return [login for login in self.logins if not login.right]

    def gap(self):
        """The longest time without a successful login: its begin and its end."""
        times = sorted(login.ended for login in self.logins if login.let_in)
        return max(zip(times, times[1:]), key=lambda pair: pair[1] - pair[0])

    def no_wrong_login_accepted(self):
        """No wrong password was accepted, and a right one only as the user it belongs to."""
        assert self.wrong, "no login with a wrong password was tried"
        assert not [login for login in self.wrong if login.let_in]
        told = {(login.user, login.told) for login in self.right if login.let_in}
        assert told == {(user, f"EXAMPLE\\{user}") for user in USERS}

    def nothing_lost(self, log=""):
        """Every right password was accepted, and no wrong one.

        Apache ends its CGI daemon when it reloads. A request at that moment is answered with 503
        after the login, and the log has a line for each.
        """
        self.no_wrong_login_accepted()
        refused = [login for login in self.right if not login.let_in]
        without_page = [login for login in refused if login.status == 503]
        assert len(without_page) <= log.count("[cgid:error]"), log
        lost = [login for login in refused if login.status != 503]
        assert not lost, f"{len(lost)} of {len(self.right)} lost: {lost[:3]}\n{log}"


@contextlib.contextmanager
def every(seconds, action):
    """Calls a function every so many seconds while the block lasts."""
    over = threading.Event()

    def repeat():
        while not over.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
