#!/usr/bin/python3
"""One side of a conversation by python3-gssapi: gssapi_peer.py server|client raw|spnego COUNT LEAST

Writes frames to standard output and reads them from standard input: tokens until the context is
established, then COUNT messages of at least LEAST bytes, wrapped and signed. Each is sent back
reversed. The last line of standard error is JSON with what this side knows of the other. The client
is $TALK_USER with $TALK_PASSWORD.
"""

import json
import os
import struct
import sys

import gssapi

NTLM = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
SIZES = [1, 15, 16, 17, 4096, 65535, 1 << 20]

WANTED = (
    gssapi.RequirementFlag.integrity
    | gssapi.RequirementFlag.confidentiality
    | gssapi.RequirementFlag.replay_detection
    | gssapi.RequirementFlag.out_of_sequence_detection
)


def put(frame):
    sys.stdout.buffer.write(struct.pack("=I", len(frame)) + frame)
    sys.stdout.buffer.flush()


def get():
    (length,) = struct.unpack("=I", sys.stdin.buffer.read(4))
    return sys.stdin.buffer.read(length)


def client(mech):
    user = gssapi.Name(os.environ["TALK_USER"], gssapi.NameType.user)
    password = os.environ["TALK_PASSWORD"].encode()
    # SPNEGO takes a credential of the mechanism to negotiate.
    found = gssapi.raw.acquire_cred_with_password(user, password, mechs=[mech], usage="initiate")
    return gssapi.SecurityContext(
        name=gssapi.Name("HTTP@www.example.test", gssapi.NameType.hostbased_service),
        mech=mech,
        creds=gssapi.Credentials(found.creds),
        flags=WANTED,
        usage="initiate",
    )


def server(_mech):
    return gssapi.SecurityContext(usage="accept")


def establish(context, token):
    while True:
        answer = context.step(token)
        if answer:
            put(answer)
        if context.complete:
            return
        token = get()


def messages(count, least):
    for number, length in enumerate([least + 7 * i % 1000 for i in range(count)] + SIZES):
        pattern = bytes((number + i * 7) & 0xFF for i in range(251))
        yield (pattern * (length // 251 + 1))[:length]


def speak(context, said):
    for number, message in enumerate(said):
        sealed = number % 2 == 0
        put(context.wrap(message, sealed).message)
        answer = context.unwrap(get())
        assert (answer.message, answer.encrypted) == (message[::-1], True), number
        put(context.get_signature(message))
        context.verify_signature(message[::-1], get())


def reply(context, said):
    for number, message in enumerate(said):
        heard = context.unwrap(get())
        assert (heard.message, heard.encrypted) == (message, True), number
        put(context.wrap(message[::-1], True).message)
        context.verify_signature(message, get())
        put(context.get_signature(message[::-1]))


def main(side, mech, count, least):
    oid = {"raw": NTLM, "spnego": SPNEGO}[mech]
    try:
        if side == "client":
            context = client(oid)
            establish(context, None)
            speak(context, messages(count, least))
        else:
            context = server(oid)
            establish(context, get())
            reply(context, messages(count, least))
    except gssapi.exceptions.GSSError as error:
        print(json.dumps({"failed": str(error), "minor": error.min_code}), file=sys.stderr)
        sys.exit(1)
    said = {
        "initiator": str(context.initiator_name),
        "mech": context.mech.dotted_form,
        "lifetime": context.lifetime,
        "flags": sorted(flag.name for flag in context.actual_flags),
    }
    print(json.dumps(said), file=sys.stderr)


main(*sys.argv[1:3], *map(int, sys.argv[3:]))
