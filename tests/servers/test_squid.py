"""Squid's helper for the scheme Negotiate: tokens in Base64, a line each way."""

import base64
import subprocess

import pytest
import spnego
from lab import host

HELPER = "/usr/lib/squid/negotiate_kerberos_auth"


@pytest.fixture
def helper(mechanism):
    """The helper as squid starts it: takes a line, gives the answer's first word and the others."""
    process = subprocess.Popen(
        host.bound([HELPER, "-s", "GSS_C_NO_NAME"]),
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
        answer, words = log_in(helper, "not-her-password")
        assert answer == "BH" and "[4e440401]" in words
        assert is_alice(*log_in(helper, mechanism.passwords["alice"]))
