"""A second domain, on its own but for a trust."""

from . import domain


class Trusted(domain.Domain):
    """OTHER.TEST with its controller, `far`, trusted by the domain of another controller; a
    subclass may have other names.

    The other domain is trusted and need not trust: that is all that its users need. `truster` is
    started again, and from then on asks this controller for names that it does not know; a trust in both
    directions would need DNS servers that ask each other for some names only, which Samba's cannot
    (they send each other what neither knows, round and round).
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
