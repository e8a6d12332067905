"""python3-gssapi as server and as client, each side a process with a mechanism of its own."""

import json
import os
import pathlib
import subprocess

import pytest
from lab import host, mech

TALK = pathlib.Path(__file__).with_name("gssapi_peer.py")


def converse(server, client, kind, count=100, least=1, password=None):
    """What a server and alice know of each other in the end."""
    password = password or mech.USERS["alice"]
    client = client | {"TALK_USER": "EXAMPLE\\alice", "TALK_PASSWORD": password}
    down, up = os.pipe(), os.pipe()
    sides = []
    for name, environment, ends in (
        ("server", server, (up[0], down[1])),
        ("client", client, (down[0], up[1])),
    ):
        process = subprocess.Popen(
            host.bound([str(TALK), name, kind, str(count), str(least)]),
            env=environment,
            stdin=ends[0],
            stdout=ends[1],
            stderr=subprocess.PIPE,
            text=True,
        )
        sides.append(process)
    for end in (*down, *up):
        os.close(end)
    return [_said(process) for process in sides]


def _said(process):
    try:
        _, said = process.communicate(timeout=60)
    finally:
        host.end(process)
    last = (said.splitlines() or [""])[-1]
    return json.loads(last) if last.startswith("{") else {"failed": said}


# (server, client, shortest message): gss-ntlmssp wraps no empty messages.
PAIRS = [("ours", "ours", 0), ("ours", "gss-ntlmssp", 1), ("gss-ntlmssp", "ours", 1)]


@pytest.mark.parametrize("kind", ["raw", "spnego"])
@pytest.mark.parametrize("server, client, least", PAIRS)
def test_messages_each_way(sides, server, client, least, kind, spnego_refusal):
    of_server, of_client = converse(sides[server], sides[client], kind, least=least)
    if kind == "spnego" and spnego_refusal:
        assert spnego_refusal in of_client["failed"]
        return
    # gss-ntlmssp includes the NUL in the length of a name.
    name = of_server.get("initiator", "").rstrip("\0" if server == "gss-ntlmssp" else "")
    assert name == "EXAMPLE\\alice", (of_server, of_client)
    assert of_server["mech"] == mech.OID
    for said in (of_server, of_client):
        assert {"integrity", "confidentiality"} <= set(said["flags"]), said


def test_the_configured_lifetime(sides):
    [of_server, _] = converse(sides["ours"], sides["gss-ntlmssp"], "raw")
    assert 4 * 3600 - 60 <= of_server["lifetime"] <= 4 * 3600


@pytest.mark.parametrize("kind", ["raw", "spnego"])
def test_a_wrong_password(sides, kind):
    [of_server, _] = converse(
        sides["ours"], sides["gss-ntlmssp"], kind, password="wrong-password"
    )
    assert "initiator" not in of_server
    assert "password" in of_server["failed"]
