"""examples/token_service.py: logins whose two messages come on connections of their own."""

import base64
import concurrent.futures
import http.client
import json
import pathlib
import re
import subprocess
import threading
import urllib.parse

import pytest
import spnego
from lab import host, mech

EXAMPLE = mech.ROOT / "examples" / "token_service.py"
PAGE = (mech.ROOT / "docs" / "token-exchange.md").read_text()
GRANT = {"grant_type": "iwa:ntlm"}
PRELOAD = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class Service:
    """The example as a process of www-data; `clock`: on a clock that the test sets."""

    def __init__(self, mechanism, clock=False):
        self.port = host.free_port()
        self._clock = mechanism.directory / f"clock-{self.port}"
        self.late(0)
        self._log = mechanism.directory / f"log-{self.port}"
        environment = mechanism.environment | {
            "PATH": "/usr/bin:/bin",
            "KRB5_CONFIG": "/dev/null",
            "NTLMDC_EXPORT_DIR": str(mechanism.directory / "state"),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        as_server = ["setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups", "--"]
        # libfaketime's semaphore must be of that user.
        preload = ["env", f"LD_PRELOAD={PRELOAD[0]}"] if clock else []
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                host.bound([*as_server, *preload, "/usr/bin/python3", "-", str(self.port)]),
                env=environment,
                stdin=EXAMPLE.open("rb"),
                stdout=log,
                stderr=log,
            )
        try:
            host.wait_until(lambda: host.answers("127.0.0.1", self.port), 30, self.said)
        except BaseException:
            self.close()
            raise

    def late(self, seconds):
        """Sets its clock."""
        self._clock.write_text(f"+{seconds}s")

    def said(self):
        return self._log.read_text()

    def close(self):
        host.end(self._process)
        # libfaketime leaves these of a process that is ended.
        for file in pathlib.Path("/dev/shm").glob(f"*faketime_*_{self._process.pid}"):
            file.unlink()

    def ask(self, method, path, body=None, headers=()):
        """One request on a connection of its own: (status, JSON)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
        return answer.status, said

    def send(self, message, state=None, **fields):
        """A message of the login, as the client of the page sends it."""
        form = GRANT | {"windows_token": base64.b64encode(message).decode()} | fields
        if state is not None:
            form["state"] = state
        return self.ask("POST", "/token", urllib.parse.urlencode(form))

    def user(self, token):
        return self.ask("GET", "/userinfo", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def start(mechanism):
    started = []

    def start(**options):
        started.append(Service(mechanism, **options))
        return started[-1]

    yield start
    for service in started:
        service.close()


@pytest.fixture(scope="module")
def service(start):
    return start()


class Client:
    """A login with the first message sent: `state`, and the `answer` to the challenge."""

    def __init__(self, service, user, password):
        login = spnego.client(f"EXAMPLE\\{user}", password, "token.example.test", protocol="ntlm")
        status, said = service.send(login.step())
        assert (status, set(said)) == (200, {"windows_token", "state"}), said
        self.state = said["state"]
        self.answer = login.step(base64.b64decode(said["windows_token"]))


@pytest.fixture(scope="module")
def on_a_clock(start):
    return start(clock=True)


@pytest.fixture
def begin(service, mechanism):
    def begin(user="alice", password=None, at=service):
        return Client(at, user, password or mechanism.passwords[user])

    return begin


REFUSED = (400, {"error": "invalid_grant"})


def assert_user(service, answer, user):
    status, said = answer
    assert (status, said["token_type"], said["expires_in"]) == (200, "Bearer", 600), said
    assert service.user(said["access_token"]) == (200, {"sub": f"EXAMPLE\\{user}"})


def test_two_legs_give_a_token(service, begin, mechanism):
    for user in mechanism.passwords:
        client = begin(user)
        assert_user(service, service.send(client.answer, client.state), user)


def test_many_clients_at_once(service, mechanism):
    """All have sent the first message before any sends the second one."""
    users = list(mechanism.passwords) * 16
    together = threading.Barrier(len(users), timeout=60)

    def log_in(user):
        client = Client(service, user, mechanism.passwords[user])
        together.wait()
        return service.send(client.answer, client.state)

    with concurrent.futures.ThreadPoolExecutor(len(users)) as clients:
        answers = list(clients.map(log_in, users))
    for user, answer in zip(users, answers):
        assert_user(service, answer, user)


def test_the_second_leg_at_another_process(service, start, begin):
    other = start()
    client = begin()
    assert_user(other, other.send(client.answer, client.state), "alice")


def test_a_replay_is_refused(service, begin):
    client = begin()
    assert service.send(client.answer, client.state)[0] == 200
    assert service.send(client.answer, client.state) == REFUSED


def test_a_replay_at_the_same_time_is_refused(service, begin):
    """A state counts once, however many requests come with it."""
    client = begin()
    with concurrent.futures.ThreadPoolExecutor(16) as senders:
        sent = [senders.submit(service.send, client.answer, client.state) for _ in range(16)]
        statuses = [request.result()[0] for request in sent]
    assert (statuses.count(200), statuses.count(400)) == (1, 15), statuses


def test_swapped_states_are_refused(service, begin):
    one, other = begin("alice"), begin("bob")
    assert service.send(one.answer, other.state) == REFUSED
    assert service.send(other.answer, one.state) == REFUSED


def test_a_wrong_password(service, begin):
    client = begin(password="wrong-password")
    assert service.send(client.answer, client.state) == REFUSED
    assert "[4e440401]" in service.said()


@pytest.mark.parametrize(("seconds", "is_valid"), [(290, True), (310, False)])
def test_a_late_answer(on_a_clock, begin, seconds, is_valid):
    service = on_a_clock
    client = begin(at=service)
    service.late(seconds)
    try:
        answer = service.send(client.answer, client.state)
        if is_valid:
            assert_user(service, answer, "alice")
        else:
            assert answer == REFUSED
    finally:
        service.late(0)


def test_a_token_ends(on_a_clock, begin):
    service = on_a_clock
    client = begin(at=service)
    token = service.send(client.answer, client.state)[1]["access_token"]
    service.late(590)
    try:
        assert service.user(token)[0] == 200
        service.late(610)
        assert service.user(token) == (401, {"error": "invalid_token"})
    finally:
        service.late(0)


def changed(text):
    """The text with another letter in the middle."""
    at = len(text) // 2
    return text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]


def test_a_changed_token(service, begin):
    client = begin()
    token = service.send(client.answer, client.state)[1]["access_token"]
    claims, signature = token.split(".")
    for other in (changed(claims) + "." + signature, claims + "." + changed(signature)):
        assert service.user(other) == (401, {"error": "invalid_token"})
    for other in ("", ".", "a.b.c", "\xe4", claims):
        assert service.user(other) == (401, {"error": "invalid_token"})


def test_garbage(service, begin):
    client = begin()
    for state in (changed(client.state), client.state[:40], "AAAA"):
        assert service.send(client.answer, state) == REFUSED
    assert service.send(client.answer) == REFUSED, "without a state"
    invalid = (400, {"error": "invalid_request"})
    assert service.send(client.answer, "no Base64!") == invalid
    for message in (b"", b"\x60\x82", b"NTLMSSP", b"GET / HTTP/1.1"):
        assert service.send(message) == invalid, message
    for message in (b"NTLMSSP\0", b"NTLMSSP\0" + bytes(40), b"NTLMSSP\0\1" + b"\xff" * 200):
        assert service.send(message) == REFUSED, message
    assert service.ask("POST", "/token", "x" * 70_000) == invalid
    assert service.ask("POST", "/token", "&".join("abcdefghijklmnop")) == invalid
    other = (400, {"error": "unsupported_grant_type"})
    assert service.ask("POST", "/token", "") == other
    assert service.send(client.answer, grant_type="password") == other
    assert service.ask("POST", "/other", "")[0] == 404
    # A right login is still possible, with the state that was not used.
    assert_user(service, service.send(client.answer, client.state), "alice")
    assert "Traceback" not in service.said()


def test_it_is_as_short_as_the_page_says():
    assert len(EXAMPLE.read_text().splitlines()) < 150
    assert "under 150 lines" in PAGE


def test_the_fields_of_the_page(service, begin):
    """The page's requests have these fields, and its answers those of the service."""
    [form] = re.findall(r"^(grant_type=\S*)$", PAGE, re.M)[:1]
    assert set(urllib.parse.parse_qs(form)) == {"grant_type", "windows_token"}
    blocks = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```", PAGE, re.M | re.S)]
    client = begin()
    _, last = service.send(client.answer, client.state)
    refusal = service.send(client.answer, client.state)[1]
    assert [set(block) for block in blocks] == [
        {"windows_token", "state"},
        set(last),
        set(refusal),
    ]
