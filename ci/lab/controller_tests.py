"""tests/dc.rs and tests/storm.rs against a domain of the lab: `python3 -m lab.controller_tests`."""

import os
import sys

from . import domain, mech


TESTS = ("--test", "dc", "--test", "storm")


def main():
    # Built first, so that the domain does not wait for the compiler.
    mech.as_developer("cargo", "test", "--locked", *TESTS, "--no-run")
    with domain.Domain() as controller:
        lines = (f"{user}:{password}" for user, password in controller.passwords.items())
        os.environ["NTLMDC_TEST_DC"] = controller.address
        os.environ["NTLMDC_TEST_SECRET"] = controller.secret
        os.environ["NTLMDC_TEST_PASSWORDS"] = "\n".join(lines)
        return mech.as_developer("cargo", "test", "--locked", *TESTS).returncode


if __name__ == "__main__":
    sys.exit(main())
