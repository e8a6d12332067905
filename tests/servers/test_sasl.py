"""Cyrus SASL's sample server and client, with GSS-SPNEGO and its security layer."""

import contextlib
import subprocess
import threading

import pytest
from lab import host, mech

# Line-buffered, although the output is a pipe.
BUFFERED = ["stdbuf", "-oL"]


class Side:
    """One program: its output, and the lines that are for the other."""

    def __init__(self, letter, command, environment):
        self.letter = letter
        self.said = b""
        self.process = subprocess.Popen(
            host.bound([*BUFFERED, *command]),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def carry(self, other):
        """Forwards this side's lines to the other until it ends."""
        with contextlib.suppress(BrokenPipeError):
            for line in self.process.stdout:
                self.said += line
                if line.startswith(b"%s: " % self.letter):
                    other.process.stdin.write(line)
                    other.process.stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            other.process.stdin.close()


def talk(server, client, *layer):
    """A conversation: the output of server and client."""
    what = ["-m", "GSS-SPNEGO", *layer]
    name = ["-n", "www.example.test"]
    sides = [
        Side(b"S", ["sasl-sample-server", *what, "-s", "HTTP"], server),
        Side(b"C", ["sasl-sample-client", *what, "-s", "HTTP", *name], client),
    ]
    carriers = [
        threading.Thread(target=one.carry, args=(other,)) for one, other in (sides, sides[::-1])
    ]
    for carrier in carriers:
        carrier.start()
    try:
        for side in sides:
            side.process.wait(20)
    finally:
        for side in sides:
            host.end(side.process)
        for carrier in carriers:
            carrier.join()
    return [side.said.decode("latin-1") for side in sides]


def client(environment, password, tmp_path):
    """alice's client with this password."""
    users = tmp_path / "users"
    users.write_text(f"EXAMPLE:alice:{password}\n")
    users.chmod(0o600)
    return environment | {"NTLM_USER_FILE": str(users)}


# The strength in bits that either side reports: 1 is integrity only, and gss-ntlmssp reports 64 for
# 128.
@pytest.mark.parametrize(
    "initiator, layer, strength, told",
    [
        ("ours", "min=1,max=1", 1, 1),
        ("gss-ntlmssp", "min=1,max=1", 1, 1),
        ("ours", "min=56", 128, 128),
        ("gss-ntlmssp", "min=56", 128, 64),
    ],
)
def test_messages_through_the_security_layer(
    sides, tmp_path, initiator, layer, strength, told, spnego_refusal
):
    alice = client(sides[initiator], mech.USERS["alice"], tmp_path)
    server, said = talk(sides["ours"], alice, "-b", layer)
    if spnego_refusal:
        assert spnego_refusal in said and "Username" not in server + said
        return
    assert "\nUsername: EXAMPLE\\alice\n" in server, server + said
    assert "ntlmdc: accepted" in server and "ntlmdc: dropped" not in server
    assert f"\nSSF: {strength}\n" in server and f"\nSSF: {told}\n" in said
    assert "recieved decoded message 'client message 1'" in server
    assert "recieved decoded message 'srv message 1'" in said


def test_a_wrong_password(sides, tmp_path):
    alice = client(sides["ours"], "wrong-password", tmp_path)
    server, said = talk(sides["ours"], alice)
    assert "Username" not in server + said
    assert "[4e440401]" in server, server
