"""The shipped recipes for Apache that do not use groups."""

import re

import clients
import codes
import pytest
import recipes
import wire
from lab import mech
from lab.apache import certificate

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")

ALICE = "EXAMPLE\\alice"

# curl's options for another source address.
FROM_ELSEWHERE = ("--interface", "127.0.0.9")

PREFLIGHT = {"Origin": "https://other.example", "Access-Control-Request-Method": "PUT"}


def ask(site, headers=(), method="GET", path="/"):
    """One request without a login: (status, user)."""
    with wire.Connection(site, headers=headers) as connection:
        answer = connection.send(method=method, path=path)
    return answer.status, answer.user


def offered(site):
    """The schemes that a response offers."""
    with wire.Connection(site) as connection:
        answer = connection.send()
    assert answer.status == 401
    fields = [value for name, value in answer.headers if name == "WWW-Authenticate"]
    return {value.split()[0] for value in fields}


def basic(site, user, password):
    """curl with Basic: (status, user)."""
    status, page = clients.curl(site, user, password, "--basic", "--no-ntlm")
    return status, page.get("user")


@pytest.fixture(scope="module", params=["users", "netlogon"])
def mechanism(request, library):
    if request.param == "users":
        return mech.with_users(library)
    return mech.with_domain(library, request.getfixturevalue("controller"))


def test_basic_on_tls_only(mechanism, make_site, tmp_path):
    pem = tmp_path / "www.pem"
    pem.write_text(certificate())
    text = recipes.example("basic.conf")
    password = mechanism.passwords["alice"]

    plain = make_site(mechanism, after=text)
    assert offered(plain) == {"NTLM", "Negotiate"}
    mark = plain.apache.mark()
    assert basic(plain, "EXAMPLE\\alice", password) == (401, None)
    assert "accepted" not in plain.apache.logged(mark)
    assert clients.curl(plain, "EXAMPLE\\alice", password)[0] == 200

    tls = make_site(mechanism, after=text, certificate=pem)
    assert offered(tls) == {"NTLM", "Negotiate", "Basic"}
    for typed in ("EXAMPLE\\alice", "alice", "alice@example.test"):
        assert basic(tls, typed, password) == (200, ALICE), typed
    assert basic(tls, "alice", "wrong-password") == (401, None)
    for client in (clients.curl, clients.requests_client):
        status, page = client(tls, "EXAMPLE\\alice", password)
        assert (status, page.get("user")) == (200, ALICE), client


def test_a_basic_login_holds_for_its_request_only(library, make_site, tmp_path):
    """Basic is no login of the connection, unlike NTLM."""
    pem = tmp_path / "www.pem"
    pem.write_text(certificate())
    site = make_site(mech.with_users(library), after=recipes.example("basic.conf"), certificate=pem)
    own = {"Authorization": "Basic " + "YWxpY2U6QWxpY2VzLVBhc3N3MHJk"}
    with wire.Connection(site) as connection:
        connection.headers = own
        assert connection.send().user == ALICE
        connection.headers = {}
        assert connection.send().status == 401


def exceptions():
    text = recipes.example("exceptions.conf")
    return recipes.change(text, ("192.0.2.7", "127.0.0.9"))


def test_exceptions(library, make_site):
    more = recipes.modules("authz_host")
    site = make_site(mech.with_users(library), more=more, after=exceptions())
    password = site.passwords["alice"]

    # All other requests need a login.
    assert ask(site) == (401, None)
    assert ask(site, path="/api/") == (401, None)
    assert clients.curl(site, "EXAMPLE\\alice", password)[1]["user"] == ALICE

    # By address.
    answer = clients.run("curl", "-sS", *FROM_ELSEWHERE, site.apache.url).stdout
    assert clients.page(answer)["user"] == ""
    assert clients.page(clients.run("curl", "-sS", site.apache.url).stdout) == {}

    # CORS: only the preflight request.
    for path in ("/", "/api/"):
        assert ask(site, PREFLIGHT, "OPTIONS", path) == (200, "")
        assert ask(site, PREFLIGHT, "GET", path) == (401, None)
        assert ask(site, {}, "OPTIONS", path) == (401, None)
        for half in PREFLIGHT:
            assert ask(site, {half: PREFLIGHT[half]}, "OPTIONS", path) == (401, None)

    # Tokens that the application checks.
    token = {"Authorization": "Bearer abc.def.ghi"}
    assert ask(site, token, "POST", "/api/") == (200, "")
    assert ask(site, token, "POST", "/") == (401, None)
    for other in ("Bearer ", "Bearerabc", "Basic Bearer x", "NTLM Bearer x"):
        assert ask(site, {"Authorization": other}, "GET", "/api/")[0] == 401, other
    with wire.Connection(site) as connection:
        assert connection.log_in("alice", password, "/api/").user == ALICE


# A word of the sentence for each code.
TOLD = {
    "lukas": "locked",
    "edward": "expired. Change",
    "mia": "of your own",
    "xaver": "account has expired",
    "dora": "Log in",
    "alice": "Log in",
    "nobody": "Log in",
}


def login_failed():
    text = recipes.example("login-failed.conf")
    return recipes.change(text, ("/etc/apache2", recipes.served()))


def told(answer):
    """The one sentence of the page."""
    assert answer.status == 401, answer
    [text] = re.findall(r"<p>(.*)", answer.body.decode())
    return text


def test_the_page_depends_on_the_code(library, controller, make_site):
    mechanism = mech.with_domain(library, controller)
    site = make_site(mechanism, more=recipes.modules("include"), after=login_failed())
    with wire.Connection(site) as connection:
        assert "Log in" in told(connection.send())
    for user, words in TOLD.items():
        password = site.passwords[user] if user in site.passwords else "whatever"
        with wire.Connection(site) as connection:
            answer = connection.log_in(user, password if user != "alice" else "wrong-password")
            page = told(answer)
            assert words in page, (user, answer)
            assert "STATUS_" not in answer.body.decode() and "4e44" not in answer.body.decode()
            # Another attempt is possible.
            assert connection.log_in("alice", site.passwords["alice"]).user == ALICE
        if user in ("edward", "mia", "xaver"):
            with wire.Connection(site) as connection:
                assert "Log in" in told(connection.log_in(user, "not-the-password")), user
    assert len(set(TOLD.values())) == 5


def test_the_page_names_the_codes_of_the_header():
    page = recipes.example("login-failed.shtml")
    named = {int(number) for number in re.findall(r"== '(\d+)'", page)}
    names = ("AccountLockedOut", "PasswordExpired", "PasswordMustChange", "AccountExpired")
    assert named == {codes.code(name) for name in names}
