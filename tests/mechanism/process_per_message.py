#!/usr/bin/python3
"""One call in a process of its own, by python3-gssapi: process_per_message.py CALL

Reads JSON with values in base64: "context" (exported) and "message". CALL is `accept`, `wrap`,
`unwrap` or `describe`; or `login` for a client's whole login, which runs this program with `accept`
for the server's calls. Prints JSON: "context" (exported again), "message", or the description.

process_per_message.py conversation COUNT does all of them: a login and so many messages each way.
It prints the user and the user's groups.
"""

import base64
import json
import os
import subprocess
import sys

import gssapi

NTLM = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")


def turn(word, **given):
    """This call in another process."""
    given = {name: base64.b64encode(value).decode() for name, value in given.items() if value}
    done = subprocess.run(
        [sys.executable, __file__, word],
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {name: base64.b64decode(value) for name, value in json.loads(done.stdout).items()}


def accept(given):
    # The class SecurityContext makes no step with an imported context.
    context = None
    if "context" in given:
        context = gssapi.raw.import_sec_context(given["context"])
    credential = gssapi.Credentials(usage="accept", mechs=[NTLM])
    done = gssapi.raw.accept_sec_context(given["message"], credential, context)
    return {"message": done.token or b"", "context": gssapi.raw.export_sec_context(done.context)}


def login(_):
    user = gssapi.Name(os.environ["INITIATOR_USER"], gssapi.NameType.user)
    password = os.environ["INITIATOR_PASSWORD"].encode()
    credential = gssapi.raw.acquire_cred_with_password(
        user, password, usage="initiate", mechs=[NTLM]
    ).creds
    client = gssapi.SecurityContext(
        name=gssapi.Name("HTTP@www", gssapi.NameType.hostbased_service),
        creds=gssapi.Credentials(base=credential),
        mech=NTLM,
        flags=gssapi.RequirementFlag.integrity | gssapi.RequirementFlag.confidentiality,
        usage="initiate",
    )
    server = {"message": None, "context": None}
    while not client.complete:
        message = client.step(server["message"])
        server = turn("accept", context=server["context"], message=message)
    assert gssapi.RequirementFlag.transferable in client.actual_flags
    return {"context": client.export(), "server": server["context"]}


def wrap(given):
    context = gssapi.SecurityContext(token=given["context"])
    wrapped = context.wrap(given["message"], True)
    assert wrapped.encrypted
    return {"message": wrapped.message, "context": context.export()}


def unwrap(given):
    context = gssapi.SecurityContext(token=given["context"])
    message = context.unwrap(given["message"])
    assert message.encrypted
    return {"message": message.message, "context": context.export()}


def describe(given):
    name = gssapi.SecurityContext(token=given["context"]).initiator_name
    said = {"name": str(name).encode()}
    if b"groups" in list(name.attributes):
        said["groups"] = b"\n".join(sorted(name.attributes["groups"].values))
    return said


def conversation(count):
    """A login and messages each way, each call in a process of its own."""
    done = turn("login")
    sides = [done["context"], done["server"]]
    for number in range(count):
        for speaker in (0, 1):
            text = f"message {number} of side {speaker}".encode()
            sent = turn("wrap", context=sides[speaker], message=text)
            came = turn("unwrap", context=sides[1 - speaker], message=sent["message"])
            assert came["message"] == text
            sides[speaker], sides[1 - speaker] = sent["context"], came["context"]
    who = turn("describe", context=sides[1])
    print(json.dumps({what: value.decode().split("\n") for what, value in who.items()}))


if __name__ == "__main__":
    if sys.argv[1] == "conversation":
        conversation(int(sys.argv[2]))
    else:
        given = {name: base64.b64decode(value) for name, value in json.load(sys.stdin).items()}
        turns = (accept, login, wrap, unwrap, describe)
        said = {turn.__name__: turn for turn in turns}[sys.argv[1]](given)
        print(json.dumps({name: base64.b64encode(value).decode() for name, value in said.items()}))
