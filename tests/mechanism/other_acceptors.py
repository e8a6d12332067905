"""Other acceptors in the protocol of acceptor_process.c: other_acceptors.py pyspnego|ntlm_auth

NTLM_USER_FILE has the users.
"""

import base64
import os
import pathlib
import struct
import subprocess
import sys


class PySpnego:
    """pyspnego's own NTLM, which reads NTLM_USER_FILE itself."""

    def __init__(self):
        import spnego

        self._context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)

    def token(self, token):
        answer = self._context.step(token)
        if not self._context.complete:
            return b"c" + answer
        return b"e" + self._context.client_principal.encode()

    def message(self, letter, message):
        if letter == b"w":
            plain = self._context.unwrap(message)
            return letter + self._context.wrap(plain.data, encrypt=plain.encrypted).data
        self._context.verify(message[16:], message[:16])
        return letter + self._context.sign(message[16:])


class NtlmAuth:
    """Samba's ntlm_auth, with the one user in its options."""

    def __init__(self):
        line = pathlib.Path(os.environ["NTLM_USER_FILE"]).read_text().splitlines()[0]
        domain, user, password = line.split(":", 2)
        self._helper = subprocess.Popen(
            ["ntlm_auth", "--helper-protocol=squid-2.5-ntlmssp", f"--username={user}"]
            + [f"--domain={domain}", f"--password={password}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._command = "YR"

    def token(self, token):
        self._helper.stdin.write(f"{self._command} {base64.b64encode(token).decode()}\n")
        self._helper.stdin.flush()
        self._command = "KK"
        word, _, rest = self._helper.stdout.readline().rstrip("\n").partition(" ")
        if word == "TT":
            return b"c" + base64.b64decode(rest)
        if word == "AF":
            return b"e" + rest.encode()
        return f"f{word} {rest}".encode()


def frames():
    while prefix := sys.stdin.buffer.read(4):
        yield sys.stdin.buffer.read(struct.unpack("=I", prefix)[0])


def answer(frame):
    sys.stdout.buffer.write(struct.pack("=I", len(frame)) + frame)
    sys.stdout.buffer.flush()


def main(make):
    side, established = make(), False
    for frame in frames():
        if not frame:
            side, established = make(), False
            answer(b"b")
        elif established:
            answer(side.message(frame[:1], frame[1:]))
        else:
            reply = side.token(frame)
            established = reply[:1] == b"e"
            answer(reply)


if __name__ == "__main__":
    main({"pyspnego": PySpnego, "ntlm_auth": NtlmAuth}[sys.argv[1]])
