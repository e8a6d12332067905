"""OpenLDAP's slapd, with ldapsearch -Y GSS-SPNEGO over a signed or sealed connection."""

import contextlib
import subprocess

import pytest
from lab import host, mech

SUFFIX = "dc=example,dc=test"
ENTRIES = 300

# Each branch requires a strength, and is readable for all authenticated users.
_ALICE = f'by dn.exact="cn=alice,{SUFFIX}"'
_SETTINGS = f"""
include /etc/ldap/schema/core.schema
pidfile @/slapd.pid
sasl-host www.example.test
sasl-secprops noanonymous,noplain
authz-regexp "^uid=EXAMPLE.5calice,cn=gss-spnego,cn=auth$" "cn=alice,{SUFFIX}"
database ldif
directory @/data
suffix "{SUFFIX}"
access to dn.base="" by * read
access to dn.subtree="ou=sealed,{SUFFIX}" {_ALICE} sasl_ssf=128 read by * none
access to dn.subtree="ou=signed,{SUFFIX}" {_ALICE} sasl_ssf=1 read by * none
access to * by * none
"""


def _entries():
    classes = "objectClass: dcObject\nobjectClass: organization"
    yield f"dn: {SUFFIX}\n{classes}\ndc: example\no: example\n"
    for branch in ("sealed", "signed"):
        top = f"ou={branch},{SUFFIX}"
        yield f"dn: {top}\nobjectClass: organizationalUnit\nou: {branch}\n"
        for number in range(ENTRIES):
            yield (
                f"dn: cn=user{number},{top}\nobjectClass: person\n"
                f"cn: user{number}\nsn: {number}\ndescription: {'x' * number}\n"
            )


@pytest.fixture(scope="module")
def slapd(sides):
    """The address of a slapd with our mechanism."""
    with served(sides["ours"]) as address:
        yield address


@contextlib.contextmanager
def served(environment):
    """The address of a slapd with this mechanism."""
    directory, remove = host.scratch()
    (directory / "data").mkdir()
    settings = directory / "slapd.conf"
    settings.write_text(_SETTINGS.replace("@", str(directory)))
    (directory / "entries").write_text("\n".join(_entries()))
    host.run("slapadd", "-q", "-f", settings, "-l", directory / "entries", env=environment)
    port = host.free_port()
    address = f"ldap://127.0.0.1:{port}"
    process = subprocess.Popen(
        host.bound(["slapd", "-f", str(settings), "-h", address, "-d", "stats"]),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=open(directory / "log", "wb"),
    )
    try:
        host.wait_until(
            lambda: host.answers("127.0.0.1", port), 120, (directory / "log").read_text
        )
        yield address
    finally:
        host.end(process)
        remove()


def ldap(program, address, environment, tmp_path, *words, password=mech.USERS["alice"]):
    """Runs a client as alice: its status and output."""
    users = tmp_path / "users"
    users.write_text(f"EXAMPLE:alice:{password}\n")
    users.chmod(0o600)
    done = subprocess.run(
        host.bound([program, "-H", address, "-N", "-Y", "GSS-SPNEGO", *words]),
        env=environment | {"NTLM_USER_FILE": str(users), "LDAPNOINIT": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("initiator", ["ours", "gss-ntlmssp"])
def test_a_sealed_connection(slapd, sides, tmp_path, initiator, spnego_refusal):
    words = ("-O", "minssf=56", "-b", f"ou=sealed,{SUFFIX}", "(objectClass=person)")
    status, said = ldap("ldapsearch", slapd, sides[initiator], tmp_path, *words)
    if spnego_refusal:
        assert status != 0 and spnego_refusal in said and "cn: user" not in said
        return
    assert status == 0 and "SASL data security layer installed." in said, said
    assert said.count("\ncn: user") == ENTRIES
    # The longest value, of several wrapped messages, is complete.
    assert "x" * (ENTRIES - 1) in said.replace("\n ", "")


@pytest.mark.parametrize(
    ("initiator", "acceptor"), [("ours", "ours"), ("ours", "gss-ntlmssp"), ("gss-ntlmssp", "ours")]
)
def test_a_signed_connection(sides, tmp_path, initiator, acceptor, spnego_refusal):
    with served(sides[acceptor]) as address:
        for branch, count in (("signed", ENTRIES), ("sealed", 0)):
            words = ("-b", f"ou={branch},{SUFFIX}", "(objectClass=person)")
            words = ("-O", "minssf=1,maxssf=1", *words)
            status, said = ldap("ldapsearch", address, sides[initiator], tmp_path, *words)
            if spnego_refusal:
                assert status != 0 and spnego_refusal in said and "cn: user" not in said
                continue
            assert "SASL SSF: 1\n" in said, said
            assert said.count("\ncn: user") == count, said


@pytest.mark.parametrize("acceptor", ["ours", "gss-ntlmssp"])
def test_a_client_that_asks_for_no_protection(sides, tmp_path, acceptor, spnego_refusal):
    """Cyrus SASL sets a credential option for that, which the mechanism must take, and asks for
    sequence detection all the same: that is a signed connection (MS-NLMP 3.1.1.2)."""
    with served(sides[acceptor]) as address:
        for branch, count in (("signed", ENTRIES), ("sealed", 0)):
            words = ("-O", "maxssf=0", "-b", f"ou={branch},{SUFFIX}", "(objectClass=person)")
            status, said = ldap("ldapsearch", address, sides["ours"], tmp_path, *words)
            if spnego_refusal:
                assert status != 0 and spnego_refusal in said and "cn: user" not in said
                continue
            assert "SASL SSF: 1\n" in said, said
            assert said.count("\ncn: user") == count, said


def test_the_authorization_identity(slapd, sides, tmp_path, spnego_refusal):
    status, said = ldap("ldapwhoami", slapd, sides["ours"], tmp_path, "-Q")
    if spnego_refusal:
        assert status != 0 and spnego_refusal in said and "dn:" not in said
        return
    assert (status, said) == (0, f"dn:cn=alice,{SUFFIX}\n")


def test_a_wrong_password(slapd, sides, tmp_path):
    status, said = ldap("ldapwhoami", slapd, sides["ours"], tmp_path, password="wrong-password")
    assert status == 49 and "Invalid credentials (49)" in said
