#!/usr/bin/python3
"""Exchanges an NTLM login for an access token, for clients that cannot keep a connection.

    token_service.py PORT          listens on 127.0.0.1; put a web server with TLS in front

Needs python3-gssapi. docs/token-exchange.md has the requests, and what to change before use.

POST /token with the fields of a form:
    windows_token   a message of NTLM, in Base64
    state           what the answer before had; not with the first message
GET /userinfo with `Authorization: Bearer ...` names the user of an access token.
"""

import base64
import binascii
import hashlib
import hmac
import http.server
import json
import secrets
import sys
import time
import urllib.parse

import gssapi

NTLM = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
SIGNATURE = b"NTLMSSP\0"
GRANT = "iwa:ntlm"
LARGEST_FORM = 64 * 1024
LIFETIME = 600
KEY = secrets.token_bytes(32)


class Refused(Exception):
    """An error of RFC 6749 5.2, and what the log is told."""


def decoded(text):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("invalid_request", "a field is not in Base64") from None


def next_leg(form):
    """Takes one message of the login; returns what the client is told."""
    if form.get("grant_type") != GRANT:
        raise Refused("unsupported_grant_type", f"grant_type is not {GRANT}")
    message, state = decoded(form.get("windows_token", "")), decoded(form.get("state", ""))
    if not message.startswith(SIGNATURE):
        raise Refused("invalid_request", "windows_token is no message of NTLM")
    try:
        # The mechanism sealed the context. It takes each state once, and for five minutes.
        context = gssapi.raw.import_sec_context(state) if state else None
        credential = gssapi.Credentials(usage="accept", mechs=[NTLM])
        done = gssapi.raw.accept_sec_context(message, credential, context)
        if done.more_steps:
            state = gssapi.raw.export_sec_context(done.context)
            return {
                "windows_token": base64.b64encode(done.token).decode(),
                "state": base64.b64encode(state).decode(),
            }
        user = gssapi.raw.display_name(done.initiator_name, name_type=False).name.decode()
    except gssapi.exceptions.GSSError as error:
        raise Refused("invalid_grant", f"[{error.min_code & 0xFFFFFFFF:x}] {error}") from None
    token = issue(user)
    return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME}


def issue(user):
    """An access token: who, until when, and a signature. Put your own in its place."""
    claims = json.dumps({"sub": user, "exp": int(time.time()) + LIFETIME}).encode()
    return ".".join(base64.urlsafe_b64encode(part).decode() for part in (claims, signed(claims)))


def signed(claims):
    return hmac.digest(KEY, claims, hashlib.sha256)


def user_of(token):
    """The user of a valid access token; `None` of any other."""
    try:
        claims, signature = (base64.urlsafe_b64decode(part) for part in token.split("."))
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(signature, signed(claims)):
        return None
    said = json.loads(claims)
    return said["sub"] if said["exp"] > time.time() else None


class Service(http.server.BaseHTTPRequestHandler):
    # The longest wait for a client, in seconds.
    timeout = 30

    def do_POST(self):
        if self.path != "/token":
            return self.answer(404, {})
        try:
            self.answer(200, next_leg(self.form()))
        except Refused as refused:
            error, reason = refused.args
            self.log_message("%s: %s", error, reason)
            self.answer(400, {"error": error})

    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        user = user_of(token) if scheme.lower() == "bearer" else None
        if self.path != "/userinfo" or user is None:
            return self.answer(401, {"error": "invalid_token"})
        self.answer(200, {"sub": user})

    def form(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > 6 or int(length) > LARGEST_FORM:
            raise Refused("invalid_request", "no form, or one that is too long")
        body = self.rfile.read(int(length)).decode("ascii", "replace")
        try:
            return dict(urllib.parse.parse_qsl(body, max_num_fields=10))
        except ValueError:
            raise Refused("invalid_request", "too many fields") from None

    def answer(self, status, said):
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Service).serve_forever()
