"""The clients of a soak: real programs and libraries, and a browser imitated on a raw socket.

Each takes an `Attempt` and returns an `Answer`; `Cut` is raised if the server closed the connection
before it answered.
"""

import base64
import contextlib
import hashlib
import http.client
import os
import re
import struct
import subprocess
import typing

import messages
import requests
import requests_ntlm
import spnego
import urllib3
import wire
from lab import host, programs

from . import plan

# An answer has the text of a refusal here, which ends with our code: see stage.py. The number alone
# would not do: libgssapi has numbers of its own for what comes through SPNEGO.
REASON = "X-Reason"
_CODE = re.compile(r"\[(4e44[0-9a-f]{4})\]")

# The certificates are made for the run.
urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

# Empty reply, and failure to receive: curl(1).
_CURL_CUT = (52, 56)
_TIMED_OUT = 28

# The begin of a request, up to the token.
_BEGIN = b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: NTLM "


class Cut(Exception):
    """The server closed the connection before it answered."""


class Answer(typing.NamedTuple):
    """The status, the user that the page names, and the minor code of a refusal."""

    status: int
    user: str | None = None
    code: int | None = None


NO_ANSWER = Answer(0)


class Attempt(typing.NamedTuple):
    site: object
    user: str
    password: str
    chance: float
    # The environment of a GSSAPI client with this user and password.
    environment: dict

    @property
    def account(self):
        return f"EXAMPLE\\{self.user}"


@contextlib.contextmanager
def cut_is_told():
    """Turns what libraries raise for a closed connection into `Cut`."""
    try:
        yield
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, requests.exceptions.Timeout):
            raise TimeoutError from error
        raise Cut(str(error)) from error


def bindings(connection):
    """A change of AV pairs: the client's channel binding is that of this connection."""
    if "https" not in connection.site.apache.url:
        return lambda avs: avs
    if not connection.open:
        raise Cut("closed after an answer")
    return naming(connection.certificate)


def naming(certificate):
    """A change of AV pairs: the client sees this certificate (RFC 5929 4.1, RFC 4121 4.1.1.2)."""
    data = b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
    binding = hashlib.md5(bytes(16) + struct.pack("<I", len(data)) + data).digest()

    def change(avs):
        others = [pair for pair in avs if pair[0] != messages.AV_CHANNEL_BINDINGS]
        return [*others, (messages.AV_CHANNEL_BINDINGS, binding)]

    return change


def read(answer):
    """The `Answer` in one of `wire`."""
    return Answer(answer.status, answer.user, _code(dict(answer.headers).get(REASON)))


def _code(reason):
    found = _CODE.search(reason or "")
    return int(found[1], 16) if found else None


def browser(attempt):
    """Asks without a login first, logs in, and asks for more on the same connection."""
    with wire.Connection(attempt.site) as connection:
        if attempt.chance < 0.5:
            connection.send()
        answer = _log_in(connection, attempt.user, attempt.password)
        if answer.status == 200:
            return _ask_on(connection, answer, int(attempt.chance * 6))
        return answer


def second_try(attempt):
    """Logs in with a mistyped password, and then on the same connection with the other one."""
    with wire.Connection(attempt.site) as connection:
        mistyped = _log_in(connection, attempt.user, "mistyped")
        if mistyped.status == 200:
            return Answer(200, "let in with a mistyped password")
        if not connection.open:
            raise Cut("closed after the first password")
        return _log_in(connection, attempt.user, attempt.password)


def _log_in(connection, user, password):
    change = bindings(connection)
    return read(connection.log_in(user, password, change_avs=change))


def _ask_on(connection, answer, count):
    """Further requests without a login: each must be that user's, until the server closes."""
    for _ in range(count):
        if not connection.open:
            break
        page = read(connection.send())
        if (page.status, page.user) != (200, answer.user):
            return Answer(page.status, f"{page.user}, on the connection of {answer.user}")
    return answer


def requests_ntlm_client(attempt):
    auth = requests_ntlm.HttpNtlmAuth(attempt.account, attempt.password)
    answer = requests.get(attempt.site.apache.url, auth=auth, timeout=60, verify=False)
    return Answer(answer.status_code, _user(answer.text), _code(answer.headers.get(REASON)))


def _pyspnego(attempt, scheme, protocol, options):
    client = spnego.client(
        attempt.account,
        attempt.password,
        "127.0.0.1",
        "HTTP",
        protocol=protocol,
        options=options,
    )
    with wire.Connection(attempt.site, scheme) as connection:
        token = client.step()
        while True:
            answer = connection.send(token)
            if answer.token is None or client.complete:
                return read(answer)
            try:
                token = client.step(answer.token)
            except spnego.exceptions.SpnegoError:  # the server's token rejects the login
                return read(answer)


def pyspnego(attempt):
    return _pyspnego(attempt, "NTLM", "ntlm", spnego.NegotiateOptions.none)


def pyspnego_in_spnego(attempt):
    return _pyspnego(attempt, "Negotiate", "negotiate", spnego.NegotiateOptions.use_negotiate)


def _curl(attempt, *options, path="", environment=None):
    done = subprocess.run(
        host.bound(["curl", "-sS", "--max-time", "60", *options])
        + ["--write-out", f"\nstatus: %{{http_code}} %header{{{REASON}}}\n"]
        + [attempt.site.apache.url + path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment or {"PATH": os.defpath},
    )
    if done.returncode in _CURL_CUT:
        raise Cut(done.stderr)
    if done.returncode == _TIMED_OUT:
        raise TimeoutError
    if done.returncode != 0:
        raise host.LabError(f"curl: {done.returncode}: {done.stderr}")
    status, reason = re.search(r"^status: (\d+) (.*)$", done.stdout, re.MULTILINE).groups()
    return Answer(int(status), _user(done.stdout), _code(reason))


def _with_password(attempt):
    return "--user", f"{attempt.account}:{attempt.password}"


def curl_ntlm(attempt):
    return _curl(attempt, "--ntlm", *_with_password(attempt))


def curl_basic(attempt):
    return _curl(attempt, "--basic", *_with_password(attempt), path="basic")


def curl_negotiate(attempt):
    """NTLM inside SPNEGO, by the mechanism and the users file of the environment."""
    return _curl(attempt, "--negotiate", "--user", ":", environment=attempt.environment)


def gssapi_environment(folder, name, account, password):
    """The environment of a GSSAPI client with gss-ntlmssp; its files have this name."""
    users = folder / f"{name}.users"
    users.write_text("{}:{}:{}\n".format(*account.split("\\"), password))
    users.chmod(0o600)
    config = folder / "client-mech.conf"
    config.write_text(f"ntlmssp 1.3.6.1.4.1.311.2.2.10 {programs.peer()}\n")
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "GSS_MECH_CONFIG": str(config),
        "NTLM_USER_FILE": str(users),
        "KRB5_CONFIG": "/dev/null",
    }


def _user(page):
    found = re.search(r"^user: (.*?)\r?$", page, re.MULTILINE)
    return found[1] if found else None


def abandon(attempt):
    """Begins a login and gives it up, in one of several ways; an answer counts for nothing, unless
    it lets in what has proved nothing."""
    way = plan.WAYS_OUT[int(attempt.chance * len(plan.WAYS_OUT))]
    with wire.Connection(attempt.site) as connection:
        if way == "connected":
            return NO_ANSWER
        if way == "half a request":
            connection.send_bytes(_BEGIN + b"TlRM")
            return NO_ANSWER
        for _ in range(2 if way == "NEGOTIATE twice" else 1):
            negotiate = messages.negotiate()
            answer = connection.send(negotiate)
        if way == "unread answer" and answer.token:
            challenge = messages.Challenge.parse(answer.token)
            change = bindings(connection)
            last = messages.respond(challenge, attempt.user, attempt.password, change_avs=change)
            token = base64.b64encode(last.pack(negotiate, challenge.raw))
            connection.send_bytes(_BEGIN + token + b"\r\n\r\n")
            return NO_ANSWER
        return read(answer)


def replay(attempt):
    """Sends the messages of another connection's login on one of its own."""
    with wire.Connection(attempt.site) as connection:
        negotiate = messages.negotiate()
        answer = connection.send(negotiate)
        if answer.token is None:
            return read(answer)
        challenge = messages.Challenge.parse(answer.token)
        change = bindings(connection)
        message = messages.respond(challenge, attempt.user, attempt.password, change_avs=change)
        message = message.pack(negotiate, challenge.raw)
        connection.send(message)
    with wire.Connection(attempt.site) as other:
        if attempt.chance < 0.5:
            other.send(negotiate)
        return read(other.send(message))


def relay(attempt):
    """The client saw another server's certificate."""
    with wire.Connection(attempt.site) as connection:
        change = naming(b"another certificate")
        answer = connection.log_in(attempt.user, attempt.password, change_avs=change)
        return read(answer)


BY_NAME = {
    "browser": browser,
    "second try": second_try,
    "curl --ntlm": curl_ntlm,
    "curl --negotiate": curl_negotiate,
    "curl --basic": curl_basic,
    "requests": requests_ntlm_client,
    "pyspnego": pyspnego,
    "pyspnego in SPNEGO": pyspnego_in_spnego,
}
BY_KIND = {plan.ABANDONED: abandon, plan.REPLAYED: replay, plan.RELAYED: relay}
