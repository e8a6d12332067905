"""MIT's own sample programs, gss-server and gss-client."""

import subprocess

import pytest
from lab import host, mech

MECHANISM = "{ 1 3 6 1 4 1 311 2 2 10 }"
MESSAGE = "hello there"
COUNT = 20


def talk(server, client, *options, password=None):
    """One conversation: the client's status and output, and the server's output."""
    port = str(host.free_port())
    serving = subprocess.Popen(
        host.bound(["gss-server", "-port", port, "-once", "-verbose", "HTTP@localhost"]),
        env=server,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    who = ["-user", "EXAMPLE\\alice", "-pass", password or mech.USERS["alice"]]
    command = ["gss-client", "-port", port, "-mech", MECHANISM, *who, "-mcount", str(COUNT)]
    command += [*options, "localhost", "HTTP@localhost", MESSAGE]
    asked = None

    def answered():
        # The server accepts one connection only, so a probe would use it up.
        nonlocal asked
        asked = subprocess.run(
            host.bound(command),
            env=client,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return "Connection refused" not in asked.stdout or serving.poll() is not None

    try:
        host.wait_until(answered, 120, lambda: "gss-server does not listen")
        said, _ = serving.communicate(timeout=120)
    finally:
        host.end(serving)
    return asked.returncode, asked.stdout, said


# The client requests no confidentiality: messages are signed only.
@pytest.mark.parametrize("kind", [[], ["-spnego"]], ids=["raw", "spnego"])
def test_messages_and_their_signatures(sides, kind, spnego_refusal):
    status, client, server = talk(sides["ours"], sides["ours"], *kind)
    if kind and spnego_refusal:
        assert status != 0 and spnego_refusal in client and "Signature verified" not in client
        return
    assert status == 0, client + server
    assert client.count("Signature verified.") == COUNT
    assert server.count(f'Received message: "{MESSAGE}"') == COUNT
    assert 'Accepted connection: "EXAMPLE\\alice"' in server
    assert "localname: alice" in server
    assert "ntlmdc: accepted" in server and "ntlmdc: dropped" not in server
    assert "GSS_C_SEQUENCE_FLAG" in client


# Without confidentiality, gss-ntlmssp wraps messages in another format; and as a client the program
# needs calls that gss-ntlmssp does not have.
@pytest.mark.parametrize("kind", [[], ["-spnego"]], ids=["raw", "spnego"])
def test_signatures_of_gss_ntlmssp(sides, kind, spnego_refusal):
    status, client, server = talk(sides["gss-ntlmssp"], sides["ours"], "-nw", *kind)
    if kind and spnego_refusal:
        assert status != 0 and spnego_refusal in client and "Signature verified" not in client
        return
    assert status == 0, client + server
    assert client.count("Signature verified.") == COUNT
    assert 'Accepted connection: "EXAMPLE\\alice"' in server


@pytest.mark.parametrize("kind", [[], ["-spnego"]], ids=["raw", "spnego"])
def test_a_wrong_password(sides, kind):
    status, client, server = talk(sides["ours"], sides["ours"], *kind, password="wrong-password")
    assert status != 0 and "Signature" not in client
    assert "Accepted" not in server and "password" in server, server
