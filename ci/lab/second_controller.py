"""A second controller of a throw-away domain, joined to it as an administrator would."""

from . import domain


class Second(domain.Controller):
    """`dc2`, with all that the first controller knew when it was made.

    Replication is by hand: what is changed at one controller later, the other learns by
    `pull()`, and the first of the second by `push()`.
    """

    def __init__(self, first):
        self._first = first
        super().__init__("dc2")

    def pull(self):
        """Replicates changes of the first controller."""
        self._replicate(self, self._first)

    def push(self):
        """Replicates changes to the first controller."""
        self._replicate(self._first, self)

    def _replicate(self, to, source):
        who = self._by("--password")
        to.tool("drs", "replicate", "--local", *who, to.name, source.name, self.base)

    def _populate(self):
        self.lay_cable(self._first)
        self.tool(
            *("domain", "join", domain.DNS_NAME, "DC", f"--server=dc1.{domain.DNS_NAME}"),
            *("--dns-backend=SAMBA_INTERNAL", *self._by("--password")),
        )
        self._configure()

    def _by(self, option):
        return "--username=Administrator", f"{option}={self._first.administrator}"

    def _krb5(self):
        return f"""[libdefaults]
    default_realm = {domain.REALM}
    dns_lookup_kdc = false
[realms]
    {domain.REALM} = {{
        kdc = {self._first.address}
    }}
"""

    def _resolver(self):
        return f"search {domain.DNS_NAME}\nnameserver {self._first.address}\n"

    def _hosts(self):
        other = f"{self._first.address} dc1.{domain.DNS_NAME} dc1\n"
        return super()._hosts() + other
