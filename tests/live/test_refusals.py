"""Refused logins: each has its own code in Apache's error log and leaves no trace."""

import dataclasses
import os
import struct

import codes
import messages
import pytest
import wire
from lab import mech

ALICE = "EXAMPLE\\alice"


def refused(site, message, *names):
    """Sends the result of `message(negotiate, challenge)` on a new connection.

    It must be refused with one of the codes `names`, and the connection must not be logged in
    afterwards. alice must still be able to log in: on that connection (if Apache keeps it, which it
    does for a message that begins like NTLM) and on a new one.
    """
    mark = site.apache.mark()
    with wire.Connection(site) as connection:
        negotiate = messages.negotiate()
        challenge = connection.challenge(negotiate)
        token = message(negotiate, challenge)
        answer = connection.send(token)
        assert (answer.status, answer.token) == (401, None)
        logged = codes.in_log(site.apache.logged(mark))
        assert logged in [[codes.code(name)] for name in names], site.apache.logged(mark)
        assert connection.open == token.startswith(messages.SIGNATURE)
        if connection.open:
            assert connection.send().status == 401
            assert let_in(connection)
    with wire.Connection(site) as connection:
        assert let_in(connection)


def let_in(connection):
    answer = connection.log_in("alice", connection.site.passwords["alice"])
    return (answer.status, answer.user) == (200, ALICE)


def login(user, password, **options):
    """A valid login."""

    def message(negotiate, challenge):
        answer = messages.respond(challenge, user, password, **options)
        return answer.pack(negotiate, challenge.raw)

    return message


def test_a_wrong_password(site):
    refused(site, login("alice", "wrong-password"), "BadUserOrPassword")


def test_an_unknown_user(site):
    refused(site, login("nobody", site.passwords["alice"]), "BadUserOrPassword")


def test_an_empty_password(site):
    refused(site, login("alice", ""), "BadUserOrPassword")


def test_an_unknown_domain(site):
    message = login("alice", site.passwords["alice"], domain="ELSEWHERE")
    refused(site, message, "BadUserOrPassword", "UnknownDomain")


def test_a_refusal_does_not_tell_whether_the_user_exists(site):
    seen = []
    for user in ("alice", "nobody"):
        mark = site.apache.mark()
        with wire.Connection(site) as connection:
            answer = connection.log_in(user, "not-the-password")
        logged = codes.gssapi(site.apache.logged(mark))
        assert f'user="{user}"' in logged
        seen.append((answer, logged.replace(user, "")))
    assert seen[0] == seen[1]


@pytest.mark.each_samba
@pytest.mark.parametrize(
    "user, name",
    [
        ("dora", "AccountDisabled"),
        ("edward", "PasswordExpired"),
        ("mia", "PasswordMustChange"),
        ("xaver", "AccountExpired"),
        ("lukas", "AccountLockedOut"),
        ("hannah", "InvalidLogonHours"),
        ("walter", "InvalidWorkstation"),
        ("petra", "AccountRestriction"),
        ("Guest", "GuestRefused"),
    ],
)
def test_the_right_password_of(netlogon_site, user, name):
    refused(netlogon_site, login(user, netlogon_site.passwords[user]), name)


@pytest.mark.each_samba
def test_the_controller_receives_the_workstation_of_the_client(netlogon_site):
    """walter may log in from one workstation only, another than the one above."""
    with wire.Connection(netlogon_site) as connection:
        negotiate = messages.negotiate()
        challenge = connection.challenge(negotiate)
        answer = messages.respond(challenge, "walter", netlogon_site.passwords["walter"])
        answer.workstation = messages.text("ELSEWHERE")
        seen = connection.send(answer.pack(negotiate, challenge.raw))
    assert (seen.status, seen.user) == (200, "EXAMPLE\\walter")


@pytest.mark.each_samba
@pytest.mark.parametrize("user", ["dora", "edward", "mia", "xaver"])
def test_a_wrong_password_reveals_no_restriction(netlogon_site, user):
    refused(netlogon_site, login(user, "not-the-password"), "BadUserOrPassword")


def test_anonymous(site):
    def message(_negotiate, challenge):
        flags = challenge.flags & messages.FLAGS & ~messages.KEY_EXCH | messages.ANONYMOUS
        return messages.Authenticate(flags, bytes(1), b"", b"", b"", b"", b"").pack()

    refused(site, message, "AnonymousRefused")


def test_anonymous_without_the_flag(site):
    def message(_negotiate, challenge):
        flags = challenge.flags & messages.FLAGS & ~messages.KEY_EXCH
        return messages.Authenticate(flags, b"", b"", b"", b"", b"", b"").pack()

    refused(site, message, "AnonymousRefused")


@pytest.mark.parametrize("domain", ["", "EXAMPLE"])
def test_anonymous_with_a_response_of_full_size(site, domain):
    refused(site, login("", "", domain=domain), "AnonymousRefused")


@pytest.mark.parametrize(
    "kind, name",
    [
        ("ntlmv1", "NtlmV1Refused"),
        ("ntlm2-session", "Ntlm2SessionRefused"),
        ("lm", "LmOnlyRefused"),
    ],
)
def test_an_older_response(site, kind, name):
    def message(_negotiate, challenge):
        password = site.passwords["bob"]
        return messages.respond_v1(challenge, "bob", password, kind).pack()

    refused(site, message, name)


def test_a_right_lm_response_beside_a_wrong_one(site):
    """A relay has an LMv2 response, which covers neither the target information nor the MIC."""

    def message(_negotiate, challenge):
        password = site.passwords["alice"]
        answer = messages.respond(challenge, "alice", password, change_avs=lambda avs: avs[:-3])
        answer.nt = os.urandom(16) + answer.nt[16:]
        answer.lm = messages.lmv2(challenge, "alice", password)
        answer.flags &= ~(messages.KEY_EXCH | messages.SIGN)
        answer.session_key, answer.mic_key = b"", None
        return answer.pack()

    refused(site, message, "BadUserOrPassword")


@pytest.mark.parametrize("field", ["user", "domain", "workstation"])
def test_a_name_that_is_no_utf16(site, field):
    def message(negotiate, challenge):
        answer = messages.respond(challenge, "alice", site.passwords["alice"])
        odd = dataclasses.replace(answer, **{field: b"\x00\xd8"})
        return odd.pack(negotiate, challenge.raw)

    refused(site, message, "Malformed")


@pytest.mark.parametrize("place", [0, 7, 15])
def test_a_mic_that_does_not_match(site, place):
    def message(negotiate, challenge):
        good = login("alice", site.passwords["alice"])(negotiate, challenge)
        return flip(good, messages.MIC_OFFSET + place)

    refused(site, message, "BadMic")


def test_a_mic_over_another_negotiate_message(site):
    def message(_negotiate, challenge):
        other = messages.negotiate(messages.FLAGS & ~messages.SIGN)
        return login("alice", site.passwords["alice"])(other, challenge)

    refused(site, message, "BadMic")


def test_a_session_key_of_a_wrong_length(site):
    def message(negotiate, challenge):
        answer = messages.respond(challenge, "alice", site.passwords["alice"])
        answer.session_key = answer.session_key[:8]
        return answer.pack(negotiate, challenge.raw)

    refused(site, message, "BadSessionKey")


OURS = {
    "nb-computer": messages.AV_NB_COMPUTER_NAME,
    "nb-domain": messages.AV_NB_DOMAIN_NAME,
    "dns-computer": messages.AV_DNS_COMPUTER_NAME,
    "dns-domain": messages.AV_DNS_DOMAIN_NAME,
    "timestamp": messages.AV_TIMESTAMP,
}


@pytest.mark.parametrize("number", OURS.values(), ids=OURS.keys())
@pytest.mark.parametrize("change", ["changed", "missing"])
def test_an_av_pair_of_ours(site, number, change):
    def tamper(avs):
        if change == "missing":
            return [pair for pair in avs if pair[0] != number]
        return [(n, flip(value, 0) if n == number else value) for n, value in avs]

    def message(negotiate, challenge):
        assert challenge.av(number), "the challenge lacks this AV pair"
        good = login("alice", site.passwords["alice"], change_avs=tamper)
        return good(negotiate, challenge)

    refused(site, message, "TargetInfoChanged")


def test_a_response_without_target_information(site):
    message = login("alice", site.passwords["alice"], change_avs=lambda avs: [])
    refused(site, message, "TargetInfoChanged")


def flip(data, place):
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


def test_every_prefix_of_a_negotiate_message(site):
    whole = messages.negotiate()
    for length in range(1, len(whole)):
        mark = site.apache.mark()
        with wire.Connection(site) as connection:
            answer = connection.send(whole[:length])
            assert answer.status == 401
            # The shortest one of a client has 16 bytes.
            assert (answer.token is not None) == (length >= 16), f"{length} bytes"
            # A token without the NTLM signature never reaches the mechanism.
            logged = codes.in_log(site.apache.logged(mark))
            expected = [codes.code("Malformed")] if 8 <= length < 16 else []
            assert logged == expected, f"{length} bytes"
            if connection.open:
                assert connection.send().status == 401
                assert let_in(connection)


def test_every_prefix_of_an_authenticate_message(site):
    allowed = {codes.code("Malformed"), codes.code("NotNtlm")}
    length, end = 1, 2
    while length < end:
        with wire.Connection(site) as connection:
            # All attempts use one connection while Apache keeps it.
            while length < end and connection.open:
                negotiate = messages.negotiate()
                challenge = connection.challenge(negotiate)
                whole = login("alice", site.passwords["alice"])(negotiate, challenge)
                end = len(whole)
                mark = site.apache.mark()
                answer = connection.send(whole[:length])
                assert (answer.status, answer.token) == (401, None), f"{length} bytes of {end}"
                [logged] = codes.in_log(site.apache.logged(mark))
                assert logged in allowed, f"{length} bytes of {end}: {logged:x}"
                length += 1
            if connection.open:
                assert connection.send().status == 401
                assert let_in(connection)


FIELDS = {"lm": 12, "nt": 20, "domain": 28, "user": 36, "workstation": 44, "session-key": 52}
IMPOSSIBLE = {
    "wraps-by-length": (0xFFFF, 0xFFFF0001),
    "wraps-to-zero": (0x10, 0xFFFFFFF0),
    "far-offset": (0x10, 0xFFFFFFFF),
    "sign-bit": (0x10, 0x80000000),
    "longest": (0xFFFF, 88),
    "one-past-the-end": (0x10, None),
}


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS.keys())
@pytest.mark.parametrize("value", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_a_field_that_lies_elsewhere(site, field, value):
    def message(negotiate, challenge):
        good = bytearray(login("alice", site.passwords["alice"])(negotiate, challenge))
        length, offset = value
        if offset is None:
            offset = len(good) - length + 1
        struct.pack_into("<HHI", good, field, length, length, offset)
        return bytes(good)

    refused(site, message, "Malformed", "BadSessionKey")


@pytest.fixture(params=["users", "netlogon"])
def wide_site(request, library, make_site):
    """A site without a limit of header lines, so that long tokens reach the mechanism."""
    if request.param == "users":
        mechanism = mech.with_users(library)
    else:
        mechanism = mech.with_domain(library, request.getfixturevalue("controller"))
    return make_site(mechanism, more="LimitRequestLine 400000\nLimitRequestFieldSize 400000")


@pytest.mark.parametrize("part", ["lm", "nt", "domain", "user", "workstation", "session_key"])
def test_a_field_of_64_kib(wide_site, part):
    def message(negotiate, challenge):
        answer = messages.respond(challenge, "alice", wide_site.passwords["alice"])
        long = dataclasses.replace(answer, **{part: os.urandom(32767) * 2})
        return long.pack(negotiate, challenge.raw)

    refused(wide_site, message, "BadSessionKey" if part == "session_key" else "Malformed")


def test_a_token_of_256_kib(wide_site):
    def message(negotiate, challenge):
        good = login("alice", wide_site.passwords["alice"])(negotiate, challenge)
        return good + bytes(256 * 1024)

    refused(wide_site, message, "TokenTooLong")


def test_a_challenge_message_from_a_client(site):
    refused(site, lambda _negotiate, challenge: challenge.raw, "UnexpectedMessage")


def test_tokens_that_are_not_ntlm(site):
    refused(site, lambda _negotiate, _challenge: b"NTLMSSQ\0" + bytes(80), "NotNtlm")
