"""A client that leaves the login to GSSAPI, and so to our initiator: curl --negotiate."""

import re
import subprocess

import clients
import pytest


@pytest.fixture
def negotiate(library, tmp_path):
    """Runs curl with our mechanism, for the first user of a users file with these lines."""

    def curl(site, lines, *options):
        users = tmp_path / "users"
        users.write_text(lines)
        users.chmod(0o600)
        mech = tmp_path / "mech.conf"
        mech.write_text(f"ntlmssp 1.3.6.1.4.1.311.2.2.10 {library}\n")
        environment = {
            "PATH": "/usr/bin:/bin",
            "GSS_MECH_CONFIG": str(mech),
            "NTLM_USER_FILE": str(users),
            "KRB5_CONFIG": "/dev/null",
        }
        command = ["curl", "-sS", "--max-time", "60", "--negotiate", "--user", ":", *options]
        command += ["--write-out", "\nstatus: %{http_code}\n", site.apache.url]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        status = int(re.search(r"^status: (\d+)$", done.stdout, re.MULTILINE)[1])
        return status, clients.page(done.stdout)

    return curl


def test_the_right_password_is_let_in(site, negotiate):
    status, page = negotiate(site, f"EXAMPLE:alice:{site.passwords['alice']}\n")
    assert (status, page.get("user")) == (200, "EXAMPLE\\alice")


def test_a_wrong_password_is_not(site, negotiate):
    assert negotiate(site, "EXAMPLE:alice:not-his-password\n") == (401, {})


def test_a_hash_is_as_good(users_site, negotiate):
    # MS-NLMP 4.2.2.1.2: the hash of "Password", which is carol's.
    line = f"EXAMPLE\\carol:1:{'X' * 32}:A4F49C406510BDCAB6824EE7C30FD852:[U          ]:\n"
    status, page = negotiate(users_site, line)
    assert (status, page.get("user")) == (200, "EXAMPLE\\carol")
