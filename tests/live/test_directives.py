"""mod_auth_gssapi's directives with this mechanism, each in a location of its own."""

import codes
import messages
import pytest
import wire
from lab import mech
from lab.site import Site

# GSS_S_UNAUTHORIZED; RFC 2744 3.9.1 shifts routine errors by 16 bits.
UNAUTHORIZED = 15 << 16

LOCATIONS = {
    "mech": "GssapiPublishMech On",
    "local": "GssapiLocalName On",
    "named": "GssapiAcceptorName HTTP@localhost",
    "named-by-the-client": "GssapiAcceptorName {HOSTNAME}",
    "foreign-keys": """GssapiCredStore keytab:/nonexistent/keytab
        GssapiCredStore client_keytab:/nonexistent/client.keytab
        GssapiCredStore ccache:FILE:/nonexistent/ccache
        GssapiCredStore something:else""",
    "persistent": "GssapiSignalPersistentAuth On",
    "errors": "GssapiPublishErrors On",
    "silent": "",
    "attributes": """GssapiNameAttributes USER user
        GssapiNameAttributes DOMAIN domain
        GssapiNameAttributes json""",
}

# The published variables are sent in headers of the response.
_PROTECTED = """
<Location "/{name}">
    AuthType GSSAPI
    AuthName "Windows login"
    GssapiConnectionBound On
    GssapiAllowedMech ntlmssp
    {directives}
    Require valid-user
    Header always set X-Mech "%{{GSS_MECH}}e"
    Header always set X-Major "%{{GSS_ERROR_MAJ}}e"
    Header always set X-Minor "%{{GSS_ERROR_MIN}}e"
    Header always set X-Error "%{{MAG_ERROR}}e"
    Header always set X-Text "%{{MAG_ERROR_TEXT}}e"
    Header always set X-User "%{{USER}}e"
    Header always set X-Domain "%{{DOMAIN}}e"
    Header always set X-Json "%{{GSS_NAME_ATTRS_JSON}}e"
</Location>
"""

# A user whose domain is not that of this machine.
STRANGER = "ELSEWHERE:olga:Olgas-Passw0rd\n"


@pytest.fixture(scope="module")
def site(library):
    mechanism = mech.with_users(library)
    mechanism.rewrite("users", mech.users_file() + STRANGER)
    protected = [
        _PROTECTED.format(name=name, directives=lines) for name, lines in LOCATIONS.items()
    ]
    site = Site(mechanism, after="".join(protected))
    yield site
    site.close()


def log_in(site, name, scheme="NTLM", user="alice", password=None, **options):
    """A login at one of the locations: the last answer and its headers."""
    with wire.Connection(site, scheme) as connection:
        password = password or site.passwords[user]
        answer = connection.log_in(user, password, path=f"/{name}", **options)
    return answer, dict(answer.headers)


def refused(site, name, **options):
    answer, headers = log_in(site, name, password="not-the-password", **options)
    assert (answer.status, answer.user) == (401, None)
    return headers


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_the_mechanism_is_published(site, scheme):
    answer, headers = log_in(site, "mech", scheme)
    assert (answer.user, headers["X-Mech"]) == ("EXAMPLE\\alice", f"{scheme}/NTLM")


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_the_local_name_is_that_of_our_own_users(site, scheme):
    answer, _ = log_in(site, "local", scheme)
    assert (answer.status, answer.user) == (200, "alice")


def test_users_of_other_domains_have_no_local_name(site):
    stranger = {"user": "olga", "password": "Olgas-Passw0rd", "domain": "ELSEWHERE"}
    assert log_in(site, "mech", **stranger)[0].user == "ELSEWHERE\\olga"
    mark = site.apache.mark()
    answer, _ = log_in(site, "local", **stranger)
    assert (answer.status, answer.user) == (401, None)
    logged = site.apache.logged(mark)
    assert 'a user of "ELSEWHERE", not of "EXAMPLE"; identity.local_domains' in logged, logged
    assert codes.code("NoLocalName") in codes.in_log(logged), logged


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_keys_of_other_mechanisms_are_ignored(site, scheme):
    answer, _ = log_in(site, "foreign-keys", scheme)
    assert (answer.status, answer.user) == (200, "EXAMPLE\\alice")
    refused(site, "foreign-keys", scheme=scheme)


def meaning(service):
    """The AV pairs of a client for this service; `None`: without a service."""

    def change(avs):
        others = [pair for pair in avs if pair[0] != messages.AV_TARGET_NAME]
        return others + ([(messages.AV_TARGET_NAME, messages.text(service))] if service else [])

    return {"change_avs": change}


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
@pytest.mark.parametrize(
    ("name", "own"), [("named", "localhost"), ("named-by-the-client", "127.0.0.1")]
)
def test_a_named_acceptor_accepts_clients_of_this_service(site, scheme, name, own):
    for service in (f"HTTP/{own}", f"http/{own.upper()}:{site.apache.port}", None):
        answer, _ = log_in(site, name, scheme, **meaning(service))
        assert (answer.status, answer.user) == (200, "EXAMPLE\\alice"), service
        answer, _ = log_in(site, name, scheme, password="wrong", **meaning(service))
        assert answer.status == 401
    for service in ("HTTP/other.example.test", f"cifs/{own}", f"HTTP/{own}.example.test"):
        mark = site.apache.mark()
        answer, _ = log_in(site, name, scheme, **meaning(service))
        assert answer.status == 401, service
        assert codes.code("OtherService") in codes.in_log(site.apache.logged(mark))
        # Without a name, every service is accepted.
        answer, _ = log_in(site, "mech", scheme, **meaning(service))
        assert answer.status == 200, service


def test_the_client_is_told_that_the_login_lasts(site):
    assert log_in(site, "persistent")[1]["Persistent-Auth"] == "true"
    assert "Persistent-Auth" not in log_in(site, "silent")[1]


def test_an_error_page_can_use_the_code(site):
    headers = refused(site, "errors")
    assert int(headers["X-Minor"]) == codes.code("BadUserOrPassword")
    assert int(headers["X-Major"]) == UNAUTHORIZED
    assert headers["X-Error"] == "GSS ERROR"
    assert "[4e44" in headers["X-Text"]
    # The code does not tell whether the user exists.
    other = refused(site, "errors", user="nobody")["X-Text"]
    assert other.replace("nobody", "alice") == headers["X-Text"]


def test_errors_are_not_published_by_default(site):
    headers = refused(site, "silent")
    assert [headers[name] for name in ("X-Major", "X-Minor", "X-Text")] == ["(null)"] * 3


def test_attributes_are_published(site):
    answer, headers = log_in(site, "attributes")
    assert (headers["X-User"], headers["X-Domain"]) == ("alice", "EXAMPLE")
    assert '"user":' in headers["X-Json"]
