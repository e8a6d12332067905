"""Kerberos in the throw-away domain: a service with a keytab, and tickets of its users."""

import os
import pathlib
import shutil
import subprocess

from . import domain, host

# The web server's name for clients; no DNS server has it.
SITE = f"web1.{domain.DNS_NAME}"

# A realm that no host has; as long as the domain's.
FOREIGN = "FOREIGN.TEST"

# AES128-CTS-HMAC-SHA1-96 and AES256-CTS-HMAC-SHA1-96 (MS-KILE 2.2.7), as README.md sets them.
AES = 24

_SETTINGS = f"""[libdefaults]
    default_realm = {domain.REALM}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    {domain.REALM} = {{
        kdc = KDC
    }}
[domain_realm]
    .{domain.DNS_NAME} = {domain.REALM}
"""


class Realm:
    """The realm of a `domain.Domain`, until `close()`.

    `environment` has the variables of every program in the realm.
    """

    def __init__(self, controller):
        self._directory, self._remove = host.scratch()
        self.passwords = controller.passwords | {"Administrator": controller.administrator}
        settings = self._directory / "krb5.conf"
        settings.write_text(_SETTINGS.replace("KDC", controller.address))
        self.environment = {"KRB5_CONFIG": str(settings), "PATH": os.defpath}

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        """Removes the keytab and all tickets."""
        self._remove()

    def ticket(self, user, *options):
        """The environment of a client with this user's ticket."""
        client = self._client("-".join((user, *options)))
        # Without a terminal, kinit reads the password from standard input.
        done = subprocess.run(
            host.bound(["kinit", *options, user]),
            input=self.passwords[user] + "\n",
            env=client,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise host.LabError(f"kinit {user}: {done.stderr}")
        return client

    def expired_ticket(self, user):
        """The same, with a ticket that has expired."""
        client = self.ticket(user, "-l", "1s")

        def is_over():
            return subprocess.run(["klist", "-s"], env=client).returncode != 0

        host.wait_until(is_over, 20, lambda: "the ticket does not expire")
        return client

    def foreign_ticket(self, user):
        """The same, with a ticket that says it is one of another realm."""
        own = self.ticket(user)["KRB5CCNAME"].removeprefix("FILE:")
        client = self._client(f"{user}-foreign")
        foreign = pathlib.Path(client["KRB5CCNAME"].removeprefix("FILE:"))
        # A name of the same length.
        realm = domain.REALM.encode()
        foreign.write_bytes(pathlib.Path(own).read_bytes().replace(realm, FOREIGN.encode()))
        return client

    def damaged_cache(self):
        """The environment of a client whose tickets cannot be read."""
        client = self._client("damaged")
        pathlib.Path(client["KRB5CCNAME"].removeprefix("FILE:")).write_text("no cache")
        return client

    def damaged_settings(self):
        """The environment of a client whose krb5.conf cannot be read."""
        settings = self._directory / "damaged.conf"
        settings.write_text("[libdefaults")
        return self.no_ticket() | {"KRB5_CONFIG": str(settings)}

    def no_ticket(self):
        """The environment of a client without a ticket."""
        return self._client("none")

    def _client(self, name):
        return self.environment | {"KRB5CCNAME": f"FILE:{self._directory}/{name}"}


class Kerberos(Realm):
    """A realm with the web server `SITE` in it.

    `etc` is a directory in place of /etc/apache2 with the web server's keytab, `http.keytab`.
    """

    def __init__(self, controller):
        super().__init__(controller)
        self.etc = self._directory / "etc"
        self.etc.mkdir()
        keytab = self.etc / "http.keytab"
        controller.tool("spn", "add", f"HTTP/{SITE}", f"{domain.MACHINE}$")
        controller.set_encryption_types(domain.MACHINE, AES)
        controller.keytab(f"HTTP/{SITE}", keytab)
        shutil.chown(keytab, "root", "www-data")
        keytab.chmod(0o640)
