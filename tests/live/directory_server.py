"""OpenLDAP's slapd as a directory with NT hashes, with TLS only."""

import secrets
import subprocess

from lab import domain, host, mech
from spnego._ntlm_raw import crypto

SUFFIX = "dc=example,dc=test"
PEOPLE = f"ou=people,{SUFFIX}"
GROUPS = f"ou=groups,{SUFFIX}"
SERVICE = f"cn=ntlmdc,{SUFFIX}"
ADMIN = f"cn=admin,{SUFFIX}"

# Curl reads passwords in ASCII only.
PASSWORDS = {"alice": "Alices-Passw0rd", "bob": "Bobs-Passw0rd", "jürgen": "Jürgens-Pässw0rd"}

# The parts of samba.schema (Debian's package samba has all of it) that logins need; and FreeIPA's
# attributes, here with numbers of OpenLDAP's range for experiments.
_SCHEMA = """
attributetype ( 1.3.6.1.4.1.7165.2.1.25 NAME 'sambaNTPassword'
    EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{32} SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.7165.2.1.26 NAME 'sambaAcctFlags'
    EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{16} SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.7165.2.1.27 NAME 'sambaPwdLastSet'
    EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.7165.2.1.29 NAME 'sambaPwdMustChange'
    EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.7165.2.1.32 NAME 'sambaKickoffTime'
    EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.7165.2.1.55 NAME 'sambaLogonHours'
    EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{42} SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.7165.2.1.20 NAME 'sambaSID'
    EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{64} SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.7165.2.2.6 NAME 'sambaSamAccount' SUP top AUXILIARY
    MUST ( uid $ sambaSID ) MAY ( sambaNTPassword $ sambaAcctFlags $ sambaPwdLastSet $
    sambaPwdMustChange $ sambaKickoffTime $ sambaLogonHours ) )
attributetype ( 1.3.6.1.4.1.4203.666.77.1 NAME 'ipaNTHash'
    EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.4203.666.77.2 NAME 'nsAccountLock'
    EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.77.3 NAME 'ipaNTUserAttrs' SUP top AUXILIARY
    MAY ( ipaNTHash $ nsAccountLock ) )
"""

# Only the service reads the hashes. What docs/directory.md says of slapd is here.
_SETTINGS = f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include @/samba.schema
modulepath /usr/lib/ldap
moduleload memberof
pidfile @/slapd.pid
TLSCACertificateFile @/authority
TLSCertificateFile @/certificate
TLSCertificateKeyFile @/key
security tls=1
database ldif
directory @/data
suffix "{SUFFIX}"
rootdn "{ADMIN}"
rootpw @admin
overlay memberof
access to attrs=sambaNTPassword,ipaNTHash by dn.exact="{SERVICE}" read by * none
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{SERVICE}" read by * none
"""

# Accounts that may not log in: what keeps them, and the code.
CLOSED = {
    "disabled": ("sambaAcctFlags: [DU         ]", "AccountDisabled"),
    "locked": ("sambaAcctFlags: [UL         ]", "AccountLockedOut"),
    "expired": ("sambaKickoffTime: 1000000000", "AccountExpired"),
    "reset": ("sambaPwdLastSet: 0", "PasswordMustChange"),
    "asleep": (f"sambaLogonHours: {'0' * 42}", "InvalidLogonHours"),
    "machine$": ("sambaAcctFlags: [W          ]", "TrustAccount"),
}


def password(user):
    return PASSWORDS.get(user, "Passw0rd")


def nt_hash(user):
    return crypto.ntowfv1(password(user)).hex().upper()


def _entry(user, number, *lines):
    common = ["objectClass: inetOrgPerson", "objectClass: sambaSamAccount"]
    own = [f"uid: {user}", f"cn: {user}", f"sn: {user}", f"displayName: {user} of the directory"]
    sid = f"sambaSID: S-1-5-21-1-2-3-{number}"
    return "\n".join(
        [f"dn: uid={user},{PEOPLE}", *common, *own, sid, f"sambaNTPassword: {nt_hash(user)}"]
        + list(lines)
    )


def _entries(secret):
    yield f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example"
    for unit in (PEOPLE, GROUPS):
        name = unit.split("=")[1].split(",")[0]
        yield f"dn: {unit}\nobjectClass: organizationalUnit\nou: {name}"
    yield (
        f"dn: {SERVICE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
        f"cn: ntlmdc\nuserPassword: {secret}"
    )
    for number, user in enumerate(PASSWORDS):
        yield _entry(user, 1000 + number)
    for number, (user, (line, _code)) in enumerate(CLOSED.items()):
        yield _entry(user, 2000 + number, line)
    # Two entries with one name.
    yield _entry("twice", 3000)
    yield _entry("twice", 3001).replace(f"uid=twice,{PEOPLE}", f"cn=twice,{PEOPLE}")


# Staff has alice; Outer has Staff, and Staff has Outer: a circle.
_MEMBERS = {"Staff": [f"uid=alice,{PEOPLE}", f"cn=Outer,{GROUPS}"], "Outer": [f"cn=Staff,{GROUPS}"]}


class DirectoryServer:
    """A slapd on 127.0.0.1, over LDAPS and with StartTLS, until `close()`."""

    def __init__(self):
        self.directory, self._remove = host.scratch()
        self.secret = secrets.token_hex(16)
        self._admin = secrets.token_hex(16)
        self.authority = self._certify()
        self._write("samba.schema", _SCHEMA)
        settings = _SETTINGS.replace("@admin", self._admin).replace("@", str(self.directory))
        self._write("slapd.conf", settings)
        self._write("entries", "\n\n".join(_entries(self.secret)) + "\n")
        (self.directory / "data").mkdir()
        host.run("slapadd", "-q", "-f", self._path("slapd.conf"), "-l", self._path("entries"))
        self.port, self.starttls_port = host.free_port(), host.free_port()
        self._process = None
        self.start()
        groups = [
            f"dn: cn={name},{GROUPS}\nobjectClass: groupOfNames\ncn: {name}\n"
            + "\n".join(f"member: {member}" for member in members)
            for name, members in _MEMBERS.items()
        ]
        self.change("ldapadd", "\n\n".join(groups))

    def _certify(self):
        """Makes an authority, and the server's key and certificate. Returns the authority."""
        new = ("openssl", "req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        ours, theirs, request = map(self._path, ("authority.key", "key", "request"))
        authority = self._path("authority")
        own = ("-x509", "-days", "2", "-subj", "/CN=Lab")
        host.run(*new, *own, "-keyout", ours, "-out", authority)
        host.run(*new, "-subj", "/CN=127.0.0.1", "-keyout", theirs, "-out", request)
        self._write("extensions", "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        host.run(
            *("openssl", "x509", "-req", "-in", request, "-CA", authority, "-CAkey", ours),
            *("-days", "2", "-extfile", self._path("extensions"), "-CAcreateserial"),
            *("-out", self._path("certificate")),
        )
        return authority.read_text()

    def _path(self, name):
        return self.directory / name

    def _write(self, name, text):
        self._path(name).touch(mode=0o600)
        self._path(name).write_text(text)

    def start(self):
        urls = f"ldaps://127.0.0.1:{self.port} ldap://127.0.0.1:{self.starttls_port}"
        with self._path("log").open("ab") as log:
            self._process = subprocess.Popen(
                host.bound(["slapd", "-f", self._path("slapd.conf"), "-h", urls, "-d", "stats"]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        host.wait_until(
            lambda: host.answers("127.0.0.1", self.port), 60, self._path("log").read_text
        )

    def stop(self):
        host.end(self._process)

    def close(self):
        self.stop()
        self._remove()

    def change(self, program, ldif):
        """Runs ldapadd or ldapmodify as the administrator."""
        self._write("change", ldif + "\n")
        host.run(
            *(program, "-H", f"ldaps://127.0.0.1:{self.port}", "-x", "-D", ADMIN),
            *("-w", self._admin, "-f", self._path("change")),
            env={"PATH": "/usr/bin:/bin", "LDAPTLS_CACERT": str(self._path("authority"))},
        )

    def fingerprint(self):
        shown = host.run(
            *("openssl", "x509", "-in", self._path("certificate")),
            *("-noout", "-fingerprint", "-sha256"),
        )
        return shown.strip().split("=")[1]

    def searches(self):
        """How many searches the log has."""
        return self._path("log").read_text(errors="replace").count(" SRCH base=")

    def connections(self):
        return self._path("log").read_text(errors="replace").count(" ACCEPT from ")


def mechanism(library, server, more="", groups=None, **keys):
    """The mechanism with this directory. `keys` replace those of [directory]; `None` leaves one
    out. `more`: further sections."""
    settings = {
        "servers": [f"127.0.0.1:{server.port}"],
        "authorities": "@/authorities",
        "bind_dn": SERVICE,
        "bind_secret": "@/bind_secret",
        "base": PEOPLE,
        "schema": "samba",
        "netbios_domain": domain.NETBIOS,
        "dns_domain": "example.test",
    }
    if groups:
        settings |= {"groups": groups, "group_base": GROUPS}
    lines = [f"{key} = {_toml(value)}" for key, value in (settings | keys).items() if value]
    configuration = 'verify = ["directory"]\n[directory]\n' + "\n".join(lines) + "\n"
    files = {"authorities": server.authority, "bind_secret": server.secret + "\n"}
    return mech.Mechanism(library, configuration + mech.LOG + more, dict(PASSWORDS), files)


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"'
