"""A client that builds its NTLM messages itself, so that a test can change any field.

The cryptography is pyspnego's, which is independent of the code under test.
"""

import dataclasses
import os
import struct

from spnego._ntlm_raw import crypto

SIGNATURE = b"NTLMSSP\0"

# MS-NLMP 2.2.2.5
UNICODE = 0x00000001
REQUEST_TARGET = 0x00000004
SIGN = 0x00000010
NTLM = 0x00000200
ANONYMOUS = 0x00000800
OEM_DOMAIN_SUPPLIED = 0x00001000
ALWAYS_SIGN = 0x00008000
EXTENDED_SESSIONSECURITY = 0x00080000
TARGET_INFO = 0x00800000
VERSION = 0x02000000
KEY_128 = 0x20000000
KEY_EXCH = 0x40000000
KEY_56 = 0x80000000

# The flags of a Windows client.
FLAGS = (
    UNICODE | REQUEST_TARGET | SIGN | NTLM | ALWAYS_SIGN | EXTENDED_SESSIONSECURITY | VERSION
) | (KEY_128 | KEY_EXCH | KEY_56)

# MS-NLMP 2.2.2.1
AV_EOL = 0
AV_NB_COMPUTER_NAME = 1
AV_NB_DOMAIN_NAME = 2
AV_DNS_COMPUTER_NAME = 3
AV_DNS_DOMAIN_NAME = 4
AV_FLAGS = 6
AV_TIMESTAMP = 7
AV_SINGLE_HOST = 8
AV_TARGET_NAME = 9
AV_CHANNEL_BINDINGS = 10

MIC_OFFSET = 72
HEADER_LENGTH = 88
_VERSION = bytes((10, 0, 0x61, 0x4A, 0, 0, 0, 15))


def negotiate(flags=FLAGS, domain=""):
    """A NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1) of 40 bytes, and the domain, if it names one."""
    name = domain.encode("ascii")
    fields = struct.pack("<HHI", len(name), len(name), 40) if name else bytes(8)
    supplied = OEM_DOMAIN_SUPPLIED if name else 0
    header = struct.pack("<II", 1, flags | supplied)
    return SIGNATURE + header + fields + bytes(8) + _VERSION + name


@dataclasses.dataclass
class Challenge:
    """The fields of a CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2)."""

    raw: bytes
    flags: int
    server_challenge: bytes
    avs: list
    target_name: bytes

    @classmethod
    def parse(cls, raw):
        assert raw[:8] == SIGNATURE and struct.unpack_from("<I", raw, 8) == (2,), raw
        (flags,) = struct.unpack_from("<I", raw, 20)
        target_name, target_info = (_payload(raw, fields) for fields in (12, 40))
        return cls(raw, flags, raw[24:32], list(_avs(target_info)), target_name)

    def av(self, number):
        """The value of an AV pair, or `None`."""
        return dict(self.avs).get(number)


def _payload(raw, fields):
    """The payload whose length and offset are at `fields`."""
    length, _, offset = struct.unpack_from("<HHI", raw, fields)
    return raw[offset : offset + length]


def _avs(data):
    while True:
        number, length = struct.unpack_from("<HH", data)
        if number == AV_EOL:
            return
        yield number, data[4 : 4 + length]
        data = data[4 + length :]


def pack_avs(avs):
    """AV pairs as they are sent, MsvAvEOL included."""
    pairs = [struct.pack("<HH", number, len(value)) + value for number, value in avs]
    return b"".join(pairs) + bytes(4)


def text(string):
    """A string in the encoding of messages."""
    return string.encode("utf-16-le")


@dataclasses.dataclass
class Authenticate:
    """An AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3); its fields may be changed before `pack`."""

    flags: int
    lm: bytes
    nt: bytes
    domain: bytes
    user: bytes
    workstation: bytes
    session_key: bytes
    mic_key: bytes | None = None

    def pack(self, negotiate_message=b"", challenge_message=b""):
        """The encoded message, with a MIC over all three messages if there is a key."""
        parts = (self.lm, self.nt, self.domain, self.user, self.workstation, self.session_key)
        offset, fields = HEADER_LENGTH, b""
        for part in parts:
            fields += struct.pack("<HHI", len(part), len(part), offset)
            offset += len(part)
        head = SIGNATURE + struct.pack("<I", 3) + fields + struct.pack("<I", self.flags) + _VERSION
        message = head + bytes(16) + b"".join(parts)
        if self.mic_key is None:
            return message
        mic = crypto.hmac_md5(self.mic_key, negotiate_message + challenge_message + message)
        return message[:MIC_OFFSET] + mic + message[MIC_OFFSET + 16 :]


def respond(
    challenge,
    user,
    password,
    domain="EXAMPLE",
    change_avs=lambda avs: avs,
    after_avs=bytes(4),
):
    """An NTLMv2 AUTHENTICATE_MESSAGE with a MIC, like that of Windows (MS-NLMP 3.1.5.1.2).

    `change_avs` may replace the AV pairs; `after_avs` follows MsvAvEOL. The response and the MIC
    are computed over the replaced ones.
    """
    nonce = os.urandom(8)
    timestamp = challenge.av(AV_TIMESTAMP) or bytes(8)
    avs = [
        *challenge.avs,
        (AV_FLAGS, struct.pack("<I", 2)),
        (AV_CHANNEL_BINDINGS, bytes(16)),
        (AV_TARGET_NAME, text("HTTP/127.0.0.1")),
    ]
    client = struct.pack("<BBHI", 1, 1, 0, 0) + timestamp + nonce + bytes(4)
    blob = client + pack_avs(change_avs(avs)) + after_avs
    response_key = crypto.ntowfv2(user, crypto.ntowfv1(password), domain)
    proof = crypto.hmac_md5(response_key, challenge.server_challenge + blob)
    message = Authenticate(
        flags=challenge.flags & FLAGS | TARGET_INFO,
        lm=bytes(24),
        nt=proof + blob,
        domain=text(domain),
        user=text(user),
        workstation=text("WORKSTATION"),
        session_key=b"",
    )
    return with_key(message, crypto.hmac_md5(response_key, proof))


def lmv2(challenge, user, password, domain="EXAMPLE"):
    """The LMv2 response (MS-NLMP 3.3.2), which does not cover the target information."""
    nonce = os.urandom(8)
    response_key = crypto.ntowfv2(user, crypto.ntowfv1(password), domain)
    return crypto.hmac_md5(response_key, challenge.server_challenge + nonce) + nonce


def with_key(message, key_exchange_key):
    """Sets the session key of the message, and the key of its MIC."""
    message.mic_key = key_exchange_key
    if message.flags & KEY_EXCH:
        message.mic_key = os.urandom(16)
        message.session_key = crypto.rc4k(key_exchange_key, message.mic_key)
    return message


def respond_v1(challenge, user, password, kind, domain="EXAMPLE"):
    """An older response (MS-NLMP 3.3.1): `kind` is ntlmv1, ntlm2-session or lm."""
    nt_key = crypto.ntowfv1(password)
    nonce = challenge.server_challenge
    lm, nt = bytes(24), b""
    if kind == "ntlmv1":
        lm = nt = crypto.desl(nt_key, nonce)
    elif kind == "ntlm2-session":
        mine = os.urandom(8)
        lm = mine + bytes(16)
        nt = crypto.desl(nt_key, crypto.md5(nonce + mine)[:8])
    elif kind == "lm":
        lm = crypto.desl(crypto.lmowfv1(password), nonce)
    flags = challenge.flags & FLAGS & ~(KEY_EXCH | EXTENDED_SESSIONSECURITY)
    if kind == "ntlm2-session":
        flags |= EXTENDED_SESSIONSECURITY
    return Authenticate(flags, lm, nt, text(domain), text(user), text("WORKSTATION"), b"")
