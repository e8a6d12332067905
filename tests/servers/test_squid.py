"""squid with examples/squid.conf: real clients through a proxy that asks `ntlmdc helper`."""

import http.server
import re
import shutil
import subprocess
import threading

import pytest
from lab import host, mech

EXAMPLE = mech.ROOT / "examples" / "squid.conf"

# What a test needs beside the example: a port, files of its own, no cache.
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
    """squid with the example, until `close()`. `tool` is the program `ntlmdc`."""

    def __init__(self, mechanism, tool):
        self.directory, self._remove = host.scratch()
        shutil.chown(self.directory, "www-data", "www-data")
        self.directory.chmod(0o755)
        text = EXAMPLE.read_text()
        assert "program /usr/bin/ntlmdc " in text
        example = self.directory / "example.conf"
        example.write_text(text.replace("program /usr/bin/ntlmdc ", f"program {tool} "))
        port = host.free_port()
        self.url = f"http://127.0.0.1:{port}/"
        configuration = self.directory / "squid.conf"
        configuration.write_text(
            SQUID.format(port=port, example=example, directory=self.directory)
        )
        with open(self.directory / "start.log", "wb") as log:
            self._process = subprocess.Popen(
                host.bound(["/usr/sbin/squid", "-N", "-f", str(configuration)]),
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
        """The status of each request so far, and the user in its line of the access log."""
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
def squid(mechanism, tool):
    squid = Squid(mechanism, tool)
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
    """The URL of a page that lies beyond the proxy."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def curl(squid, url, *options, env=None):
    """curl through squid: the statuses of its answers, and whether the page came through."""
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


def test_plain_ntlm_through_squid(squid, beyond, mechanism):
    right = mechanism.passwords["alice"]
    for given, statuses in (("no", [407, 407]), (right, [407, 200]), ("x", [407, 407])):
        login = ("--proxy-ntlm", "--proxy-user", f"EXAMPLE\\alice:{given}")
        done = curl(squid, beyond, *login)
        assert done == (statuses, given == right)
    assert curl(squid, beyond) == ([407], False)


@pytest.mark.parametrize("side", ["ours", "gss-ntlmssp"])
def test_negotiate_through_squid(squid, beyond, mechanism, sides, side, tmp_path):
    right = mechanism.passwords["alice"]
    for given, statuses in (("no", [407, 407]), (right, [407, 200]), ("x", [407, 407])):
        env = client_of(sides, side, given, tmp_path)
        assert curl(squid, beyond, *NEGOTIATE, env=env) == (statuses, given == right)


def test_basic_through_squid(squid, beyond, mechanism):
    login = ("--proxy-basic", "--proxy-user", f"EXAMPLE\\alice:{mechanism.passwords['alice']}")
    assert curl(squid, beyond, *login) == ([200], True)
    login = ("--proxy-basic", "--proxy-user", "EXAMPLE\\alice:wrong-password")
    assert curl(squid, beyond, *login) == ([407], False)


def test_the_access_log_names_the_user(squid, beyond, mechanism):
    login = ("--proxy-ntlm", "--proxy-user", f"EXAMPLE\\alice:{mechanism.passwords['alice']}")
    curl(squid, beyond, *login)

    def named():
        let_in = [user for status, user in squid.users() if status == "200"]
        return let_in[-1:] == ["EXAMPLE\\\\alice"]  # it writes a backslash as two

    # squid writes the line after it has answered.
    host.wait_until(named, 10, lambda: f"users of the access log: {squid.users()}")
