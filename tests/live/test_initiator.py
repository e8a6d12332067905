"""Clients that log in by GSSAPI, with our initiator or with that of gss-ntlmssp."""

import re

import clients
import firefox
import pytest


def curl(site, environment):
    """curl --negotiate"""
    answer = clients.run(
        *("curl", "-sS", "--max-time", "60", "--negotiate", "--user", ":"),
        *("--write-out", "\nstatus: %{http_code}\n", site.apache.url),
        env=environment,
    ).stdout
    return int(re.search(r"^status: (\d+)$", answer, re.MULTILINE)[1]), clients.page(answer)


CLIENTS = [curl, clients.chromium_negotiate, firefox.log_in_by_gssapi]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_right_password_is_accepted(site, initiator, with_users, client):
    alice = with_users(initiator, f"EXAMPLE:alice:{site.passwords['alice']}\n")
    status, page = client(site, alice)
    assert (status, page.get("user")) == (200, "EXAMPLE\\alice")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_wrong_password_is_refused(site, initiator, with_users, client):
    assert client(site, with_users(initiator, "EXAMPLE:alice:wrong-password\n")) == (401, {})


def test_an_nt_hash_in_place_of_a_password(users_site, library, with_users):
    # MS-NLMP 4.2.2.1.2: the hash of "Password", which is carol's.
    line = f"EXAMPLE\\carol:1:{'X' * 32}:A4F49C406510BDCAB6824EE7C30FD852:[U          ]:\n"
    status, page = curl(users_site, with_users(library, line))
    assert (status, page.get("user")) == (200, "EXAMPLE\\carol")
