"""`python3 -m lab.verifier`: tests/dc.rs, with a controller of the lab's own."""

import os
import sys

from . import domain, mech


def main():
    with domain.Domain() as controller:
        lines = (f"{user}:{password}" for user, password in controller.passwords.items())
        os.environ |= {
            "NTLMDC_TEST_DC": controller.address,
            "NTLMDC_TEST_SECRET": controller.secret,
            "NTLMDC_TEST_PASSWORDS": "\n".join(lines),
        }
        return mech.test("--locked", "--test", "dc")


if __name__ == "__main__":
    sys.exit(main())
