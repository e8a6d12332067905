"""Basic: Apache asks for the password itself and logs in with it, initiator and acceptor in one."""

import re

import clients
import codes
import pytest
from conftest import mech

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


@pytest.fixture(scope="module", params=["users", "netlogon"])
def basic_site(request, library):
    """A site where Basic is on, below /default and /named."""
    from conftest import Site

    if request.param == "users":
        mechanism = mech.with_users(library)
    else:
        mechanism = mech.with_domain(library, request.getfixturevalue("controller"))
    site = Site(mechanism, after=LOCATIONS)
    yield site
    site.close()


def log_in(site, path, user, password, *options):
    """curl with Basic: (status, who was let in, the codes in the error log)."""
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


def test_nobody_learns_which_users_exist(basic_site, path):
    seen = []
    for user in ("alice", "nobody"):
        mark = basic_site.apache.mark()
        log_in(basic_site, path, user, "not-the-password")
        seen.append(codes.gssapi(basic_site.apache.logged(mark)))
    assert seen[0] == seen[1]
    assert seen[0]


def test_many_on_one_connection(basic_site, path):
    """Each request is a login of its own, or one that Apache remembers for the connection."""
    password = basic_site.passwords["bob"]
    url = basic_site.apache.url.rstrip("/") + path
    answer = clients.run(
        *("curl", "-sS", "--basic", "--user", f"bob:{password}", "--max-time", "60"),
        *(url, url, "--next", "-sS", "--basic", "--user", f"bob:wrong-{password}", url),
    ).stdout
    assert re.findall(r"^user: (.*?)\r?$", answer, re.MULTILINE) == ["EXAMPLE\\bob"] * 2
