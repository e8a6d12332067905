"""Basic: Apache receives the password and logs in with it, as initiator and acceptor in one."""

import os
import re
import time

import clients
import codes
import messages
import pytest
import recipes
import wire
from lab import mech
from lab.apache import certificate
from lab.site import Site

_PROTECTED = """
<Location "{path}">
    AuthType GSSAPI
    AuthName "{path}"
    GssapiBasicAuth On
    GssapiBasicAuthMech ntlmssp
    {more}
    Require valid-user
</Location>
"""
LOCATIONS = _PROTECTED.format(path="/default", more="") + _PROTECTED.format(
    path="/named", more="GssapiAcceptorName HTTP@localhost"
)
_BASIC_BESIDE_NTLM = "GssapiConnectionBound On\nGssapiAllowedMech ntlmssp"
BESIDE_NTLM = _PROTECTED.format(path="/default", more=_BASIC_BESIDE_NTLM) + _PROTECTED.format(
    path="/named", more=f"{_BASIC_BESIDE_NTLM}\nGssapiAcceptorName HTTP@localhost"
)

# Rules that a client without a service name and without channel bindings does not meet.
STRICT = """
[policy]
channel_binding = "require"
tls_certificates = ["@/www.pem"]
spn = ["HTTP/www.example.test"]
[policy.audit]
mic = "require"
channel_binding = "require"
spn = ["HTTP/elsewhere.example.test"]
"""


@pytest.fixture(scope="module", params=["users", "netlogon"])
def basic_site(request, library):
    """A site with Basic below /default and /named."""
    if request.param == "users":
        mechanism = mech.with_users(library)
    else:
        mechanism = mech.with_domain(library, request.getfixturevalue("controller"))
    site = Site(mechanism, after=LOCATIONS)
    yield site
    site.close()


def log_in(site, path, user, password, *options):
    """curl with Basic: (status, user, the codes in the error log)."""
    mark = site.apache.mark()
    answer = clients.run(
        *("curl", "-sS", "--max-time", "60", "--basic", "--user", f"{user}:{password}", *options),
        *("--write-out", "\nstatus: %{http_code}\n", site.apache.url.rstrip("/") + path),
    ).stdout
    status = int(re.search(r"^status: (\d+)$", answer, re.MULTILINE)[1])
    return status, clients.page(answer).get("user"), codes.in_log(site.apache.logged(mark))


@pytest.fixture(params=["/default", "/named"])
def path(request):
    return request.param


@pytest.mark.parametrize(
    "typed",
    [
        "alice",
        "EXAMPLE\\alice",
        "EXAMPLE/alice",
        "alice@EXAMPLE",
        "alice@example.test",
        "ALICE",
    ],
)
def test_the_right_password(basic_site, path, typed):
    password = basic_site.passwords["alice"]
    assert log_in(basic_site, path, typed, password) == (200, "EXAMPLE\\alice", [])


def test_a_name_and_a_password_beyond_ascii(basic_site, path):
    password = basic_site.passwords["jürgen"]
    assert log_in(basic_site, path, "jürgen", password) == (200, "EXAMPLE\\jürgen", [])


@pytest.mark.parametrize(
    "typed", ["alice", "EXAMPLE\\alice", "EXAMPLE/alice", "alice@EXAMPLE", "nobody"]
)
def test_a_wrong_password_or_an_unknown_user(basic_site, path, typed):
    expected = (401, None, [codes.code("BadUserOrPassword")])
    assert log_in(basic_site, path, typed, "not-the-password") == expected


@pytest.mark.parametrize("typed", [".\\alice", "./alice"])
def test_a_dot_is_this_server(basic_site, path, typed, request):
    expected = {
        "users": (200, "EXAMPLE\\alice", []),
        "netlogon": (401, None, [codes.code("UnknownDomain")]),
    }
    seen = log_in(basic_site, path, typed, basic_site.passwords["alice"])
    assert seen == expected[request.node.callspec.params["basic_site"]]


def test_a_refusal_does_not_tell_whether_the_user_exists(basic_site, path):
    seen = []
    for user in ("alice", "nobody"):
        mark = basic_site.apache.mark()
        log_in(basic_site, path, user, "not-the-password")
        logged = codes.gssapi(basic_site.apache.logged(mark))
        assert f'user="{user}"' in logged
        seen.append(logged.replace(user, ""))
    assert seen[0] == seen[1]


def test_many_on_one_connection(basic_site, path):
    """Each request is a login, or one that Apache keeps for the connection."""
    password = basic_site.passwords["bob"]
    url = basic_site.apache.url.rstrip("/") + path
    answer = clients.run(
        *("curl", "-sS", "--basic", "--user", f"bob:{password}", "--max-time", "60"),
        *(url, url, "--next", "-sS", "--basic", "--user", f"bob:wrong-{password}", url),
    ).stdout
    assert re.findall(r"^user: (.*?)\r?$", answer, re.MULTILINE) == ["EXAMPLE\\bob"] * 2


@pytest.fixture(scope="module", params=["users", "netlogon"])
def strict_site(request, library):
    """A site with rules about channel and service, and with Basic beside NTLM."""
    options = {"more": STRICT, "files": {"www.pem": certificate()}}
    if request.param == "users":
        mechanism = mech.with_users(library, **options)
    else:
        controller = request.getfixturevalue("controller")
        mechanism = mech.with_domain(library, controller, **options)
    site = Site(mechanism, after=BESIDE_NTLM)
    yield site
    site.close()


def test_a_basic_login_meets_the_rules_about_channel_and_service(strict_site, path):
    password = strict_site.passwords["alice"]
    mark = strict_site.apache.mark()
    assert log_in(strict_site, path, "alice", password) == (200, "EXAMPLE\\alice", [])
    [line] = [line for line in strict_site.apache.logged(mark).splitlines() if "accepted" in line]
    assert "policy.audit" not in line, line
    wrong = (401, None, [codes.code("BadUserOrPassword")])
    assert log_in(strict_site, path, "alice", "not-the-password") == wrong


def test_no_client_can_pretend_to_be_a_basic_login(strict_site, path):
    """A client sends the names of Basic's own initiator while Basic logins run beside it."""
    password = strict_site.passwords["alice"]
    def says_the_same(avs):
        others = [pair for pair in avs if pair[0] != messages.AV_TARGET_NAME]
        return [*others, (messages.AV_TARGET_NAME, messages.text(f"host/{os.uname().nodename}"))]

    for change in (lambda avs: avs, says_the_same):
        with wire.Connection(strict_site) as connection:
            negotiate = messages.negotiate()
            challenge = messages.Challenge.parse(connection.send(negotiate, path=path).token)
            # On another connection, perhaps in the same child and thread.
            assert log_in(strict_site, path, "alice", password)[0] == 200
            answer = messages.respond(challenge, "alice", password, change_avs=change)
            token = answer.pack(negotiate, challenge.raw)
            mark = strict_site.apache.mark()
            assert connection.send(token, path=path).status == 401
            said = codes.in_log(strict_site.apache.logged(mark))
            # No channel bindings: sixteen zeros.
            assert said == [codes.code("MissingBindings")]


@pytest.mark.parametrize("timeout", [600, 1200])
def test_the_session_has_the_lifetime_of_the_ticket(library, make_site, timeout):
    lines = f"""GssapiBasicTicketTimeout {timeout}
        GssapiUseSessions On
        Session On
        SessionCookieName ntlm path=/;httponly
        Header always set X-Expires "%{{GSS_SESSION_EXPIRATION}}e"
        """
    modules = recipes.modules("session", "session_cookie")
    protected = _PROTECTED.format(path="/timed", more=lines)
    site = make_site(mech.with_users(library), after=modules + protected)
    url = site.apache.url.rstrip("/") + "/timed"
    user = f"alice:{site.passwords['alice']}"
    answer = clients.run("curl", "-sSi", "--basic", "--user", user, url).stdout
    expires = int(re.search(r"^X-Expires: (\d+)", answer, re.MULTILINE)[1])
    assert timeout - 30 <= expires - time.time() <= timeout + 1, answer
