"""Further directives of mod_auth_gssapi, each with this mechanism."""

import re

import clients
import pytest
import recipes
import spnego
import wire
from lab import mech
from lab.site import Site

_LOCATION = """
<Location "/{name}">
    AuthType GSSAPI
    AuthName "Windows login"
    GssapiConnectionBound On
    GssapiAllowedMech ntlmssp
    {lines}
    Require valid-user
    Header always set X-Mech "expr=%{{reqenv:GSS_MECH}}"
</Location>
"""

_PROXY = """
ProxyRequests On
<Proxy "*">
    AuthType GSSAPI
    AuthName "Windows login"
    GssapiConnectionBound On
    GssapiAllowedMech ntlmssp
    Require valid-user
</Proxy>
"""

LINES = {
    "local": ["GssapiLocalName On"],
    "mech": ["GssapiPublishMech On"],
    "persistent": ["GssapiSignalPersistentAuth On"],
    "acceptor": ["GssapiAcceptorName HTTP@127.0.0.1"],
    "host": ["GssapiAcceptorName {HOSTNAME}"],
    # Directives for other mechanisms.
    "kerberos": ["GssapiAllowedMech krb5", "GssapiCredStore ccache:FILE:/nonexistent"],
    "delegation": ["GssapiUseS4U2Proxy On", "GssapiDelegCcacheDir /nonexistent"],
    "tls": ["GssapiSSLonly On"],
    "hidden": ["SetEnvIf User-Agent old gssapi-no-negotiate"],
}


@pytest.fixture(scope="module")
def site(library):
    after = [_LOCATION.format(name=name, lines="\n    ".join(LINES[name])) for name in LINES]
    more = recipes.modules("setenvif", "proxy", "proxy_http")
    site = Site(mech.with_users(library), more=more, after="".join([*after, _PROXY]))
    yield site
    site.close()


def log_in(site, how, path):
    """alice's login at a location, by plain NTLM messages in that scheme or by SPNEGO."""
    password = site.passwords["alice"]
    if how != "SPNEGO":
        with wire.Connection(site, how) as connection:
            return connection.log_in("alice", password, path)
    options = {"protocol": "negotiate", "options": spnego.NegotiateOptions.use_negotiate}
    client = spnego.client("EXAMPLE\\alice", password, "127.0.0.1", "HTTP", **options)
    with wire.Connection(site, "Negotiate") as connection:
        answer = connection.send(client.step(), path=path)
        while answer.status == 401 and answer.token:
            answer = connection.send(client.step(answer.token), path=path)
        return answer


@pytest.mark.parametrize("how", ["NTLM", "Negotiate", "SPNEGO"])
@pytest.mark.parametrize(
    "path, user, field",
    [
        ("/local", "alice", None),
        ("/mech", "EXAMPLE\\alice", ("X-Mech", "{}/NTLM")),
        ("/persistent", "EXAMPLE\\alice", ("Persistent-Auth", "true")),
        ("/acceptor", "EXAMPLE\\alice", None),
        ("/host", "EXAMPLE\\alice", None),
        ("/kerberos", "EXAMPLE\\alice", None),
        ("/delegation", "EXAMPLE\\alice", None),
    ],
)
def test_a_login_with(site, how, path, user, field):
    answer = log_in(site, how, path)
    assert (answer.status, answer.user) == (200, user), site.apache.logged()
    if field:
        name, value = field
        scheme = "NTLM" if how == "NTLM" else "Negotiate"
        assert (name, value.format(scheme)) in answer.headers


def test_tls_where_it_is_required(site):
    assert log_in(site, "NTLM", "/tls").status == 401


def test_clients_without_an_offer_of_schemes(site):
    def schemes(agent):
        with wire.Connection(site, headers={"User-Agent": agent}) as connection:
            answer = connection.send(path="/hidden")
        assert answer.status == 401
        return {value for name, value in answer.headers if name == "WWW-Authenticate"}

    assert schemes("new") == {"Negotiate", "NTLM"}
    assert schemes("old") == set()


def test_a_forward_proxy(site):
    def status(password):
        account = f"EXAMPLE\\alice:{password}"
        answer = clients.run(
            *("curl", "-sS", "--max-time", "60", "--write-out", "\nstatus: %{http_code}\n"),
            *("--proxy", site.apache.url, "--proxy-ntlm", "--proxy-user", account),
            # No server listens there.
            "http://127.0.0.2:9/",
        ).stdout
        return int(re.search(r"^status: (\d+)$", answer, re.M)[1])

    assert status(site.passwords["alice"]) == 503
    assert status("wrong-password") == 407
