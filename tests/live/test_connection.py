"""Several logins and other requests on one connection."""

import concurrent.futures
import re

import codes
import messages
import pytest
import spnego
import wire

ALICE = "EXAMPLE\\alice"


@pytest.fixture(params=["NTLM", "Negotiate"])
def connection(site, request):
    """A persistent connection that sends plain NTLM messages in either scheme."""
    with wire.Connection(site, request.param) as connection:
        yield connection


def test_a_login_lasts_as_long_as_the_connection(connection):
    password = connection.site.passwords["alice"]
    assert connection.log_in("alice", password).user == ALICE
    assert connection.send().user == ALICE
    assert connection.send(method="POST", body=b"x" * 100_000).user == ALICE


def test_the_right_password_after_a_wrong_one(connection):
    for _ in range(3):
        assert connection.log_in("alice", "wrong-password").status == 401
    answer = connection.log_in("alice", connection.site.passwords["alice"])
    assert (answer.status, answer.user) == (200, ALICE)


def test_another_user_after_a_wrong_password(connection):
    assert connection.log_in("alice", "wrong-password").status == 401
    answer = connection.log_in("bob", connection.site.passwords["bob"])
    assert (answer.status, answer.user) == (200, "EXAMPLE\\bob")


def test_a_second_negotiate_message_starts_afresh(connection):
    negotiate = messages.negotiate()
    first = connection.challenge(negotiate)
    second = connection.challenge(negotiate)
    assert first.server_challenge != second.server_challenge
    answer = messages.respond(second, "alice", connection.site.passwords["alice"])
    assert connection.send(answer.pack(negotiate, second.raw)).user == ALICE


def test_an_authenticate_message_for_an_older_challenge(connection):
    negotiate = messages.negotiate()
    first = connection.challenge(negotiate)
    connection.challenge(negotiate)
    answer = messages.respond(first, "alice", connection.site.passwords["alice"])
    assert connection.send(answer.pack(negotiate, first.raw)).status == 401
    assert connection.send().status == 401


def test_an_authenticate_message_without_a_challenge(connection):
    site = connection.site
    with wire.Connection(site, connection.scheme) as other:
        negotiate = messages.negotiate()
        challenge = other.challenge(negotiate)
    answer = messages.respond(challenge, "alice", site.passwords["alice"])
    mark = site.apache.mark()
    assert connection.send(answer.pack(negotiate, challenge.raw)).status == 401
    logged = site.apache.logged(mark)
    assert codes.in_log(logged) == [codes.code("NotNegotiated")], logged
    assert "no NEGOTIATE message before it on this connection" in codes.gssapi(logged)
    assert connection.log_in("alice", site.passwords["alice"]).user == ALICE


def test_a_refused_authenticate_message_is_not_verified_again(connection):
    negotiate = messages.negotiate()
    challenge = connection.challenge(negotiate)
    wrong = messages.respond(challenge, "alice", "wrong-password")
    right = messages.respond(challenge, "alice", connection.site.passwords["alice"])
    assert connection.send(wrong.pack(negotiate, challenge.raw)).status == 401
    mark = connection.site.apache.mark()
    assert connection.send(right.pack(negotiate, challenge.raw)).status == 401
    logged = connection.site.apache.logged(mark)
    assert codes.in_log(logged) == [codes.code("ContextFailed")], logged


def test_an_authenticate_message_replayed_on_another_connection(connection):
    site = connection.site
    negotiate = messages.negotiate()
    challenge = connection.challenge(negotiate)
    answer = messages.respond(challenge, "alice", site.passwords["alice"])
    message = answer.pack(negotiate, challenge.raw)
    assert connection.send(message).user == ALICE
    with wire.Connection(site, connection.scheme) as other:
        other.challenge(negotiate)
        assert other.send(message).status == 401


def test_a_login_on_an_authenticated_connection_is_sent_to_a_new_one(connection):
    password = connection.site.passwords["alice"]
    assert connection.log_in("alice", password).user == ALICE
    assert connection.send(messages.negotiate()).status == 401
    assert not connection.open
    with wire.Connection(connection.site, connection.scheme) as fresh:
        assert fresh.log_in("alice", password).user == ALICE


def post(connection, first_body, second_body):
    """A login by two POST requests with these bodies: (user, length of the body that arrived)."""
    negotiate = messages.negotiate()
    first = connection.send(negotiate, method="POST", body=first_body)
    assert first.status == 401 and connection.open
    challenge = messages.Challenge.parse(first.token)
    answer = messages.respond(challenge, "alice", connection.site.passwords["alice"])
    token = answer.pack(negotiate, challenge.raw)
    second = connection.send(token, method="POST", body=second_body)
    length = re.search(rb"^method: POST\nlength: (\d+)$", second.body, re.M)
    return second.user, length and int(length[1])


@pytest.mark.parametrize("first_body", [b"", b"y" * 100_000], ids=["empty", "whole"])
def test_a_post_that_comes_with_the_login(connection, first_body):
    """Some clients send no body before the login (Content-Length: 0), others repeat it."""
    assert post(connection, first_body, b"x" * 100_000) == (ALICE, 100_000)


def test_a_post_that_begins_a_login_on_an_authenticated_connection(connection):
    """Some clients begin every POST so. Apache cannot continue on that connection."""
    password = connection.site.passwords["alice"]
    assert connection.log_in("alice", password).user == ALICE
    assert connection.send(messages.negotiate(), method="POST", body=b"").status == 401
    assert not connection.open
    with wire.Connection(connection.site, connection.scheme) as fresh:
        assert post(fresh, b"", b"x" * 1000) == (ALICE, 1000)


def test_a_refused_spnego_login_is_sent_to_a_new_connection(site):
    client = spnego.client(
        ALICE,
        "wrong-password",
        "127.0.0.1",
        "HTTP",
        protocol="negotiate",
        options=spnego.NegotiateOptions.use_negotiate,
    )
    with wire.Connection(site, "Negotiate") as connection:
        first = connection.send(client.step())
        assert first.token and connection.open
        assert connection.send(client.step(first.token)).status == 401
        assert not connection.open


def test_many_at_once(site):
    def one(number):
        name = ("alice", "bob", "jürgen")[number % 3]
        wrong = number % 5 == 0
        with wire.Connection(site) as connection:
            password = "not-the-password" if wrong else site.passwords[name]
            answer = connection.log_in(name, password)
        expected = (401, None) if wrong else (200, f"EXAMPLE\\{name}")
        return (answer.status, answer.user) == expected

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(200)))
