"""squid with examples/squid.conf; and the helper in it: tokens in Base64, a line each way."""

import base64
import http.server
import re
import shutil
import subprocess
import threading

import pytest
import spnego
from lab import host, mech

HELPER = "/usr/lib/squid/negotiate_kerberos_auth"
# A host whose name has an address: the helper looks it up.
NAMED = ["unshare", "--uts", "sh", "-c", 'hostname localhost && exec "$@"', "sh"]


@pytest.fixture
def helper(mechanism):
    """The helper as squid starts it: takes a line, returns the answer's first word and the rest.

    The helper looks up its host name, which not every machine has in DNS or in /etc/hosts.
    """
    process = subprocess.Popen(
        host.bound([*NAMED, HELPER, "-s", "GSS_C_NO_NAME"]),
        env=mechanism.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def ask(word, token):
        process.stdin.write(f"{word} {base64.b64encode(token).decode()}\n")
        process.stdin.flush()
        answer, *words = process.stdout.readline().split()
        return answer, words

    yield ask
    host.end(process)


def log_in(helper, password):
    client = spnego.client(
        "EXAMPLE\\alice",
        password,
        "proxy.example.test",
        protocol="negotiate",
        options=spnego.NegotiateOptions.use_negotiate,
    )
    answer, words = helper("YR", client.step())
    assert answer == "TT", words
    [token] = words
    return helper("KK", client.step(base64.b64decode(token.removeprefix("token="))))


def is_alice(answer, words):
    return answer == "OK" and "user=EXAMPLE%5Calice" in words


def test_the_right_password(helper, mechanism):
    assert is_alice(*log_in(helper, mechanism.passwords["alice"]))


def test_a_wrong_password_and_then_the_right_one(helper, mechanism):
    for _ in range(2):
        answer, words = log_in(helper, "wrong-password")
        assert answer == "BH" and "[4e440401]" in words
        assert is_alice(*log_in(helper, mechanism.passwords["alice"]))


def test_plain_ntlm_is_refused_by_the_helper(helper, mechanism):
    client = spnego.client("EXAMPLE\\alice", mechanism.passwords["alice"], protocol="ntlm")
    answer, words = helper("YR", client.step())
    assert answer == "BH" and " ".join(words).startswith("received type 1 NTLM token")


# Lines beside the example: a port, files of the test, no cache.
SQUID = """
http_port 127.0.0.1:{port}
include {example}
http_access allow all
cache deny all
pid_filename {directory}/pid
cache_log {directory}/cache.log
access_log stdio:{directory}/access.log
coredump_dir {directory}
cache_effective_user www-data
pinger_enable off
netdb_filename none
shutdown_lifetime 1 seconds
"""


class Squid:
    """squid with the example, until `close()`."""

    def __init__(self, mechanism):
        self.directory, self._remove = host.scratch()
        shutil.chown(self.directory, "www-data", "www-data")
        self.directory.chmod(0o755)
        text = (mech.ROOT / "examples" / "squid.conf").read_text()
        installed = "/usr/local/lib/ntlm-squid-helper"
        assert f"program {installed}\n" in text
        helper = self.directory / "helper"
        # The modes of a checkout are those of its owner's umask.
        shutil.copyfile(mech.ROOT / "examples" / "squid-helper", helper)
        helper.chmod(0o755)
        example = self.directory / "example.conf"
        example.write_text(text.replace(installed, str(helper)))
        port = host.free_port()
        self.url = f"http://127.0.0.1:{port}/"
        configuration = self.directory / "squid.conf"
        configuration.write_text(
            SQUID.format(port=port, example=example, directory=self.directory)
        )
        with open(self.directory / "start.log", "wb") as log:
            self._process = subprocess.Popen(
                host.bound([*NAMED, "/usr/sbin/squid", "-N", "-f", str(configuration)]),
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **mechanism.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            host.wait_until(lambda: host.answers("127.0.0.1", port), 120, self._said)
        except BaseException:
            self.close()
            raise

    def users(self):
        """The status and the user of each line of the access log."""
        text = (self.directory / "access.log").read_text()
        return re.findall(r"/(\d+) \d+ GET \S+ (\S+)", text)

    def close(self):
        host.end(self._process)
        self._remove()

    def _said(self):
        files = ("start.log", "cache.log")
        paths = [self.directory / name for name in files]
        return "".join(path.read_text() for path in paths if path.exists())


@pytest.fixture(scope="module")
def squid(mechanism):
    squid = Squid(mechanism)
    yield squid
    squid.close()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"beyond\n")

    def log_message(self, *_words):
        pass


@pytest.fixture(scope="module")
def beyond():
    """The URL of a page behind the proxy."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def curl(squid, url, *options, env=None):
    """curl through squid: the statuses of its responses, and whether the page arrived."""
    done = subprocess.run(
        ["curl", "-sS", "-i", "--max-time", "30", "--proxy", squid.url, *options, url],
        env={"PATH": "/usr/bin:/bin", "KRB5_CONFIG": "/dev/null", **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )
    statuses = re.findall(r"^HTTP/1\.1 (\d+)", done.stdout, re.M)
    return [int(status) for status in statuses], done.stdout.endswith("beyond\n")


def client_of(sides, side, password, directory):
    """The environment of a client that logs in as alice with this password."""
    users = directory / "users"
    users.write_text(f"EXAMPLE:alice:{password}\n")
    users.chmod(0o600)
    environment = {name: value for name, value in sides[side].items() if name != "NTLMDC_CONFIG"}
    return environment | {"NTLM_USER_FILE": str(users)}


NEGOTIATE = ("--proxy-negotiate", "--proxy-user", ":")


@pytest.mark.parametrize("side", ["ours", "gss-ntlmssp"])
def test_curl_through_squid(squid, beyond, mechanism, sides, side, tmp_path):
    password = mechanism.passwords["alice"]
    wrong, right = [407, 407], [407, 200]
    for given, statuses in (("wrong-password", wrong), (password, right), ("x", wrong)):
        env = client_of(sides, side, given, tmp_path)
        assert curl(squid, beyond, *NEGOTIATE, env=env) == (statuses, statuses[-1] == 200), given
    let_in = [user for status, user in squid.users() if status == "200"]
    assert set(let_in) == {"EXAMPLE\\\\alice"}, "the access log writes a backslash as two"


def test_plain_ntlm_through_squid(squid, beyond, mechanism):
    """The limit itself: once this login is accepted, the page can say so."""
    login = ("--proxy-user", f"EXAMPLE\\alice:{mechanism.passwords['alice']}")
    assert curl(squid, beyond, "--proxy-ntlm", *login) == ([407], False)
    assert curl(squid, beyond) == ([407], False)
