"""tests/dc and tests/storm.rs against a domain of the lab: `python3 -m lab.rust_tests`.

They run with each kind of Samba of newer_samba.py.
"""

import os
import pathlib
import sys
import tempfile

from . import domain, host, mech, newer_samba

# With the features of the step `unit`, whose build of the library is used.
TESTS = ("--features", "cli", "--test", "dc", "--test", "storm")


def main():
    # Built first, so that the domain does not wait for the compiler.
    mech.as_developer("cargo", "test", "--locked", *TESTS, "--no-run")
    return max([_against(newer_samba.root(kind)) for kind in newer_samba.kinds()])


def _against(root):
    """Runs the tests against a domain on the Samba in `root`; returns cargo's exit status."""
    with domain.Domain(root=root) as controller:
        print(f"Samba {controller.version}", flush=True)
        lines = (f"{user}:{password}" for user, password in controller.passwords.items())
        os.environ["NTLMDC_TEST_DC"] = controller.address
        os.environ["NTLMDC_TEST_SAMBA"] = controller.version
        os.environ["NTLMDC_TEST_SECRET"] = controller.secret
        os.environ["NTLMDC_TEST_PASSWORDS"] = "\n".join(lines)
        with tempfile.TemporaryDirectory(prefix=host.PREFIX) as directory:
            os.environ["NTLMDC_TEST_KEYTAB"] = _keytab(controller, pathlib.Path(directory))
            return mech.as_developer("cargo", "test", "--locked", *TESTS).returncode


def _keytab(controller, directory):
    """Exports the machine account's keytab to where the owner of the checkout can read it."""
    path = directory / "keytab"
    controller.keytab(f"{domain.MACHINE}$", path)
    owner = mech.ROOT.stat()
    for file in (directory, path):
        os.chown(file, owner.st_uid, owner.st_gid)
    return str(path)


if __name__ == "__main__":
    sys.exit(main())
