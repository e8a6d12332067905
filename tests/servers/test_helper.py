"""`ntlmdc helper` with real clients, a line each way."""

import base64
import subprocess

import pytest
import spnego
from lab import host


@pytest.fixture
def ask(tool, mechanism):
    """Starts a helper for a protocol: takes a line, gives the answer's words."""
    started = []

    def start(protocol, *options):
        process = subprocess.Popen(
            host.bound([tool, "helper", f"--protocol={protocol}", *options]),
            env=mechanism.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)

        def answer(line):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline().split()

        return answer

    yield start
    for process in started:
        host.end(process)


def log_in(answer, password, protocol):
    """The last answer to a client of pyspnego, and the client."""
    options = spnego.NegotiateOptions.use_negotiate if protocol == "negotiate" else 0
    client = spnego.client(
        "EXAMPLE\\alice", password, "proxy.example.test", protocol=protocol, options=options
    )
    token, word = client.step(), "YR"
    while True:
        words = answer(f"{word} {base64.b64encode(token).decode()}")
        if words[0] != "TT":
            if words[0] == "AF" and len(words) == 3 and words[1] != "*":
                client.step(base64.b64decode(words[1]))
            return words, client
        token, word = client.step(base64.b64decode(words[1])), "KK"


@pytest.mark.parametrize(
    ("protocol", "scheme"),
    [("squid-2.5-ntlmssp", "ntlm"), ("gss-spnego", "ntlm"), ("gss-spnego", "negotiate")],
)
def test_a_client_of_the_protocol(ask, mechanism, protocol, scheme):
    answer = ask(protocol)
    for given in ("wrong-password", mechanism.passwords["alice"], "x"):
        words, client = log_in(answer, given, scheme)
        if given == mechanism.passwords["alice"]:
            assert (words[0], words[-1]) == ("AF", "EXAMPLE\\alice")
            # With SPNEGO the client has checked our signature of its list of mechanisms.
            assert scheme == "ntlm" or client.complete
        else:
            assert words[0] == "NA" and " ".join(words).endswith("the login is refused")


def test_user_and_password(ask, mechanism):
    answer = ask("squid-2.5-basic")
    assert answer(f"EXAMPLE%5Calice {mechanism.passwords['alice']}") == ["OK"]
    assert answer("EXAMPLE%5Calice wrong-password")[0] == "ERR"
