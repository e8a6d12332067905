"""Authorities, and certificates that they issue to a controller."""

import dataclasses
import pathlib

from . import host

_NEW = ("openssl", "req", "-nodes", "-newkey", "rsa:2048")


@dataclasses.dataclass
class Issued:
    """A controller's certificate: its files by the settings of Samba, its own file, that of its
    authority, and its SHA-256 fingerprint."""

    files: dict
    certificate: pathlib.Path
    authority: pathlib.Path
    fingerprint: str


def authority(directory, name):
    """Creates an authority `NAME.pem`, with its key beside it, and returns its file."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    subject = ("-x509", "-days", "2", "-subj", f"/CN={name}")
    host.run(*_NEW, *subject, "-keyout", key, "-out", certificate)
    return certificate


def issue(controller, directory, *names):
    """Creates an authority, and issues a certificate to the controller. `names` are further ones
    than its DNS name: `IP:10.0.0.1`."""
    issuer = authority(directory, "authority")
    key, request, own = (directory / name for name in ("key.pem", "request.pem", "own.pem"))
    names = ",".join((f"DNS:{controller.fqdn}", *names))
    extensions = directory / "extensions"
    extensions.write_text(f"subjectAltName={names}\n")
    host.run(*_NEW, "-subj", f"/CN={controller.fqdn}", "-keyout", key, "-out", request)
    host.run(
        *("openssl", "x509", "-req", "-in", request, "-CA", issuer),
        *("-CAkey", issuer.with_suffix(".key"), "-CAcreateserial"),
        *("-days", "2", "-extfile", extensions, "-out", own),
    )
    shown = host.run("openssl", "x509", "-in", own, "-noout", "-fingerprint", "-sha256")
    return Issued(
        {"tls keyfile": key, "tls certfile": own, "tls cafile": issuer},
        own,
        issuer,
        shown.strip().split("=")[1],
    )
