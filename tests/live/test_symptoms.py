"""docs/troubleshooting.md, from what a user sees to a command: each row, as printed."""

import re
import shlex

import clients
import pytest
import recipes
from lab import apache, mech
from test_tool import run

PAGE = (mech.ROOT / "docs" / "troubleshooting.md").read_text()
SECTION = PAGE.split("## One user is refused")[1].split("\n## ")[0]
STEPS = re.split(r"^\*\*\d\. .*", SECTION, flags=re.M)[1:]
ASK, LOG_IN = re.findall(r"^```sh\n(.*?)^```", SECTION, re.M | re.S)

# Whose login says so. `None`: alice's, with a wrong password.
USERS = {
    "accepted": "alice",
    "STATUS_WRONG_PASSWORD": None,
    "STATUS_NO_SUCH_USER": "zoe",
    "AccountLockedOut": "lukas",
    "PasswordExpired": "edward",
    "PasswordMustChange": "mia",
    "AccountDisabled": "dora",
    "AccountExpired": "xaver",
    "InvalidLogonHours": "hannah",
    "InvalidWorkstation": "walter",
    "AccountRestriction": "petra",
}


def rows(step):
    """The rows of a step's table: the text of each first cell."""
    table = [line for line in step.splitlines() if line.startswith("| ")][1:]
    return [line.split(" | ")[0].strip("| ") for line in table]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="module")
def joined(library, controller):
    mechanism = mech.with_domain(library, controller)
    yield mechanism
    mechanism.close()


@pytest.mark.parametrize("row", rows(STEPS[0]))
def test_what_the_tool_says_of_an_account(joined, row):
    says = quoted(row)
    user = USERS[says[-1]]
    sudo, ntlmdc, *words = shlex.split(ASK.replace("alice", user or "alice"))
    assert (sudo, ntlmdc) == ("sudo", "ntlmdc")
    password = joined.passwords.get(user, "wrong-password")
    _, printed, errors = run(
        mech.tool(), *words, "--password-file", "-", given=password + "\n", env=joined.environment
    )
    for text in says:
        assert re.search(rf"\b{text}\b", printed), printed + errors


def test_each_account_has_its_row():
    assert [quoted(row)[-1] for row in rows(STEPS[0])] == list(USERS)


def answers(site, password=None):
    """What the command of the page prints at this site: the answers' lines."""
    command = LOG_IN.replace("http://web1/", site.apache.url)
    command = command.replace("'EXAMPLE\\alice'", f"'EXAMPLE\\alice:{password or 'x'}'")
    words = [*shlex.split(command), "--max-time", "30"]
    return [line.strip() for line in clients.run(*words).stderr.splitlines() if line[:1] == "<"]


LOCATION = '<Location "/">\n{}\n</Location>\n'

# The configuration in which curl says so, by the beginning of the row.
SITES = {
    "`< HTTP/1.1 200` last": "",
    "`< HTTP/1.1 403`": LOCATION.format("AuthzSendForbiddenOnFailure On\nRequire user bob"),
    "`< HTTP/1.1 401`, and no": LOCATION.format("GssapiConnectionBound Off"),
    "`< Connection: close` after": "KeepAlive Off",
    "`< HTTP/1.1 401` twice": "",
}


def test_what_curl_says_of_the_way(library, make_site):
    table = rows(STEPS[1])
    assert len(table) == len(SITES)
    for row, (begins, more) in zip(table, SITES.items()):
        assert row.startswith(begins)
        site = make_site(mech.with_users(library), after=more)
        right = not row.endswith("twice")
        said = answers(site, site.passwords["alice"] if right else None)
        statuses = [line for line in said if line.startswith("< HTTP/1.1")]
        text = quoted(row)[0]
        assert any(line.startswith(text) for line in said), (row, said)
        offered = any(line.startswith("< WWW-Authenticate: NTLM") for line in said)
        assert offered is ("and no" not in row), (row, said)
        if row.endswith("last"):
            assert statuses[-1].startswith(text) and "200" not in statuses[0], said
        if row.endswith("first answer"):
            assert text in said[: said.index("<")], said
        if row.endswith("twice"):
            assert len([line for line in statuses if line.startswith(text)]) == 2, said


def test_what_curl_says_of_http_2(library, make_site):
    [row] = [row for row in rows(STEPS[2]) if "--http2" in row]
    command, says = quoted(row)
    mechanism = mech.with_users(library, files={"www.pem": apache.certificate()})
    pem = mechanism.directory / "www.pem"
    for protocols, seen in (("Protocols h2 http/1.1\n", True), ("", False)):
        more = recipes.modules("http2") + protocols
        site = make_site(mechanism, more=more, certificate=pem)
        words = shlex.split(command.replace("https://web1/", site.apache.url))
        said = clients.run(*words, "--insecure", "--max-time", "30").stdout
        assert said.startswith(says) is seen, said
