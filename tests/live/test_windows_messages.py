"""Messages in the shapes that Windows clients send, from Vista to Windows 11."""

import dataclasses
import os
import re

import codes
import messages
import pytest
import wire
from lab import mech
from spnego import _spnego
from spnego._ntlm_raw import crypto, security

# MsvAvEOL is followed by the four bytes of the specification, by eight, by uninitialised memory of
# the client, or by other bytes.
TAILS = {
    "none": b"",
    "four": bytes(4),
    "eight": bytes(8),
    "memory": bytes.fromhex("0000000032851d02"),
    "much": os.urandom(100),
}
# The flags of a service, and of a browser that requests no session key.
FLAGS = {"e2088297": 0xE2088297, "a2088207": 0xA2088207}
LM = {"zeros": bytes(24), "absent": b""}

# Single_Host_Data (MS-NLMP 2.2.2.2), 48 bytes.
SINGLE_HOST = bytes.fromhex("3000000000000000") + bytes(range(40))


def as_windows_adds(avs):
    """The AV pairs in the order of Windows: the client's precede the target name."""
    *servers, flags, bindings, target_name = avs
    return [*servers, flags, (messages.AV_SINGLE_HOST, SINGLE_HOST), bindings, target_name]


def log_in(site, password, flags, lm, tail, scheme="NTLM"):
    """The result of a login of alice: (status, user, codes in the error log)."""
    mark = site.apache.mark()
    with wire.Connection(site, scheme) as connection:
        negotiate = messages.negotiate(flags)
        challenge = connection.challenge(negotiate)
        answer = messages.respond(
            challenge, "alice", password, change_avs=as_windows_adds, after_avs=tail
        )
        answer = dataclasses.replace(answer, lm=lm)
        answer = connection.send(answer.pack(negotiate, challenge.raw))
    return answer.status, answer.user, codes.in_log(site.apache.logged(mark))


@pytest.mark.parametrize("lm", LM)
@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("tail", TAILS)
def test_a_windows_client_logs_in(site, tail, flags, lm):
    password = site.passwords["alice"]
    seen = log_in(site, password, FLAGS[flags], LM[lm], TAILS[tail])
    assert seen == (200, "EXAMPLE\\alice", [])


@pytest.mark.parametrize("tail", TAILS)
def test_a_wrong_password_is_refused_whatever_follows_the_pairs(site, tail):
    seen = log_in(site, "wrong-password", FLAGS["e2088297"], LM["zeros"], TAILS[tail])
    assert seen == (401, None, [codes.code("BadUserOrPassword")])


def test_plain_messages_in_the_scheme_negotiate(site):
    password = site.passwords["alice"]
    shape = (FLAGS["e2088297"], LM["zeros"], TAILS["memory"])
    assert log_in(site, password, *shape, scheme="Negotiate") == (200, "EXAMPLE\\alice", [])


MECHANISMS = [
    "1.2.840.48018.1.2.2",  # Kerberos with the OID of Windows 2000
    "1.2.840.113554.1.2.2",
    "1.3.6.1.4.1.311.2.2.30",  # NEGOEX
    "1.3.6.1.4.1.311.2.2.10",  # NTLM
]


def response_token(answer):
    """The NTLM message in the server's NegTokenResp."""
    return _spnego.unpack_token(answer.token).response_token


def negotiate(site, optimistic, sign):
    """SPNEGO as Windows begins it in a domain: NTLM comes last and is agreed on with a mechListMIC,
    made by `sign`. Returns the last answer and the log lines of the site."""
    mark = site.apache.mark()
    with wire.Connection(site, "Negotiate") as connection:
        first = _spnego.NegTokenInit(mech_types=MECHANISMS, mech_token=optimistic)
        answer = connection.send(first.pack())
        assert answer.status == 401 and answer.token, site.apache.logged(mark)
        assert _spnego.unpack_token(answer.token).supported_mech == MECHANISMS[-1]

        negotiate = messages.negotiate(FLAGS["e2088297"])
        answer = connection.send(_spnego.NegTokenResp(response_token=negotiate).pack())
        challenge = messages.Challenge.parse(response_token(answer))
        message = messages.respond(
            challenge, "alice", site.passwords["alice"], change_avs=as_windows_adds,
            after_avs=TAILS["memory"],
        )
        token = message.pack(negotiate, challenge.raw)
        last = _spnego.NegTokenResp(response_token=token, mech_list_mic=sign(message))
        answer = connection.send(last.pack())
    return answer, site.apache.logged(mark)


@pytest.mark.parametrize("optimistic", [b"\x60\x82\x01\x00not a ticket", None])
def test_negotiation_that_prefers_kerberos(site, optimistic, finds_mech_list_mic):
    answer, logged = negotiate(site, optimistic, mech_list_mic)
    if not finds_mech_list_mic:
        refused_by_spnego(answer, logged)
        return
    assert (answer.status, answer.user) == (200, "EXAMPLE\\alice"), logged
    assert _spnego.unpack_token(answer.token).mech_list_mic
    assert "ntlmdc: accepted" in logged and "ntlmdc: dropped" not in logged


def test_a_login_that_spnego_refuses_is_logged_as_refused(site):
    """Without the mechListMIC, which every SPNEGO requires here."""
    refused_by_spnego(*negotiate(site, None, lambda message: None))


def refused_by_spnego(answer, logged):
    """SPNEGO refuses after the mechanism has accepted: the log has both lines of the page."""
    assert (answer.status, answer.user) == (401, None), logged
    page = (mech.ROOT / "docs" / "negotiate.md").read_text()
    printed = re.findall(r"^((?:accepted|dropped) .*) \.\.\.$", page, re.M)
    accepted, dropped = (logged.index(f"ntlmdc: {line} ") for line in printed)
    assert accepted < dropped and "docs/negotiate.md" in logged[dropped:]
    [apaches] = re.findall(r"`(gss_accept_sec_context\(\) failed: [^`]*)`", page)
    assert apaches in logged


def mech_list_mic(message):
    """The client's signature of the list, with the session key of the login (MS-NLMP 3.4.4.2)."""
    seal = crypto.RC4Handle(crypto.sealkey(message.flags, message.mic_key, "initiate"))
    key = crypto.signkey(message.flags, message.mic_key, "initiate")
    return security.sign(message.flags, seal, key, 0, _spnego.pack_mech_type_list(MECHANISMS))
