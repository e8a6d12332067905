"""Kerberos on a host behaves as before the mechanism was installed."""

import re
import socket
import subprocess

import pytest
from lab import host, mech

SERVICE = "host@dc1.example.test"
USER = "alice"


@pytest.fixture(scope="module")
def realm(controller, tmp_path_factory):
    """The environment of a host in the domain's realm: a configuration, a keytab, no ticket."""
    folder = tmp_path_factory.mktemp("kerberos")
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\n default_realm = {controller.realm}\n dns_lookup_kdc = false\n"
        " dns_lookup_realm = false\n dns_canonicalize_hostname = false\n rdns = false\n"
        f"[realms]\n {controller.realm} = {{\n  kdc = {controller.address}\n }}\n"
    )
    keytab = folder / "keytab"
    principal = f"host/{controller.fqdn}@{controller.realm}"
    controller.keytab(principal, keytab)
    return {
        "PATH": "/usr/bin:/bin",
        "KRB5_CONFIG": str(folder / "krb5.conf"),
        "KRB5_KTNAME": f"FILE:{keytab}",
        "KRB5RCACHENAME": "none:",
    }


@pytest.fixture(scope="module")
def hosts(library, tmp_path_factory):
    """Hosts by name: without the mechanism, with it, and with it and its configuration."""
    without = tmp_path_factory.mktemp("without") / "mech.conf"
    without.write_text("")
    mechanism = mech.with_users(library)
    configured = dict(mechanism.environment)
    nothing = str(without.with_name("nothing.toml"))
    yield {
        "without": {"GSS_MECH_CONFIG": str(without)},
        "installed": configured | {"NTLMDC_CONFIG": nothing},
        "configured": configured,
    }
    mechanism.close()


def kinit(controller, environment):
    """Gets the user a ticket by kinit."""
    done = subprocess.run(
        host.bound(["kinit", USER]),
        env=environment,
        input=controller.passwords[USER] + "\n",
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def talk(environment, folder, *options):
    """A login and a message with krb5's sample programs: the output of client and server."""
    log = folder / "server.log"
    log.unlink(missing_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        port = listener.getsockname()[1]
        command = ["gss-client", "-port", str(port), *options, "127.0.0.1", SERVICE, "hello"]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        with subprocess.Popen(host.bound(command), env=environment, **streams) as client:
            connection, _ = listener.accept()
            with connection:
                command = ["gss-server", "-inetd", "-verbose", "-logfile", str(log), SERVICE]
                subprocess.run(
                    host.bound(command), env=environment, stdin=connection, timeout=60, check=False
                )
            said, _ = client.communicate(timeout=60)
    return [without_what_differs(text) for text in (said, log.read_text())]


def without_what_differs(text):
    """The text without what differs between runs: times, lengths, random bytes."""
    text = re.sub(r"lifetime \d+", "lifetime", text)
    text = re.sub(r"size ?= ?\d+", "size", text)
    return re.sub(r"^(?:(?:[0-9a-f]{2} ?)+\n)+", "bytes\n", text, flags=re.MULTILINE)


WAYS = {"default": [], "spnego": ["-spnego"]}
# For a client without a ticket.
TOLD = {
    "default": "No Kerberos credentials available",
    "spnego": "SPNEGO cannot find mechanisms to negotiate",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_login_with_a_ticket(controller, realm, hosts, tmp_path, way):
    said = {}
    for name, mechanisms in hosts.items():
        environment = realm | mechanisms | {"KRB5CCNAME": f"FILE:{tmp_path}/{name}"}
        kinit(controller, environment)
        said[name] = talk(environment, tmp_path, *WAYS[way])
    client, server = said["without"]
    assert "Signature verified." in client
    assert f'"{USER}@{controller.realm}" to "host/dc1' in client
    assert 'Received message: "hello"' in server
    assert said["installed"] == said["without"]
    assert said["configured"] == said["without"]


@pytest.mark.parametrize("way", WAYS)
def test_the_error_without_a_ticket(realm, hosts, tmp_path, way):
    environment = realm | {"KRB5CCNAME": f"FILE:{tmp_path}/none"}
    said = {
        name: talk(environment | mechanisms, tmp_path, *WAYS[way])
        for name, mechanisms in hosts.items()
    }
    assert TOLD[way] in said["without"][0]
    assert said["installed"] == said["without"]
    assert said["configured"] == said["without"]


def test_a_credential_from_a_password(controller, realm, hosts, tmp_path):
    options = ["-user", USER, "-pass", controller.passwords[USER]]
    environment = realm | {"KRB5CCNAME": f"FILE:{tmp_path}/none"}
    said = {
        name: talk(environment | mechanisms, tmp_path, *options)
        for name, mechanisms in hosts.items()
    }
    assert f'"{USER}@{controller.realm}" to "host/dc1' in said["without"][0]
    assert said["installed"] == said["without"]
    assert said["configured"] == said["without"]
