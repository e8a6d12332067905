"""docs/apache.md: every line of its examples is run, and its claims on connections are tested."""

import http.client
import json
import re
import time

import clients
import pytest
import recipes
import wire
from lab import mech
from test_client_recipes import beyond, proxy_recipe

PAGE = (mech.ROOT / "docs" / "apache.md").read_text()

# (the users that the page says are accepted, the line).
LINES = [
    (who.split("lets in: "), line)
    for block in re.findall(r"^```apacheconf\n(.*?)^```", PAGE, re.M | re.S)
    for who, line in re.findall(r"^# (.*)\n(Require .*)$", block, re.M)
]
NAMES = [(who, line) for who, line in LINES if "|" not in who[1]]
GROUPS = [(who[1], line) for who, line in LINES if "|" in who[1]]

PROTECTED = """
<Location "{path}">
    AuthType GSSAPI
    AuthName "Windows login"
    GssapiConnectionBound On
    GssapiAllowedMech ntlmssp
    AuthzSendForbiddenOnFailure On
    {lines}
</Location>
"""


def places(lines):
    """A location for each of these lines: /0/, /1/ and so on."""
    return "".join(
        PROTECTED.format(path=f"/{number}/", lines=line) for number, line in enumerate(lines)
    )


def status(site, user, path="/"):
    with wire.Connection(site) as connection:
        return connection.log_in(user, site.passwords[user], path).status


def users_let_in(site, path):
    return {user for user in ("alice", "bob") if status(site, user, path) == 200}


def test_the_page_has_lines_of_each_kind():
    assert len(NAMES) >= 14 and len(GROUPS) >= 8
    assert len(LINES) == PAGE.count("\nRequire ")


@pytest.mark.parametrize("form", ["", "sam"])
def test_names_in_require_lines(library, make_site, form):
    rows = [(who[1], line) for who, line in NAMES if (who[0] != "") == (form != "")]
    assert rows
    more = f'[identity]\nformat = "{form}"\n' if form else ""
    site = make_site(mech.with_users(library, more), after=places(line for _, line in rows))
    for number, (who, line) in enumerate(rows):
        expected = set() if who == "no user" else set(who.split(", "))
        assert users_let_in(site, f"/{number}/") == expected, line


@pytest.mark.parametrize("one, kept_out", [(r"EXAMPLE\alice", False), (r"EXAMPLE\\alice", True)])
def test_require_not_user(library, make_site, one, kept_out):
    """As the page says, the form with one backslash excludes no user."""
    assert f"`Require not user {one}`" in PAGE
    rule = f"<RequireAll>\nRequire valid-user\nRequire not user {one}\n</RequireAll>"
    site = make_site(mech.with_users(library), after=places([rule]))
    assert users_let_in(site, "/0/") == ({"bob"} if kept_out else {"alice", "bob"})


def test_groups_in_require_lines(library, make_site):
    """Each pattern against lists of one group, which come in a header."""
    groups = "".join(
        f"""SetEnvIfExpr "req('X-Group') == '{number}'" """
        f'"NTLM_GROUPS=|Domain Users{escaped(group)}"\n'
        for number, group in enumerate(KNOWN)
    )
    groups += PROTECTED.format(path="/any/", lines="AuthType None\nRequire all granted")
    site = make_site(
        mech.with_users(library),
        more=recipes.modules("setenvif"),
        after=groups + places(f"AuthType None\n{line}" for _, line in GROUPS),
    )
    for which, group in enumerate(KNOWN):
        with wire.Connection(site, headers={"X-Group": str(which)}) as connection:
            page = connection.send(path="/any/").body.decode()
        assert f"groups: |Domain Users{group}\n" in page
    for number, (expected, line) in enumerate(GROUPS):
        let_in = [group for which, group in enumerate(KNOWN) if member(site, which, number)]
        assert sorted(let_in) == sorted(re.findall(r"\|[^|]+\|", expected)), line


KNOWN = (
    *("|Staff|", "|My Staff|", "|Staff-Admins|", "|Sta*|", "|Guests|", "|OTHERGuests|"),
    *(r"|OTHER\Guests|", r"|OTHER\\Guests|", "|OTHERxGuests|", "|Men's Choir|", "|Mens Choir|"),
)


def escaped(group):
    """The pattern for SetEnvIfExpr."""
    return group.replace("\\", "\\" * 4)


def member(site, group, place):
    with wire.Connection(site, headers={"X-Group": str(group)}) as connection:
        answer = connection.send(path=f"/{place}/")
    assert answer.status in (200, 401, 403), answer
    return answer.status == 200


def test_the_pattern_in_groups_conf_is_that_of_the_page():
    [pattern] = re.findall(r"'\*\|OTHER[^']*'", recipes.example("groups.conf"))
    assert [line for who, line in GROUPS if pattern in line and who == r"|OTHER\Guests|"]


def test_groups_in_the_configuration(library, make_site):
    """In single quotes, a backslash is literal. Users of a users file are in no group."""
    [section] = re.findall(r"^ *```toml\n(.*?)^ *```", PAGE, re.M | re.S)
    right = "\n".join(line.strip() for line in section.splitlines())
    site = make_site(mech.with_users(library, right + "\n"))
    mark = site.apache.mark()
    assert status(site, "alice") == 401
    assert "in none of the groups" in site.apache.logged(mark)
    wrong = make_site(mech.with_users(library, right.replace("'", '"') + "\n"))
    mark = wrong.apache.mark()
    assert status(wrong, "alice") == 401
    assert "in none of the groups" not in wrong.apache.logged(mark)


def test_required_attributes_in_base64(library, make_site):
    required = 'GssapiRequiredNameAttributes "user:={}"\n    Require valid-user'
    # alice and the NUL; without it; bob and the NUL, without padding.
    values = ("YWxpY2UA", "YWxpY2U", "Ym9iAA")
    site = make_site(
        mech.with_users(library), after=places(required.format(value) for value in values)
    )
    assert [users_let_in(site, f"/{n}/") for n in range(3)] == [{"alice"}, set(), set()]
    assert f'`"user:={values[0]}"`' in PAGE
    with pytest.raises(Exception, match="syntax error in"):
        make_site(mech.with_users(library), after=places([required.format("Ym9iAA==")]))


def test_the_names_beside_remote_user(library, make_site):
    tell = """
    Header always set X-GSS-Name right "expr=reqenv('GSS_NAME') == %{REMOTE_USER}"
    GssapiNameAttributes json
    Require valid-user
    """
    site = make_site(mech.with_users(library), after=places([tell]))
    with wire.Connection(site) as connection:
        answer = connection.log_in("alice", site.passwords["alice"], "/0/")
        assert ("X-GSS-Name", "right") in answer.headers
        [text] = re.findall(r"^json: (.*)$", answer.body.decode(), re.M)
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


@pytest.mark.parametrize(("length", "expected"), [(131_072, 200), (131_073, 500)])
def test_a_variable_longer_than_128_kib_keeps_a_cgi_program_from_starting(
    library, make_site, length, expected
):
    """With its name, the sign and the zero byte at the end."""
    name = "LONG"
    text = "x" * (length - len(f"{name}=") - 1)
    module = recipes.modules("env")
    site = make_site(mech.with_users(library), more=module, after=f'SetEnv {name} "{text}"\n')
    assert status(site, "alice") == expected


def test_a_connection_keeps_its_login_until_it_is_closed(library, make_site):
    site = make_site(
        mech.with_users(library, '[identity]\nlifetime = "1s"\n'),
        after="MaxKeepAliveRequests 3\nKeepAliveTimeout 60\n",
    )
    with wire.Connection(site) as connection:
        assert connection.log_in("alice", site.passwords["alice"]).status == 200
        time.sleep(2)
        assert connection.send().user == r"EXAMPLE\alice"
        assert connection.open
        # The connection is open after three requests; the fourth is the last.
        assert connection.send().user == r"EXAMPLE\alice"
        assert not connection.open
    status, page = clients.curl(site, r"EXAMPLE\alice", site.passwords["alice"])
    assert (status, page["user"]) == (200, r"EXAMPLE\alice")


def test_a_graceful_restart_ends_a_login(users_site):
    with wire.Connection(users_site) as connection:
        assert connection.log_in("alice", users_site.passwords["alice"]).status == 200
        users_site.apache.graceful()
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            for _ in range(600):
                time.sleep(0.1)
                connection.send()


@pytest.mark.parametrize("recipe", ["apache.conf", "kerberos.conf", "proxy.conf"])
def test_the_recipes_keep_connections_as_the_page_says(recipe):
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, re.M)
    assert [name for name, _ in rows] == ["KeepAliveTimeout", "MaxKeepAliveRequests"]
    for name, value in rows:
        assert f"\n{name} {value}\n" in recipes.example(recipe)


def via(proxy, url, *options):
    """curl through the proxy: (status, what the page says)."""
    answer = clients.run(
        *("curl", "-sS", "--max-time", "120", "--proxy", proxy.apache.url),
        *(*options, "--write-out", "\nstatus: %{http_code} %{http_connect}\n", url),
        env={"PATH": "/usr/bin:/bin", "KRB5_CONFIG": "/dev/null"},
    ).stdout
    return re.search(r"^status: (.*)$", answer, re.M)[1], clients.page(answer)


def test_a_proxy_that_asks_for_a_login(library, make_site):
    mechanism = mech.with_users(library)
    more = recipes.modules("proxy", "proxy_http", "proxy_connect")
    proxy = make_site(mechanism, more=more, after=proxy_recipe())
    password = mechanism.passwords["alice"]
    with beyond() as url:
        assert via(proxy, url) == ("407 000", {})
        for user in (r"EXAMPLE\alice", "alice"):
            login = ("--proxy-ntlm", "--proxy-user", f"{user}:{password}")
            assert via(proxy, url, *login) == ("200 000", {"user": "beyond"})
            assert via(proxy, url, "--proxytunnel", *login) == ("200 200", {"user": "beyond"})
        wrong = ("--proxy-ntlm", "--proxy-user", r"EXAMPLE\alice:wrong-password")
        assert via(proxy, url, *wrong) == ("407 000", {})
