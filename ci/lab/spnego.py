"""Whether this host's SPNEGO finds a client's mechListMIC, asked of the library itself.

MIT krb5 1.21.0 to 1.22.1 looks for it at the tag [4] of a NegTokenResp, where RFC 4178 4.2.2 has
[3] (ticket 9183). So it refuses every login whose mechanism was not the client's first choice, and
leaves the signature's sequence number unused where NTLM was. The tests expect of a host what it
does.
"""

import functools
import subprocess
import sys

from . import host, mech

_RIGHT_TAG, _WRONG_TAG = 0xA3, 0xA4

# SPNEGO's identifier, NTLM's, and that of no mechanism: {joint-iso-itu-t example(999)}.
_SPNEGO = bytes.fromhex("06062b0601050502")
_NTLM = bytes.fromhex("060a2b06010401823702020a")
_UNKNOWN = bytes.fromhex("06028837")


# What was found, for `report()`.
_asked = set()

_BEHAVIOUR = {
    True: "finds a client's mechListMIC",
    False: "does NOT find a client's mechListMIC (krb5 ticket 9183): that it refuses is tested",
}


@functools.cache
def finds_mech_list_mic(library):
    """False for a library with the fault; that it is this fault and no other is made sure of."""
    mechanism = mech.with_users(library)
    try:
        environment = {
            "PATH": "/usr/bin:/bin",
            "KRB5_CONFIG": "/dev/null",
        }
        command = ["/usr/bin/python3", "-B", "-m", "lab.spnego", mech.USERS["alice"]]
        done = subprocess.run(
            host.bound(command),
            cwd=mech.ROOT / "ci",
            env=environment | mechanism.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        mechanism.close()
    found = {"right only": True, "wrong only": False}.get(done.stdout.strip())
    if done.returncode != 0 or found is None:
        raise host.LabError(f"SPNEGO and the mechListMIC: {done.stdout}{done.stderr}")
    _asked.add(found)
    return found


def report(terminalreporter):
    """Says which behaviour the tests expected, if any asked. ci/test repeats the line."""
    for found in _asked:
        terminalreporter.write_line(f"SPNEGO of this host: {_BEHAVIOUR[found]}")


def _der(tag, *parts):
    body = b"".join(parts)
    length = len(body)
    if length < 0x80:
        return bytes([tag, length]) + body
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + body


def _log_in(password, tag):
    """A login by NTLM as second choice, with the mechListMIC at a tag; raises GSSError."""
    import gssapi  # only Debian's Python has it

    ntlm = gssapi.OID.from_int_seq(mech.OID)
    user = gssapi.Name("EXAMPLE\\alice", gssapi.NameType.user)
    found = gssapi.raw.acquire_cred_with_password(
        user, password.encode(), mechs=[ntlm], usage="initiate"
    )
    client = gssapi.SecurityContext(
        name=gssapi.Name("HTTP@www.example.test", gssapi.NameType.hostbased_service),
        mech=ntlm,
        creds=gssapi.Credentials(found.creds),
        flags=[gssapi.RequirementFlag.integrity],
        usage="initiate",
    )
    server = gssapi.SecurityContext(usage="accept")

    mechanisms = _der(0x30, _UNKNOWN, _NTLM)
    first = _der(0xA0, _der(0x30, _der(0xA0, mechanisms)))
    server.step(_der(0x60, _SPNEGO, first))
    answer = server.step(_response(_message(client.step())))
    last = client.step(answer[answer.index(b"NTLMSSP\0") :])
    mic = _der(tag, _der(0x04, client.get_signature(mechanisms)))
    server.step(_response(_message(last), mic))
    return server.complete


def _message(token):
    return _der(0xA2, _der(0x04, token))


def _response(*fields):
    """A NegTokenResp, accept-incomplete."""
    return _der(0xA1, _der(0x30, _der(0xA0, _der(0x0A, b"\1")), *fields))


def _probe(password):
    import gssapi

    taken = []
    for name, tag in (("right", _RIGHT_TAG), ("wrong", _WRONG_TAG)):
        try:
            if _log_in(password, tag):
                taken.append(name)
        except gssapi.exceptions.GSSError as error:
            print(f"{name}: {error}", file=sys.stderr)
    print(f"{taken[0]} only" if len(taken) == 1 else f"taken: {taken}")


if __name__ == "__main__":
    _probe(sys.argv[1])
