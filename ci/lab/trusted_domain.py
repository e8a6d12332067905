"""A second domain, on its own but for a trust."""

from . import domain


class Trusted(domain.Domain):
    """OTHER.TEST with its controller, `far`, trusted by the domain of another controller; a
    subclass may have other names.

    The trust has one direction, which suffices for logins of OTHER's users. `truster` is restarted
    and from then on forwards DNS queries to this controller. A trust in both directions would need
    conditional forwarders, which Samba's DNS server does not have: both would forward unknown names
    to each other without end.
    """

    dns_name = "other.test"
    netbios = "OTHER"
    host_name = "far"

    def __init__(self, truster):
        super().__init__(self.host_name)
        try:
            self.lay_cable(truster)
            truster.ask_about_other_names(self.address)
            truster.stop()
            truster.start()
            # The tool also validates the trust.
            truster.tool(
                *("domain", "trust", "create", self.dns_name, "--type=external"),
                *("--direction=outgoing", "--create-location=both"),
                *(f"--username=Administrator@{self.realm}", f"--password={self.administrator}"),
            )
        except BaseException:
            self.close()
            raise
