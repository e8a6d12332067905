"""One HTTP connection on which a test sends its own tokens."""

import base64
import http.client
import ssl
import typing

import messages


class Answer(typing.NamedTuple):
    """A response: `token` is that of WWW-Authenticate for our scheme, `user` the logged-in user."""

    status: int
    token: bytes | None
    user: str | None
    headers: list
    body: bytes


class Connection:
    """A persistent connection to a site; `scheme` is NTLM or Negotiate, and every request has
    `headers`."""

    def __init__(self, site, scheme="NTLM", headers=()):
        self.site = site
        self.scheme = scheme
        self.headers = dict(headers)
        if site.apache.url.startswith("https:"):
            # The tests check the certificate themselves.
            context = ssl._create_unverified_context()
            self._connection = http.client.HTTPSConnection(
                "127.0.0.1", site.apache.port, timeout=60, context=context
            )
        else:
            self._connection = http.client.HTTPConnection("127.0.0.1", site.apache.port, timeout=60)
        self._connection.connect()
        # A closed connection must be an error, not be replaced by a new one.
        self._connection.auto_open = 0

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._connection.close()

    @property
    def open(self):
        """Whether the server left the connection open after its last answer."""
        return self._connection.sock is not None

    @property
    def certificate(self):
        """The server's certificate, in DER."""
        return self._connection.sock.getpeercert(binary_form=True)

    def send(self, token=None, method="GET", body=None, path="/"):
        """Sends a request with the token (bytes), or with none, and returns the answer."""
        headers = dict(self.headers)
        if token is not None:
            headers["Authorization"] = f"{self.scheme} {base64.b64encode(token).decode()}"
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        body = response.read()
        return Answer(
            response.status,
            self._token(response),
            _field(body, b"user") if response.status == 200 else None,
            [(name, value) for name, value in response.getheaders() if name != "Date"],
            body,
        )

    def send_bytes(self, data):
        """Sends these bytes, which need not be a whole request, and reads no answer."""
        self._connection.sock.sendall(data)

    def challenge(self, negotiate=None):
        """Sends a NEGOTIATE_MESSAGE and returns the challenge."""
        answer = self.send(messages.negotiate() if negotiate is None else negotiate)
        assert answer.status == 401 and answer.token, answer
        return messages.Challenge.parse(answer.token)

    def log_in(self, user, password, path="/", named="", **options):
        """A whole login with messages of `messages.py`; returns the last answer. That is the first
        one if the server gives no challenge. The first message names the domain `named`."""
        negotiate = messages.negotiate(domain=named)
        first = self.send(negotiate, path=path)
        if first.token is None:
            return first
        challenge = messages.Challenge.parse(first.token)
        answer = messages.respond(challenge, user, password, **options)
        return self.send(answer.pack(negotiate, challenge.raw), path=path)

    def _token(self, response):
        for value in response.headers.get_all("WWW-Authenticate", []):
            scheme, _, token = value.partition(" ")
            if scheme == self.scheme and token:
                return base64.b64decode(token)
        return None


def _field(body, name):
    for line in body.splitlines():
        key, _, value = line.partition(b": ")
        if key == name:
            return value.decode()
    return None
