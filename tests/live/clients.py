"""The real client programs, each as a function that tries one login.

Each returns (status, lines). `lines` is the page as a dict with `user`, `method` and `length`; it
is empty if the login was refused.
"""

import base64
import html
import json
import pathlib
import re
import subprocess
import tempfile
import urllib.parse

import pytest
import requests
import requests_ntlm
import spnego
import wire
from lab import host

HERE = pathlib.Path(__file__).parent


def page(text):
    """The lines of the page that names the user."""
    return dict(re.findall(r"^(user|method|length|mech): (.*?)\r?$", text, re.MULTILINE))


def run(*command, **options):
    """Runs a client to its end; fails if the program itself fails or exceeds the deadline."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **options
    )
    assert done.returncode == 0, f"{command[0]}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def curl(site, user, password, *options):
    """curl --ntlm"""
    answer = run(
        *("curl", "-sS", "--insecure", "--max-time", "60", "--ntlm"),
        *("--user", f"{user}:{password}"),
        *(*options, "--write-out", "\nstatus: %{http_code}\n", site.apache.url),
    ).stdout
    return int(re.search(r"^status: (\d+)$", answer, re.MULTILINE)[1]), page(answer)


def requests_client(site, user, password):
    """requests with requests-ntlm"""
    auth = requests_ntlm.HttpNtlmAuth(user, password)
    answer = requests.get(site.apache.url, auth=auth, timeout=60, verify=False)
    return answer.status_code, page(answer.text)


def _pyspnego(site, user, password, scheme, protocol, options=spnego.NegotiateOptions.none):
    client = spnego.client(
        user, password, "127.0.0.1", "HTTP", protocol=protocol, options=options
    )
    with wire.Connection(site, scheme) as connection:
        token = client.step()
        while True:
            answer = connection.send(token)
            if answer.token is None or client.complete:
                return answer.status, page(answer.body.decode())
            try:
                token = client.step(answer.token)
            except spnego.exceptions.SpnegoError:  # the server's token rejects the login
                return answer.status, page(answer.body.decode())


def pyspnego(site, user, password):
    """pyspnego, scheme NTLM"""
    return _pyspnego(site, user, password, "NTLM", "ntlm")


def pyspnego_raw_negotiate(site, user, password):
    """pyspnego, plain NTLM messages in the scheme Negotiate, as Windows clients send them"""
    return _pyspnego(site, user, password, "Negotiate", "ntlm")


def pyspnego_spnego(site, user, password):
    """pyspnego, NTLM inside SPNEGO in the scheme Negotiate"""
    wrapped = spnego.NegotiateOptions.use_negotiate
    return _pyspnego(site, user, password, "Negotiate", "negotiate", wrapped)


def _ntlm_auth(site, user, password, scheme, helper):
    domain, name = user.split("\\")
    account = [f"--domain={domain}", f"--username={name}", f"--password={password}"]
    with (
        wire.Connection(site, scheme) as connection,
        subprocess.Popen(
            host.bound(["ntlm_auth", f"--helper-protocol={helper}", *account]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):

        def ask(line):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            answer, _, token = process.stdout.readline().strip().partition(" ")
            return answer, base64.b64decode(token.removeprefix("* "))

        answer, token = ask("YR")
        assert answer == "YR"
        reply = connection.send(token)
        while reply.status == 401 and reply.token:
            answer, token = ask(f"TT {base64.b64encode(reply.token).decode()}")
            if answer == "NA":  # the server's token rejects the login
                break
            assert answer in ("KK", "AF"), answer
            reply = connection.send(token)
        if reply.status == 200 and reply.token:  # SPNEGO verifies the server's mechListMIC
            assert ask(f"TT {base64.b64encode(reply.token).decode()}")[0] == "AF"
        process.stdin.close()
        return reply.status, page(reply.body.decode())


def ntlm_auth(site, user, password):
    """Samba's ntlm_auth, scheme NTLM"""
    return _ntlm_auth(site, user, password, "NTLM", "ntlmssp-client-1")


def ntlm_auth_spnego(site, user, password):
    """Samba's ntlm_auth, NTLM inside SPNEGO in the scheme Negotiate"""
    return _ntlm_auth(site, user, password, "Negotiate", "gss-spnego-client")


def java(site, user, password):
    """Java's HttpURLConnection"""
    answer = run("java", str(HERE / "Login.java"), site.apache.url, user, password).stdout
    return int(re.search(r"^status: (\d+)$", answer, re.MULTILINE)[1]), page(answer)


def chromium(site, user, password):
    """Chromium, the user and the password in the URL"""
    account = f"{urllib.parse.quote(user, safe='')}:{urllib.parse.quote(password, safe='')}"
    return _chromium(site.apache.url.replace("://", f"://{account}@"))


def chromium_negotiate(site, environment):
    """Chromium, logging in by GSSAPI with this environment"""
    options = ["--auth-server-allowlist=127.0.0.1"]
    # Chromium uses GSSAPI only for a server that has offered Negotiate before: it stores that here.
    state = {"net": {"received_http_auth_negotiate_headers": True}}
    return _chromium(site.apache.url, options, state, env=environment)


def _chromium(url, options=(), state=None, **more):
    with tempfile.TemporaryDirectory(prefix="ntlmdc-chromium-") as profile:
        pathlib.Path(profile, "Local State").write_text(json.dumps(state or {}))
        done = run(
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            # Resolves no host but the server under test.
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            *(f"--user-data-dir={profile}", "--timeout=30000", "--dump-dom"),
            *("--ignore-certificate-errors", *options, url),
            **more,
        )
    said = page(html.unescape(re.sub(r"<[^>]*>", "\n", done.stdout)))
    refused = "ERR_INVALID_AUTH_CREDENTIALS" in done.stderr or "401 Unauthor" in done.stdout
    assert bool(said) != refused, f"neither let in nor refused:\n{done.stdout}\n{done.stderr}"
    return (200 if said else 401), said


ALL = [
    pytest.param(curl, id="curl"),
    pytest.param(requests_client, id="requests-ntlm"),
    pytest.param(pyspnego, id="pyspnego"),
    pytest.param(pyspnego_raw_negotiate, id="pyspnego-raw-negotiate"),
    pytest.param(pyspnego_spnego, id="pyspnego-spnego"),
    pytest.param(ntlm_auth, id="ntlm_auth"),
    pytest.param(ntlm_auth_spnego, id="ntlm_auth-spnego"),
    pytest.param(java, id="java"),
    pytest.param(chromium, id="chromium"),
]
