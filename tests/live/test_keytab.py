"""The keytabs that the pages have Samba export."""

import clients
import pytest
from lab import domain, kerberos

SERVICE = "HTTP/keytab.example.test"


def keys(controller, principal, keytab):
    """The encryption types of a principal's exported keys."""
    controller.keytab(principal, keytab)
    lines = clients.run("klist", "-ekt", keytab).stdout.splitlines()
    return {line.rsplit("(", 1)[1].rstrip(") ") for line in lines if principal in line}


@pytest.mark.each_samba
def test_what_a_keytab_holds(controller, tmp_path):
    controller.tool("spn", "add", SERVICE, f"{domain.MACHINE}$")
    controller.set_encryption_types(domain.MACHINE, kerberos.AES)
    aes = {"aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96"}
    assert keys(controller, SERVICE, tmp_path / "service") >= aes
    # The one that `netlogon.keytab` needs.
    of_the_account = keys(controller, f"{domain.MACHINE}$", tmp_path / "account")
    assert of_the_account >= aes | {"DEPRECATED:arcfour-hmac"}
