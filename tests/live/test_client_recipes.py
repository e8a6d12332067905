"""examples/expect.conf and examples/anyauth.conf, with clients that need them and others."""

import base64
import contextlib
import http.client
import http.server
import re
import socket
import subprocess
import threading

import clients
import codes
import messages
import pytest
import recipes
import spnego
import wire
from lab import mech

ALICE = "EXAMPLE\\alice"

JARS = ("httpclient", "httpcore", "commons-logging", "commons-codec")
CLASS_PATH = ":".join(f"/usr/share/java/{name}.jar" for name in JARS)


@pytest.fixture
def expect_site(library, make_site):
    script = ("/etc/apache2/ntlm-expect.lua", recipes.served() / "expect.lua")
    text = recipes.change(recipes.example("expect.conf"), script)
    return make_site(mech.with_users(library), more=recipes.modules("lua"), after=text)


def http_client(site, password):
    """Apache HttpClient with expect-continue: (status, what the page says)."""
    program = str(clients.HERE / "ExpectContinue.java")
    site_and_user = (site.apache.url, "EXAMPLE", "alice", password)
    answer = clients.run("java", "-cp", CLASS_PATH, program, *site_and_user, "twelve bytes").stdout
    return int(re.search(r"^status: (\d+)$", answer, re.M)[1]), clients.page(answer)


def test_apache_httpclient(users_site, expect_site):
    password = users_site.passwords["alice"]
    # The limit itself: once this is 200, the recipe is not needed any more.
    assert http_client(users_site, password) == (401, {})
    let_in = {"user": ALICE, "method": "POST", "length": "12"}
    assert http_client(expect_site, password) == (200, let_in)
    assert http_client(expect_site, "wrong-password") == (401, {})


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Waiting:
    """A connection that sends the body of a request only after 100 (Continue)."""

    def __init__(self, site):
        self._connection = http.client.HTTPConnection("127.0.0.1", site.apache.port, timeout=60)
        self._connection.connect()
        self._connection.auto_open = 0

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._connection.close()

    @property
    def open(self):
        return self._connection.sock is not None

    def send(self, authorization, body, method="POST", chunked=False):
        """Sends a request: (whether its body was asked for, status, token, what the page says)."""
        self._connection.putrequest(method, "/")
        self._connection.putheader("Expect", "100-continue")
        if authorization:
            self._connection.putheader("Authorization", authorization)
        length = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", len(body))
        self._connection.putheader(*length)
        self._connection.endheaders()
        peer = self._connection.sock
        asked = peer.recv(len(CONTINUE), socket.MSG_PEEK | socket.MSG_WAITALL) == CONTINUE
        if asked:
            peer.recv(len(CONTINUE), socket.MSG_WAITALL)
            self._connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body)
        answer = self._connection.getresponse()
        page = clients.page(answer.read().decode())
        token = (answer.headers["WWW-Authenticate"] or "").partition(" ")[2]
        return asked, answer.status, base64.b64decode(token), page


def ntlm(token):
    return f"NTLM {base64.b64encode(token).decode()}"


def log_in(site, body, **options):
    """A login by two requests, each with a body that waits for 100 (Continue)."""
    with Waiting(site) as connection:
        negotiate = messages.negotiate()
        asked, status, token, _ = connection.send(ntlm(negotiate), body, **options)
        assert (asked, status, connection.open) == (True, 401, True)
        challenge = messages.Challenge.parse(token)
        answer = messages.respond(challenge, "alice", site.passwords["alice"])
        final = answer.pack(negotiate, challenge.raw)
        return connection.send(ntlm(final), body, **options)


@pytest.mark.parametrize(
    "body, options",
    [
        (b"x", {}),
        (b"x" * 3_000_000, {}),
        (b"x", {"method": "PROPFIND"}),
        (b"x" * 100_000, {"chunked": True}),
    ],
    ids=["short", "long", "propfind", "chunked"],
)
def test_a_body_that_waits(expect_site, body, options):
    asked, status, _, page = log_in(expect_site, body, **options)
    assert (asked, status, page["user"]) == (True, 200, ALICE)
    # CGI programs learn the length of a body that is not chunked.
    assert page["length"] == str(len(body)) or "chunked" in options


def test_a_body_that_waits_for_a_login_in_spnego(expect_site):
    client = spnego.client(
        ALICE,
        expect_site.passwords["alice"],
        "127.0.0.1",
        "HTTP",
        protocol="negotiate",
        options=spnego.NegotiateOptions.use_negotiate,
    )
    with Waiting(expect_site) as connection:
        status, token = 401, None
        while status == 401:
            token = base64.b64encode(client.step(token)).decode()
            asked, status, token, page = connection.send(f"Negotiate {token}", b"x")
            assert asked
    assert (status, page["user"]) == (200, ALICE)


def test_bodies_of_other_requests_are_left_alone(expect_site):
    password = expect_site.passwords["alice"]
    with Waiting(expect_site) as connection:
        # Apache requests no body that it will not use.
        assert connection.send(None, b"x")[:2] == (False, 401)
        assert not connection.open
    answer = clients.curl(expect_site, ALICE, password, "--data", "x" * 50)
    assert answer == (200, {"user": ALICE, "method": "POST", "length": "50"})
    with wire.Connection(expect_site) as connection:
        assert connection.log_in("alice", password).user == ALICE
        connection.headers = {"Expect": "100-continue"}
        assert b"length: 3\n" in connection.send(method="POST", body=b"abc").body


# Without Kerberos, whatever the configuration of the host.
NO_TICKET = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "KRB5_CONFIG": "/dev/null"}

CHOOSES = ("--anyauth", "--negotiate --ntlm")


def curl(url, *options):
    """curl: (status, what the page says)."""
    where = ("--max-time", "60", "--write-out", "\nstatus: %{http_code}\n", url)
    answer = clients.run("curl", "-sS", *options, *where, env=NO_TICKET).stdout
    return int(re.search(r"^status: (\d+)$", answer, re.M)[1]), clients.page(answer)


@pytest.fixture(params=["", "login-failed.conf"])
def anyauth_site(request, library, make_site):
    """With Apache's own page for 401, and with one of an ErrorDocument."""
    text = recipes.example("anyauth.conf")
    if request.param:
        page = recipes.change(recipes.example(request.param), ("/etc/apache2", recipes.served()))
        text = page + text
    more = recipes.modules("setenvif", "include")
    return make_site(mech.with_users(library), more=more, after=text)


@pytest.mark.parametrize("options", CHOOSES)
def test_curl_anyauth(users_site, anyauth_site, options):
    user = ("--user", f"{ALICE}:{users_site.passwords['alice']}")
    # The limit itself: once this is 200, the recipe is not needed any more.
    assert curl(users_site.apache.url, *options.split(), *user) == (401, {})
    url = anyauth_site.apache.url
    let_in = (200, {"user": ALICE, "method": "GET", "length": "0"})
    assert curl(url, *options.split(), *user) == let_in
    let_in[1].update(method="POST", length="3")
    assert curl(url, *options.split(), *user, "--data", "x=1") == let_in
    mark = anyauth_site.apache.mark()
    assert curl(url, *options.split(), "--user", f"{ALICE}:wrong-password") == (401, {})
    assert codes.in_log(anyauth_site.apache.logged(mark)) == [codes.code("BadUserOrPassword")]


def git(site, password):
    """git's error: the page is no repository, or the login failed."""
    url = site.apache.url.replace("://", f"://EXAMPLE%5Calice:{password}@")
    done = subprocess.run(
        ("git", "ls-remote", f"{url}repository"),
        env=NO_TICKET | {"GIT_TERMINAL_PROMPT": "0"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    [complaint] = re.findall("Authentication failed|info/refs not valid", done.stderr)
    return complaint


def test_git(users_site, anyauth_site):
    password = users_site.passwords["alice"]
    # The limit itself: once git logs in, the recipe is not needed any more.
    assert git(users_site, password) == "Authentication failed"
    assert git(anyauth_site, password) == "info/refs not valid"
    assert git(anyauth_site, "wrong-password") == "Authentication failed"


def offered(site, **headers):
    """The WWW-Authenticate fields of a 401 response."""
    with wire.Connection(site, headers=headers) as connection:
        answer = connection.send()
        return [value for name, value in answer.headers if name == "WWW-Authenticate"]


def test_the_schemes_offered_to_each_client(anyauth_site):
    assert offered(anyauth_site, **{"User-Agent": "curl/8.0"}) == ["NTLM"]
    assert offered(anyauth_site) == ["Negotiate", "NTLM"]
    # The response with a challenge offers no other scheme.
    for agent in ("curl/8.0", "Mozilla/5.0"):
        with wire.Connection(anyauth_site, headers={"User-Agent": agent}) as connection:
            answer = connection.send(messages.negotiate())
            [field] = [value for name, value in answer.headers if name == "WWW-Authenticate"]
            assert field.startswith("NTLM TlRMTVNTUAAC")


def test_other_clients_are_not_affected(anyauth_site, initiator, with_users):
    password = anyauth_site.passwords["alice"]
    for client in (clients.curl, clients.requests_client, clients.pyspnego_spnego):
        status, page = client(anyauth_site, ALICE, password)
        assert (status, page.get("user")) == (200, ALICE), client
    environment = with_users(initiator, f"EXAMPLE:alice:{password}\n")
    negotiate = ("curl", "-sS", "--negotiate", "--user", ":", anyauth_site.apache.url)
    assert clients.page(clients.run(*negotiate, env=environment).stdout)["user"] == ALICE


def proxy_recipe():
    """examples/proxy.conf, with CONNECT to any port."""
    ports = ("AllowCONNECT 443", "AllowCONNECT 1-65535")
    return recipes.change(recipes.example("proxy.conf"), ports)


class Beyond(http.server.BaseHTTPRequestHandler):
    """The origin server behind the proxy."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"user: beyond\n")

    def log_message(self, *_words):
        pass


@contextlib.contextmanager
def beyond():
    """The URL of a server without authentication."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Beyond) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_curl_anyauth_at_a_proxy(library, make_site):
    more = recipes.modules("setenvif", "proxy", "proxy_http", "proxy_connect")
    mechanism = mech.with_users(library)
    anyauth = recipes.example("anyauth.conf")
    plain = make_site(mechanism, more=more, after=proxy_recipe())
    proxy = make_site(mechanism, more=more, after=proxy_recipe() + anyauth)
    user = ("--proxy-user", f"{ALICE}:{mechanism.passwords['alice']}")
    with beyond() as url:
        via = ("--proxy", plain.apache.url, "--proxy-anyauth")
        assert curl(url, *via, *user)[0] == 407
        via = ("--proxy", proxy.apache.url, "--proxy-anyauth")
        for tunnel in ((), ("--proxytunnel",)):
            assert curl(url, *via, *tunnel, *user) == (200, {"user": "beyond"})
        assert curl(url, *via, "--proxy-user", f"{ALICE}:wrong-password")[0] == 407
