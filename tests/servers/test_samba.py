"""Samba's LDAP server and client, with signatures and with encryption."""

import pytest
from lab import domain, host
from test_ldap import ENTRIES, SUFFIX, ldap, slapd  # noqa: F401  (a fixture)

BASE = "dc=example,dc=test"

# Samba's LDAP client, for the Python that has its modules.
SEARCH = """
import sys
import ldb
from samba import Ldb, credentials, param

url, wrapping, base, password = sys.argv[1:]
settings = param.LoadParm()
settings.load_default()
settings.set("client ldap sasl wrapping", wrapping)
who = credentials.Credentials()
who.guess(settings)
who.set_domain("EXAMPLE")
who.set_username("alice")
who.set_password(password)
who.set_kerberos_state(credentials.DONT_USE_KERBEROS)
found = Ldb(url, lp=settings, credentials=who).search(
    base, ldb.SCOPE_SUBTREE, "(objectClass=person)", ["cn"]
)
print(len(found))
"""


@pytest.fixture(scope="module")
def controller():
    with domain.Domain() as controller:
        yield controller


def search(controller, environment, tmp_path, properties):
    """The domain's users that an LDAP client with MIT's GSSAPI finds."""
    address = f"ldap://{controller.address}"
    words = ("-O", properties, "-b", BASE, "(objectClass=user)", "sAMAccountName")
    return ldap(
        "ldapsearch", address, environment, tmp_path, *words, password=controller.passwords["alice"]
    )


@pytest.mark.parametrize("initiator", ["ours", "gss-ntlmssp"])
@pytest.mark.parametrize(
    ("properties", "strength"), [("minssf=1,maxssf=1", "1"), ("minssf=56", "")]
)
def test_wrapped_messages_to_the_server(
    controller, sides, tmp_path, initiator, properties, strength, spnego_refusal
):
    status, said = search(controller, sides[initiator], tmp_path, properties)
    if spnego_refusal:
        # It does not find the server's mechListMIC either.
        assert status != 0 and spnego_refusal in said and "sAMAccountName:" not in said
        return
    assert status == 0 and "sAMAccountName: alice" in said, said
    assert f"SASL SSF: {strength}" in said, said


def test_its_server_and_a_client_that_asks_for_no_protection(
    controller, sides, tmp_path, spnego_refusal
):
    """The connection is signed: see test_ldap."""
    status, said = search(controller, sides["ours"], tmp_path, "maxssf=0")
    if spnego_refusal:
        assert status != 0 and spnego_refusal in said and "sAMAccountName:" not in said
        return
    assert status == 0 and "sAMAccountName: alice" in said, said
    assert "SASL SSF: 1" in said, said


@pytest.mark.parametrize("wrapping", ["sign", "seal"])
def test_wrapped_messages_to_the_client(slapd, sides, wrapping, spnego_refusal):  # noqa: F811
    password = "Alices-Passw0rd"
    words = ("/usr/bin/python3", "-c", SEARCH, slapd, wrapping, f"ou=sealed,{SUFFIX}", password)
    alone = {"PATH": "/usr/bin:/bin", "KRB5_CONFIG": "/dev/null"}
    if spnego_refusal:
        # SPNEGO did not verify the signature of the list: the next message is out of sequence.
        with pytest.raises(host.LabError, match="NTLMSSP NTLM2 packet check failed"):
            host.run(*words, env=alone)
        return
    said = host.run(*words, env=alone)
    assert said.split()[-1] == str(ENTRIES), said
