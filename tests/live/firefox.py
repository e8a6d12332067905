"""Firefox, driven by WebDriver BiDi: JSON over a websocket that Firefox itself serves."""

import contextlib
import json
import pathlib
import re
import subprocess
import tempfile
import threading

import clients
import websockets.sync.client
from lab import host

# How long each step may take, in seconds.
PATIENCE = 60

# Firefox reaches the test server only: it resolves no names and fetches nothing by itself.
_PREFERENCES = {
    "network.dns.disabled": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "extensions.update.enabled": False,
}
# The hosts for which Firefox uses GSSAPI; empty by default, and Firefox then uses its own NTLM.
TRUSTED_URIS = "network.negotiate-auth.trusted-uris"


def log_in(site, user, *passwords):
    """Firefox with its own NTLM: enters the next password at each prompt.

    Firefox splits a domain off in its own dialogue only, not from a name that comes by BiDi. A
    controller knows no user `EXAMPLE\\alice`, so the name is passed without the domain.
    """
    name = user.rpartition("\\")[2]
    with _firefox() as browser:
        return browser.visit(site.apache.url, [(name, password) for password in passwords])


def log_in_by_gssapi(site, environment):
    """Firefox, logging in by GSSAPI with this environment."""
    with _firefox({TRUSTED_URIS: "127.0.0.1"}, environment) as browser:
        return browser.visit(site.apache.url, [])


@contextlib.contextmanager
def _firefox(preferences=None, environment=None):
    with tempfile.TemporaryDirectory(prefix="ntlmdc-firefox-") as directory:
        profile = pathlib.Path(directory)
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in (_PREFERENCES | (preferences or {})).items()
        ]
        (profile / "user.js").write_text("".join(lines))
        process = subprocess.Popen(
            host.bound(["firefox-esr", "--headless", "--no-remote", "--profile", directory])
            + ["--remote-debugging-port", "0", "about:blank"],
            env={"PATH": "/usr/bin:/bin", "HOME": directory, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        late = threading.Timer(PATIENCE, process.kill)
        late.start()
        try:
            url = _announced(process.stderr)
            late.cancel()
            # Reads the rest of the output: a full pipe would block Firefox.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            with websockets.sync.client.connect(f"{url}/session", max_size=None) as socket:
                yield _Browser(socket)
        finally:
            late.cancel()
            host.end(process)


def _announced(lines):
    said = []
    for line in lines:
        said.append(line)
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
            return found[1]
    raise host.LabError(f"Firefox ended by itself:\n{''.join(said)}")


class _Browser:
    def __init__(self, socket):
        self._socket = socket
        self._number = 0
        self._events = []
        self._call("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self._call("network.addIntercept", phases=["authRequired"])
        events = ["network.authRequired", "network.responseCompleted", "browsingContext.load"]
        self._call("session.subscribe", events=events)
        tree = self._call("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    def visit(self, url, accounts):
        """Visits a page: (status, lines). Once the accounts are used up, the login is cancelled."""
        accounts = list(accounts)
        self._events.clear()
        self._send("browsingContext.navigate", context=self._context, url=url, wait="none")
        status = None
        while True:
            name, about = self._event()
            if name == "network.authRequired":
                self._answer(about["request"]["request"], accounts)
            elif name == "network.responseCompleted" and about["request"]["url"] == url:
                status = about["response"]["status"]
            elif name == "browsingContext.load" and about["url"] == url and status:
                assert not accounts, "Firefox did not ask again"
                return status, clients.page(self._text())

    def _answer(self, request, accounts):
        if not accounts:
            self._send("network.continueWithAuth", request=request, action="cancel")
            return
        user, password = accounts.pop(0)
        credentials = {"type": "password", "username": user, "password": password}
        self._send(
            "network.continueWithAuth",
            request=request,
            action="provideCredentials",
            credentials=credentials,
        )

    def _text(self):
        found = self._call(
            "script.evaluate",
            expression="document.documentElement.textContent",
            target={"context": self._context},
            awaitPromise=False,
        )
        return found["result"]["value"]

    def _send(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        return self._number

    def _call(self, method, **parameters):
        number = self._send(method, **parameters)
        while True:
            message = self._receive()
            if message.get("id") == number:
                return message["result"]

    def _event(self):
        while not self._events:
            self._receive()
        return self._events.pop(0)

    def _receive(self):
        message = json.loads(self._socket.recv(timeout=PATIENCE))
        if message["type"] == "error":
            raise host.LabError(f"Firefox: {message['error']}: {message['message']}")
        if message["type"] == "event":
            self._events.append((message["method"], message["params"]))
        return message
