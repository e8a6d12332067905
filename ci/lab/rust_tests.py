"""tests/dc and tests/storm.rs against a domain of the lab: `python3 -m lab.rust_tests`.

They run with each kind of Samba of newer_samba.py.
"""

import os
import pathlib
import sys
import tempfile

from . import certificates, domain, host, mech, newer_samba

# With the features of the step `unit`, whose build of the library is used.
TESTS = ("--features", "cli", "--test", "dc", "--test", "storm")

# As Windows has it unless a policy says otherwise. Without TLS, a login must still be signed.
_NTLM_IN_TLS = "ldap server require strong auth = allow_sasl_over_tls"


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
            directory = pathlib.Path(directory)
            keytab = directory / "keytab"
            controller.keytab(f"{domain.MACHINE}$", keytab)
            issued = certificates.issue(controller, directory, f"IP:{controller.address}")
            other = certificates.authority(directory, "other")
            os.environ["NTLMDC_TEST_KEYTAB"] = str(keytab)
            os.environ["NTLMDC_TEST_AUTHORITY"] = str(issued.authority)
            os.environ["NTLMDC_TEST_OTHER_AUTHORITY"] = str(other)
            os.environ["NTLMDC_TEST_CERTIFICATE"] = str(issued.certificate)
            os.environ["NTLMDC_TEST_FINGERPRINT"] = issued.fingerprint
            _give_to_the_developer(directory, keytab, issued.certificate, issued.authority, other)
            with controller.tls(issued.files, _NTLM_IN_TLS):
                return mech.as_developer("cargo", "test", "--locked", *TESTS).returncode


def _give_to_the_developer(*files):
    """The owner of the checkout can then read them."""
    owner = mech.ROOT.stat()
    for file in files:
        os.chown(file, owner.st_uid, owner.st_gid)


if __name__ == "__main__":
    sys.exit(main())
