"""Extended Protection: a login over the TLS connection of another server is refused."""

import hashlib
import ssl
import struct
import time

import clients
import codes
import messages
import pytest
import relay
import requests
import requests_ntlm
import wire
from lab import host, mech
from lab.apache import certificate
from lab.site import Site
from one_login import LOOKED_AT, attempt, refused

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")

ALICE = "EXAMPLE\\alice"


def policy(rule, more=""):
    return f'[policy]\nchannel_binding = "{rule}"\ntls_certificates = ["@/www.pem"]\n{more}'


@pytest.fixture(scope="module", params=["users", "netlogon"])
def tls_site(request, library):
    """A TLS site with each verifier that requires channel bindings."""
    files = {"www.pem": certificate()}
    if request.param == "users":
        mechanism = mech.with_users(library, more=policy("require"), files=files)
    else:
        controller = request.getfixturevalue("controller")
        more = policy("require")
        mechanism = mech.with_domain(library, controller, more=more, files=files)
    site = Site(mechanism, certificate=mechanism.directory / "www.pem")
    yield site
    site.close()


def hash_of(der, digest="sha256"):
    """MsvAvChannelBindings for a certificate (RFC 5929 4.1, RFC 4121 4.1.1.2)."""
    data = b"tls-server-end-point:" + hashlib.new(digest, der).digest()
    return hashlib.md5(bytes(16) + struct.pack("<I", len(data)) + data).digest()


def test_an_audit_with_certificates_refuses_no_login(library, make_site):
    files = {"www.pem": certificate()}
    rules = 'channel_binding = "require"\ntls_certificates = ["@/www.pem"]\n'
    mechanism = mech.with_users(library, more=f"[policy.audit]\n{rules}", files=files)
    site = make_site(mechanism, certificate=mechanism.directory / "www.pem")
    with wire.Connection(site) as connection:
        ours = hash_of(connection.certificate)
    for binding, minor in (
        (ours, None),
        (bytes([7]) * 16, "OtherChannel"),
        (None, "MissingBindings"),
    ):
        mark = site.apache.mark()
        assert attempt(site, change_avs=naming(binding)) == (200, ALICE, [])
        [line] = [line for line in site.apache.logged(mark).splitlines() if "accepted" in line]
        told = "policy.audit would refuse: " in line
        assert told == (minor is not None), line
        assert minor is None or f"[{codes.code(minor):x}]" in line, line


def naming(binding):
    """The AV pairs of a client with this channel binding; `None` leaves it out."""

    def change(avs):
        others = [pair for pair in avs if pair[0] != messages.AV_CHANNEL_BINDINGS]
        if binding is None:
            return others
        return [*others, (messages.AV_CHANNEL_BINDINGS, binding)]

    return change


def bound(site, binding):
    """alice's login with this channel binding, or with that of the server's certificate."""
    if callable(binding):
        with wire.Connection(site) as connection:
            binding = binding(connection.certificate)
    return attempt(site, change_avs=naming(binding))


@pytest.mark.parametrize("client", [clients.requests_client, clients.chromium])
def test_a_client_with_channel_bindings_is_accepted(tls_site, client):
    status, said = client(tls_site, "alice", tls_site.passwords["alice"])
    assert (status, said.get("user")) == (200, ALICE)


def test_the_refusal_of_a_client_without_bindings_says_why(tls_site):
    mark = tls_site.apache.mark()
    status, said = clients.curl(tls_site, "EXAMPLE\\alice", tls_site.passwords["alice"])
    assert (status, said) == (401, {})
    logged = tls_site.apache.logged(mark)
    assert codes.in_log(logged) == [codes.code("MissingBindings")], logged
    assert "sent no channel bindings, which are required" in logged


@pytest.mark.parametrize("binding", [None, bytes(16)], ids=["absent", "zero"])
def test_no_binding(tls_site, binding):
    assert bound(tls_site, binding) == refused("MissingBindings")


def test_another_binding(tls_site):
    assert bound(tls_site, b"x" * 16) == refused("OtherChannel")
    assert bound(tls_site, hash_of) == (200, ALICE, [])


def test_a_login_that_is_relayed(tls_site, tmp_path):
    """The client talks to another site, which forwards the login to ours."""
    (tmp_path / "evil.pem").write_text(certificate())
    mark = tls_site.apache.mark()
    with relay.to(tls_site, tmp_path / "evil.pem") as evil:
        auth = requests_ntlm.HttpNtlmAuth("EXAMPLE\\alice", tls_site.passwords["alice"])
        answer = requests.get(evil.url, auth=auth, timeout=60, verify=False)
    assert answer.status_code == 401
    assert codes.in_log(tls_site.apache.logged(mark)) == [codes.code("OtherChannel")]


@pytest.mark.parametrize("rule, status", [("allow", 401), ("off", 200)])
def test_a_relayed_login_with_channel_binding_allow(library, make_site, tmp_path, rule, status):
    """With `allow`, a client that sends channel bindings is protected too."""
    files = {"www.pem": certificate()}
    mechanism = mech.with_users(library, more=policy(rule), files=files)
    site = make_site(mechanism, certificate=mechanism.directory / "www.pem")
    (tmp_path / "evil.pem").write_text(certificate())
    with relay.to(site, tmp_path / "evil.pem") as evil:
        auth = requests_ntlm.HttpNtlmAuth("EXAMPLE\\alice", site.passwords["alice"])
        answer = requests.get(evil.url, auth=auth, timeout=60, verify=False)
    assert answer.status_code == status
    assert bound(site, None)[:2] == (200, ALICE), "a client without bindings"


def test_a_renewed_certificate(tls_site):
    with wire.Connection(tls_site) as connection:
        old = connection.certificate
    # In the order of a renewal tool: the file, then a reload of the web server.
    tls_site.mechanism.rewrite("www.pem", certificate("sha384"))
    tls_site.apache.graceful()

    def is_new():
        with wire.Connection(tls_site) as connection:
            return connection.certificate != old

    host.wait_until(is_new, 120, lambda: "Apache keeps its old certificate")
    time.sleep(LOOKED_AT)
    assert bound(tls_site, lambda der: hash_of(der, "sha384")) == (200, ALICE, [])
    assert bound(tls_site, hash_of(old)) == refused("OtherChannel")
    # The right certificate under another hash.
    assert bound(tls_site, hash_of) == refused("OtherChannel")
    status, said = clients.requests_client(tls_site, "alice", tls_site.passwords["alice"])
    assert (status, said.get("user")) == (200, ALICE)


def test_a_certificate_is_renewed_without_a_reload(library, make_site):
    """TLS ends before Apache: its processes stay and read the new file."""
    mechanism = mech.with_users(library, more=policy("require"), files={"www.pem": certificate()})
    site = make_site(mechanism)
    children = site.apache.children()

    def binding():
        pem = (mechanism.directory / "www.pem").read_text()
        own = pem[: pem.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
        return hash_of(ssl.PEM_cert_to_DER_cert(own))

    old = binding()
    assert bound(site, old) == (200, ALICE, [])
    mechanism.rewrite("www.pem", certificate())
    time.sleep(LOOKED_AT)
    assert bound(site, old) == refused("OtherChannel")
    assert bound(site, binding()) == (200, ALICE, [])
    assert set(children) <= set(site.apache.children()), "a process was restarted"
