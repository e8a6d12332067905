#!/usr/bin/env python3
"""The initiator's side of messages.c by other implementations: Samba's gensec, and pyspnego.

$TALKER_KIND is samba, pyspnego or second, where NTLM is the second choice within SPNEGO.
$TALKER_ASKS is the requested protection, if it differs from the granted one. $TALKER_OPTIONS are
Samba's options, key=value; or "forge", for a forged signature of SPNEGO's list.
"""

import os
import struct
import sys

SIZES = [1, 2, 15, 16, 17, 255, 4096, 65536, 1 << 20, 3 << 20]


def put(frame):
    sys.stdout.buffer.write(struct.pack("=I", len(frame)) + frame)
    sys.stdout.buffer.flush()


def get():
    (length,) = struct.unpack("=I", sys.stdin.buffer.read(4))
    return sys.stdin.buffer.read(length)


def message(length, number):
    return bytes((number * 131 + i * 7 + (i >> 8)) & 0xFF for i in range(length))


class Samba:
    def __init__(self, mechanism, integrity, confidentiality):
        from samba import credentials, gensec, param

        settings = param.LoadParm()
        settings.load_default()
        for option in os.environ.get("TALKER_OPTIONS", "").split():
            name, value = option.split("=")
            settings.set(f"ntlmssp_client:{name}", value)
        who = credentials.Credentials()
        who.guess(settings)
        domain, user = os.environ["INITIATOR_USER"].split("\\")
        who.set_domain(domain)
        who.set_username(user)
        who.set_password(os.environ["INITIATOR_PASSWORD"])
        who.set_kerberos_state(credentials.DONT_USE_KERBEROS)
        self.context = gensec.Security.start_client(
            {"lp_ctx": settings, "target_hostname": "www.example.test"}
        )
        self.context.set_credentials(who)
        if integrity:
            self.context.want_feature(gensec.FEATURE_SIGN)
            # GENSEC_FEATURE_LDAP_STYLE, like Samba's LDAP client: it requests encryption too.
            self.context.want_feature(0x400)
        if confidentiality:
            self.context.want_feature(gensec.FEATURE_SEAL)
        self.context.start_mech_by_name({"raw": "ntlmssp", "spnego": "spnego"}[mechanism])

    def step(self, token):
        from samba import NTSTATUSError

        try:
            return self.context.update(token)
        except NTSTATUSError as error:
            # The text differs between versions.
            sys.exit(f"NTSTATUSError: {error.args[0] & 0xFFFFFFFF:#010x}")

    def session_key(self):
        return self.context.session_key()

    def wrap(self, plain):
        return self.context.wrap(plain)

    def unwrap(self, token):
        return self.context.unwrap(token)

    def sign(self, plain):
        return self.context.sign_packet(plain, plain)

    def verify(self, plain, signature):
        self.context.check_packet(plain, plain, signature)


class PySpnego:
    def __init__(self, mechanism, integrity, confidentiality):
        import spnego

        wanted = spnego.ContextReq.none
        if integrity:
            wanted |= spnego.ContextReq.integrity
            wanted |= spnego.ContextReq.sequence_detect | spnego.ContextReq.replay_detect
        if confidentiality:
            wanted |= spnego.ContextReq.confidentiality
        self.context = spnego.client(
            os.environ["INITIATOR_USER"],
            os.environ["INITIATOR_PASSWORD"],
            hostname="www.example.test",
            protocol={"raw": "ntlm", "spnego": "negotiate"}[mechanism],
            context_req=wanted,
            options={
                "raw": spnego.NegotiateOptions.use_ntlm,
                "spnego": spnego.NegotiateOptions.use_negotiate,
            }[mechanism],
        )

    def step(self, token):
        answer = self.context.step(token or None)
        return self.context.complete, answer or b""

    def session_key(self):
        return self.context.session_key

    def wrap(self, plain):
        return self.context.wrap(plain).data

    def unwrap(self, token):
        return self.context.unwrap(token).data

    def sign(self, plain):
        return self.context.sign(plain)

    def verify(self, plain, signature):
        self.context.verify(plain, signature)


KRB5 = bytes.fromhex("06092a864886f712010202")
NTLM = bytes.fromhex("060a2b06010401823702020a")
SPNEGO = bytes.fromhex("06062b0601050502")


def der(tag, *contents):
    contents = b"".join(contents)
    length = len(contents)
    if length < 0x80:
        return bytes([tag, length]) + contents
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + contents


def elements(encoded):
    """The elements in sequence: tags and contents."""
    found = {}
    while encoded:
        tag, length, start = encoded[0], encoded[1], 2
        if length & 0x80:
            start = 2 + (length & 0x7F)
            length = int.from_bytes(encoded[2:start], "big")
        found[tag] = encoded[start : start + length]
        encoded = encoded[start + length :]
    return found


class SecondChoice(PySpnego):
    """SPNEGO like that of Windows, where Kerberos comes first and NTLM remains."""

    MECHANISMS = der(0x30, KRB5, NTLM)
    REQUEST_MIC, INCOMPLETE, COMPLETED = b"\x03", b"\x01", b"\x00"

    def __init__(self, _, integrity, confidentiality):
        super().__init__("raw", integrity, confidentiality)
        self.steps = iter([self.offer, self.begin, self.answer, self.check])

    def step(self, token):
        return next(self.steps)(token)

    def offer(self, _):
        optimistic = der(0xA2, der(0x04, b"a ticket"))
        offer = der(0xA0, der(0x30, der(0xA0, self.MECHANISMS), optimistic))
        return False, der(0x60, SPNEGO, offer)

    def response(self, token, state):
        response = elements(elements(elements(token)[0xA1])[0x30])
        assert elements(response[0xA0])[0x0A] == state, response
        return response

    def begin(self, token):
        response = self.response(token, self.REQUEST_MIC)
        assert response[0xA1] == NTLM, response
        return False, der(0xA1, der(0x30, der(0xA2, der(0x04, self.context.step()))))

    def answer(self, token):
        response = self.response(token, self.INCOMPLETE)
        challenge = elements(response[0xA2])[0x04]
        authenticate = der(0xA2, der(0x04, self.context.step(challenge)))
        signature = self.context.sign(self.MECHANISMS)
        if os.environ.get("TALKER_OPTIONS") == "forge":
            signature = signature[:4] + bytes([signature[4] ^ 1]) + signature[5:]
        self.context._reset_ntlm_crypto_state(outgoing=True)
        return False, der(0xA1, der(0x30, authenticate, der(0xA3, der(0x04, signature))))

    def check(self, token):
        response = self.response(token, self.COMPLETED)
        self.context.verify(self.MECHANISMS, elements(response[0xA3])[0x04])
        self.context._reset_ntlm_crypto_state(outgoing=False)
        return True, b""


def main():
    mechanism, granted, count = sys.argv[1:]
    kinds = {"samba": Samba, "pyspnego": PySpnego, "second": SecondChoice}
    kind = kinds[os.environ["TALKER_KIND"]]
    asked = os.environ.get("TALKER_ASKS", granted)
    peer = kind(mechanism, asked != "none", asked == "conf")

    finished, answer = peer.step(b"")
    while True:
        if answer:
            put(answer)
        elif finished:
            break
        token = get()
        if finished and not token:
            break
        finished, answer = peer.step(token)
    put(peer.session_key())
    if granted != "none":
        talk(peer, int(count))


def talk(peer, count):
    def send_wrapped(length, number):
        put(peer.wrap(message(length, number)))

    def receive_wrapped(length, number):
        assert peer.unwrap(get()) == message(length, number)

    def send_signature(length, number):
        put(peer.sign(message(length, number)))

    def receive_signature(length, number):
        peer.verify(message(length, number), get())

    def rounds(count):
        for i, length in enumerate([1 + i * 37 % 1000 for i in range(count)] + SIZES):
            send_wrapped(length, i)
            send_signature(length, i + 1)
            receive_wrapped(length, i)
            receive_signature(length, i + 1)

    rounds(count)
    for i in range(3):
        send_wrapped(50, i)
    for _ in range(2):
        receive_wrapped(100, 7)
    for _ in range(3):
        send_wrapped(100, 8)
    receive_signature(100, 9)
    send_signature(100, 9)
    rounds(2)


main()
