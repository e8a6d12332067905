"""examples/sessions.conf: the cookie, its lifetime, and clients that have one."""

import datetime

import clients
import pytest
import recipes
import wire
from lab import apache, host, mech

ALICE = "EXAMPLE\\alice"
COOKIE = "ntlm_session"
MODULES = recipes.modules("session", "session_cookie")

# An arbitrary time, at which the clock of the Apache for logins stands still.
NOW = datetime.datetime(2031, 5, 17, 12, 0, 0)


class Clock:
    """Apaches of one site with one key, each at another time."""

    def __init__(self, mechanism, key):
        self.mechanism = mechanism
        self.passwords = mechanism.passwords
        self._environment = dict(mechanism.environment)
        self._key = key

    def at(self, seconds):
        """An Apache whose clock stands still so many seconds after `NOW`."""
        stands = NOW + datetime.timedelta(seconds=seconds)
        return self._start(
            {
                "LD_PRELOAD": _faketime(),
                "FAKETIME": f"{stands:%Y-%m-%d %H:%M:%S}",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "TZ": "UTC",
            }
        )

    def now(self, **options):
        """An Apache with the machine's clock."""
        return self._start({}, **options)

    def _start(self, environment, changes=(), **options):
        self.mechanism.environment = self._environment | environment
        text = recipes.example("sessions.conf")
        after = recipes.change(text, ("/etc/apache2/ntlm-session.key", self._key), *changes)
        self.apache = apache.Apache(self.mechanism, more=MODULES, after=after, **options)
        return self.apache


def _faketime():
    [library] = host.run("sh", "-c", "ls /usr/lib/*/faketime/libfaketime.so.1").splitlines()
    return library


@pytest.fixture
def clock(library, tmp_path):
    def make(lifetime, key="key"):
        more = f'[identity]\nlifetime = "{lifetime}"\n'
        made.append(mech.with_users(library, more=more))
        return Clock(made[-1], tmp_path / key)

    made = []
    tmp_path.chmod(0o755)
    yield make
    for mechanism in made:
        mechanism.close()


def cookies(answer, called=COOKIE):
    """The cookies that an answer sets, each with its properties."""
    return [
        value
        for name, value in answer.headers
        if name.lower() == "set-cookie" and value.startswith(f"{called}=")
    ]


def new_cookie(answer, called=COOKIE):
    """The cookies that a browser sends from now on."""
    assert answer.status == 200, answer
    [given] = cookies(answer, called)
    value, *properties = given.split(";")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "path=/"} <= set(map(str.strip, properties))
    assert len(value) > len(called) + 20 and "alice" not in value
    return {"Cookie": value}


def log_in(site, headers=()):
    with wire.Connection(site, headers=headers) as connection:
        return connection.log_in("alice", site.passwords["alice"])


def visit(site, cookie):
    """A request on a new connection with a cookie and no login: (status, user)."""
    with wire.Connection(site, headers=cookie) as connection:
        answer = connection.send()
    return answer.status, answer.user


@pytest.mark.parametrize(
    "lifetime, seconds",
    [
        ("10m", 600),
        ("4h", 14_400),
        # The shortest lifetime in mod_auth_gssapi.
        ("1m", 300),
    ],
)
def test_a_cookie_is_valid_to_the_second_and_after_a_restart(clock, lifetime, seconds):
    site = clock(lifetime)
    with site.at(0):
        cookie = new_cookie(log_in(site))
        assert visit(site, cookie) == (200, ALICE)
    with site.at(seconds):
        assert visit(site, cookie) == (200, ALICE)
    with site.at(seconds + 1):
        assert visit(site, cookie) == (401, None)


def test_a_client_with_an_expired_cookie_logs_in_and_gets_a_new_one(clock):
    site = clock("10m")
    with site.at(0):
        old = new_cookie(log_in(site))
    with site.at(700), wire.Connection(site, headers=old) as connection:
        refused = connection.send()
        assert refused.status == 401
        [given_up] = cookies(refused)
        assert "Max-Age=0" in given_up and given_up.startswith(f"{COOKIE}=;")
        connection.headers = {}
        cookie = new_cookie(connection.log_in("alice", site.passwords["alice"]))
        assert cookie != old
        assert visit(site, cookie) == (200, ALICE)
        # A client that keeps the expired cookie can log in too.
        assert log_in(site, old).user == ALICE


def test_a_client_that_begins_a_login_although_it_has_a_cookie(clock):
    site = clock("10m")
    with site.now():
        cookie = new_cookie(log_in(site))
        with wire.Connection(site, headers=cookie) as connection:
            assert connection.log_in("bob", site.passwords["bob"]).user == "EXAMPLE\\bob"
        # Old browsers do so before they send a form.
        with wire.Connection(site, headers=cookie) as connection:
            assert connection.log_in("bob", "wrong-password").status == 401
            assert connection.log_in("bob", site.passwords["bob"]).user == "EXAMPLE\\bob"


def test_curl_with_a_cookie_jar(clock, tmp_path):
    site = clock("10m")
    jar, pem = tmp_path / "jar", tmp_path / "www.pem"
    pem.write_text(apache.certificate())
    keeping = ("--cookie", jar, "--cookie-jar", jar)

    def user_by_cookie():
        url = site.apache.url
        return clients.page(clients.run("curl", "-sS", "--insecure", *keeping, url).stdout)["user"]

    with site.now(certificate=pem):
        for user in ("alice", "bob"):
            # bob begins with alice's cookie.
            status, page = clients.curl(site, f"EXAMPLE\\{user}", site.passwords[user], *keeping)
            assert (status, page.get("user")) == (200, f"EXAMPLE\\{user}")
            assert user_by_cookie() == f"EXAMPLE\\{user}"


def test_a_cookie_with_a_wrong_key(clock, tmp_path):
    site, other = clock("10m"), clock("10m", "another-key")
    with other.now():
        cookie = new_cookie(log_in(other))
    with site.now():
        assert visit(site, cookie) == (401, None)
        own = new_cookie(log_in(site))["Cookie"]
        assert visit(site, {"Cookie": own[:-9] + "AAAAAAAAA"}) == (401, None)
        assert visit(site, {"Cookie": f"{COOKIE}=user=EXAMPLE%5Calice"}) == (401, None)
        assert visit(site, {"Cookie": own}) == (200, ALICE)
    # The key is secret.
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0


BEARER = "MagBearerToken="

# Values that Apache did not write; @ stands for one that it wrote.
NO_SESSIONS = {
    "empty": "",
    "one letter": BEARER + "A",
    "no Base64": BEARER + "!" * 100,
    "only padding": BEARER + "%3d" * 100,
    "79 characters": BEARER + "A" * 79,
    "79 escaped characters": BEARER + "%2f" * 79,
    "80 characters": BEARER + "A" * 80,
    "200 characters": BEARER + "A" * 200,
    "no token": "user=alice",
    "another name": "magBearerToken=" + "A" * 100,
    "quoted": '"@"',
    "something before it": "a=b&@",
    "something after it": "@&a=b",
    "a bad escape at its end": "@%zz",
    "twice": f"@; {COOKIE}=@",
    "then a short one": f"@; {COOKIE}={BEARER}AA",
    "after a short one": f"{BEARER}AA; {COOKIE}=@",
    "then an empty one and a comma": f"@,{COOKIE}=",
    "short, after another cookie": f"x; a=b;\t {COOKIE}={BEARER}AA",
}


def test_a_malformed_cookie_gets_a_fresh_login(clock):
    site = clock("10m")
    with site.now() as server:
        own = new_cookie(log_in(site))["Cookie"].removeprefix(f"{COOKIE}=")
        for which, value in NO_SESSIONS.items():
            cookie = {"Cookie": f"{COOKIE}={value.replace('@', own)}"}
            with wire.Connection(site, headers=cookie) as connection:
                refused = connection.send()
                assert refused.status == 401, which
                [given_up] = cookies(refused)
                assert "Max-Age=0" in given_up, which
                # A client that keeps the cookie, and one that drops it as the server says.
                assert connection.log_in("alice", site.passwords["alice"]).user == ALICE, which
            with wire.Connection(site, headers=cookie) as connection:
                assert connection.send().status == 401
                connection.headers = {}
                new_cookie(connection.log_in("alice", site.passwords["alice"]))
        assert "exit signal" not in server.logged()
        # Cookies with other names have no effect.
        for around in ("a=1; {}; b=2", f"x{COOKIE}={BEARER}AA; {{}}", f"{{}}; a={COOKIE}=b"):
            cookie = {"Cookie": around.format(f"{COOKIE}={own}")}
            assert visit(site, cookie) == (200, ALICE), around


def test_the_cookie_by_another_name(clock):
    site = clock("10m")
    with site.now(changes=[(f"Define NTLM_COOKIE {COOKIE}", "Define NTLM_COOKIE other")]):
        cookie = new_cookie(log_in(site), "other")
        assert visit(site, cookie) == (200, ALICE)
        with wire.Connection(site, headers=cookie) as connection:
            assert connection.log_in("bob", site.passwords["bob"]).user == "EXAMPLE\\bob"
        with wire.Connection(site, headers={"Cookie": f"other={BEARER}AA"}) as connection:
            refused = connection.send()
            assert refused.status == 401 and "Max-Age=0" in cookies(refused, "other")[0]


def test_session_max_age_leaves_no_session(clock):
    """As the recipe says: the first response sets a cookie already, and the login sets none."""
    site = clock("10m")
    with (
        site.now(changes=[("    Session On\n", "    Session On\n    SessionMaxAge 60\n")]),
        wire.Connection(site) as connection,
    ):
        [given] = cookies(connection.send())
        assert f"{BEARER}" not in given and "Max-Age=60" in given
        connection.headers = {"Cookie": given.split(";")[0]}
        answer = connection.log_in("alice", site.passwords["alice"])
        assert answer.user == ALICE
        assert not [value for value in cookies(answer) if BEARER in value]
