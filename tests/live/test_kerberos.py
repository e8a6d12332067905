"""Kerberos and NTLM in one location, as examples/kerberos.conf has them."""

import os
import pathlib
import re

import clients
import pytest
from lab import mech
from lab.kerberos import SITE, Kerberos
from lab.site import Site

LOCAL = """
<Location "/local">
    AuthType GSSAPI
    AuthName "Windows login"
    GssapiConnectionBound On
    GssapiAllowedMech krb5
    GssapiAllowedMech ntlmssp
    GssapiCredStore keytab:/etc/apache2/http.keytab
    GssapiLocalName On
    GssapiPublishMech On
    Require valid-user
</Location>
"""

ALICE = "EXAMPLE\\alice"


@pytest.fixture(scope="module")
def kerberos(controller):
    with Kerberos(controller) as kerberos:
        yield kerberos


@pytest.fixture(scope="module")
def site(library, controller, kerberos):
    site = Site(
        mech.with_domain(library, controller),
        example="kerberos.conf",
        after=LOCAL,
        etc=kerberos.etc,
        environment=kerberos.environment,
    )
    yield site
    site.close()


@pytest.fixture
def nothing_else(tmp_path):
    """The environment of a client with Kerberos and no other mechanism."""
    config = tmp_path / "mech.conf"
    config.write_text("")
    return {"GSS_MECH_CONFIG": str(config)}


def negotiate(site, environment, path="", host=SITE):
    """curl --negotiate: the status and the page."""
    port = site.apache.port
    answer = clients.run(
        *("curl", "-sS", "--max-time", "60", "--negotiate", "--user", ":"),
        *("--resolve", f"{host}:{port}:127.0.0.1", "--write-out", "\nstatus: %{http_code}\n"),
        f"http://{host}:{port}/{path}",
        env=environment,
    ).stdout
    return int(re.search(r"^status: (\d+)$", answer, re.MULTILINE)[1]), clients.page(answer)


def test_a_ticket(site, kerberos, nothing_else):
    status, page = negotiate(site, kerberos.ticket("alice") | nothing_else)
    assert (status, page["user"]) == (200, "alice@EXAMPLE.TEST")
    assert page["mech"] == "Negotiate/krb5"


def test_no_ticket_and_no_ntlm(site, kerberos, nothing_else):
    assert negotiate(site, kerberos.no_ticket() | nothing_else) == (401, {})


@pytest.mark.parametrize(
    "client, mech_name",
    [
        (clients.curl, "NTLM/NTLM"),
        (clients.pyspnego, "NTLM/NTLM"),
        (clients.pyspnego_raw_negotiate, "Negotiate/NTLM"),
        (clients.pyspnego_spnego, "Negotiate/NTLM"),
        (clients.chromium, "NTLM/NTLM"),
    ],
)
def test_without_a_ticket(site, client, mech_name):
    status, page = client(site, ALICE, site.passwords["alice"])
    assert (status, page.get("user"), page.get("mech")) == (200, ALICE, mech_name)
    status, page = client(site, ALICE, "wrong-password")
    assert (status, page) == (401, {})


def test_both_mechanisms_give_the_same_name(site, kerberos, nothing_else):
    status, page = negotiate(site, kerberos.ticket("bob") | nothing_else, path="local")
    assert (status, page["user"], page["mech"]) == (200, "bob", "Negotiate/krb5")


@pytest.fixture
def site_without_keytab(library, controller, kerberos, make_site, tmp_path):
    return make_site(
        mech.with_domain(library, controller),
        example="kerberos.conf",
        etc=tmp_path,
        environment=kerberos.environment,
    )


def test_ntlm_works_without_the_keytab(site_without_keytab, kerberos, nothing_else):
    site = site_without_keytab
    assert negotiate(site, kerberos.ticket("alice") | nothing_else) == (401, {})
    for client in (clients.curl, clients.pyspnego_spnego):
        status, page = client(site, ALICE, site.passwords["alice"])
        assert (status, page.get("user")) == (200, ALICE)


def test_ntlm_as_second_choice(
    netlogon_site, kerberos, initiator, with_users, finds_mech_list_mic
):
    """The client begins with a ticket; the server has NTLM only, and SPNEGO verifies the list."""
    mark = netlogon_site.apache.mark()
    bob = with_users(initiator, f"EXAMPLE:bob:{netlogon_site.passwords['bob']}\n")
    alices = kerberos.ticket("alice")
    status, page = negotiate(netlogon_site, bob | alices)
    logged = netlogon_site.apache.logged(mark)
    assert "ntlmdc: accepted" in logged
    if finds_mech_list_mic:
        assert (status, page.get("user")) == (200, "EXAMPLE\\bob")
        assert "ntlmdc: dropped" not in logged
    else:
        assert (status, page) == (401, {})
        assert "ntlmdc: dropped" in logged
    # The client did get a ticket for the site.
    tickets = pathlib.Path(alices["KRB5CCNAME"].removeprefix("FILE:"))
    assert SITE.encode() in tickets.read_bytes()
    wrong = with_users(initiator, "EXAMPLE:bob:wrong-password\n")
    assert negotiate(netlogon_site, wrong | kerberos.ticket("alice")) == (401, {})


def test_the_example_has_all_of_the_other_one():
    def directives(name):
        lines = (mech.ROOT / "examples" / name).read_text().splitlines()
        return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]

    assert [line for line in directives("kerberos.conf") if line in directives("apache.conf")] == (
        directives("apache.conf")
    )


PAGE = (mech.ROOT / "docs" / "from-ntlm-to-kerberos.md").read_text()


def ran(line, **variables):
    """What a command of the page prints, as pairs of a count and a name."""
    done = clients.run("sh", "-euc", line, env={"PATH": os.defpath, **variables})
    return [tuple(text.split(None, 1)) for text in done.stdout.splitlines()]


def test_the_ways_to_count_who_uses_ntlm(
    library, controller, kerberos, make_site, nothing_else, tmp_path
):
    users, workstations, mechanisms = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)
    [custom_log] = re.findall(r"^```apacheconf\n(.*?)^```", PAGE, re.M | re.S)
    log = tmp_path / "mechanisms.log"
    site = make_site(
        mech.with_domain(library, controller),
        example="kerberos.conf",
        after=custom_log.replace("${APACHE_LOG_DIR}/mechanisms.log", str(log)),
        etc=kerberos.etc,
        environment=kerberos.environment,
    )
    assert negotiate(site, kerberos.ticket("alice") | nothing_else)[0] == 200
    for user in ("alice", "bob", "bob"):
        clients.curl(site, f"EXAMPLE\\{user}", site.passwords[user])
    counted = ran(mechanisms.replace("/var/log/apache2/mechanisms.log", str(log)))
    assert ("2", r"NTLM/NTLM EXAMPLE\\bob") in counted, counted
    assert ("1", "Negotiate/krb5 alice@EXAMPLE.TEST") in counted, counted

    # The journal's lines have no name of a program before them.
    journal = tmp_path / "journalctl"
    lines = re.findall(r"^(?:.*\] )?ntlmdc: (.*)$", site.apache.logged(), re.M)
    (tmp_path / "lines").write_text("\n".join(lines) + "\n")
    journal.write_text(
        f'#!/bin/sh\ntest "$*" = "-t ntlmdc --since -7d -o cat" && cat {tmp_path}/lines\n'
    )
    journal.chmod(0o755)
    path = f"{tmp_path}:{os.defpath}"
    assert ran(users, PATH=path) == [("2", r"EXAMPLE\bob"), ("1", r"EXAMPLE\alice")]
    [(count, _)] = ran(workstations, PATH=path)
    assert count == "3"


@pytest.mark.parametrize("block", [0, 1])
def test_ntlm_is_closed_and_kerberos_goes_on(
    library, controller, kerberos, make_site, nothing_else, block
):
    blocks = re.findall(r"^ *```toml\n(.*?)^ *```", PAGE, re.M | re.S)
    lines = "\n".join(line.strip() for line in blocks[block].splitlines())
    site = make_site(
        mech.with_domain(library, controller, more=lines + "\n"),
        example="kerberos.conf",
        etc=kerberos.etc,
        environment=kerberos.environment,
    )
    for client in (clients.curl, clients.pyspnego_spnego):
        assert client(site, ALICE, site.passwords["alice"]) == (401, {})
    status, page = negotiate(site, kerberos.ticket("alice") | nothing_else)
    assert (status, page["mech"]) == (200, "Negotiate/krb5")
