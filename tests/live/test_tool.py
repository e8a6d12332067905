"""`ntlmdc login` with a real controller, and `ntlmdc decode` on what curl and Apache say."""

import base64
import json
import re
import subprocess

import pytest
from lab import host, mech
from one_login import attempt


@pytest.fixture(scope="session")
def tool():
    return mech.tool()


@pytest.fixture(scope="module")
def joined(library, controller):
    mechanism = mech.with_domain(library, controller)
    yield mechanism
    mechanism.close()


def run(tool, *words, given="", env=None):
    """The exit status and what was printed: the errors after the rest."""
    done = subprocess.run(
        host.bound([tool, *words]), input=given, env=env, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def log_in(tool, mechanism, user, password):
    """The exit status, and the first section of the report: its title and its fields."""
    status, section, _time = report(tool, mechanism, user, password)
    return status, section["title"], {row["name"]: row["value"] for row in section["fields"]}


def report(tool, mechanism, user, password):
    """The exit status, and the two sections of the report."""
    words = ("login", "--json", "--password-file", "-", user)
    status, printed, errors = run(tool, *words, given=password + "\n", env=mechanism.environment)
    assert printed, errors
    section, time = json.loads(printed)
    return status, section, time


def test_a_right_password(tool, joined, controller):
    status, title, fields = log_in(tool, joined, "EXAMPLE\\alice", controller.passwords["alice"])
    assert (status, title, fields["REMOTE_USER"]) == (0, "accepted", "EXAMPLE\\alice")
    assert "Domain Users" in fields["groups"]
    assert fields["user-sid"][0].startswith("S-1-5-21-")


def test_what_took_how_long(tool, library, controller):
    """Step by step, and where."""
    mechanism = mech.with_domain(library, controller)
    password = controller.passwords["alice"]
    try:
        status, _section, first = report(tool, mechanism, "EXAMPLE\\alice", password)
        _status, _section, refused = report(tool, mechanism, "EXAMPLE\\alice", "wrong-password")
    finally:
        mechanism.close()
    assert (status, first["title"], refused["title"]) == (0, "time", "time")
    names = [row["name"] for row in first["fields"]]
    steps = [
        "finding a controller",
        "connecting",
        "asking for the port of the service",
        "agreeing on a session key",
        "opening the sealed channel",
        "asking about the login",
        "asking what groups are called",
    ]
    assert [name for name in names if name in steps] == steps, names
    assert names[-2:] == ["all else", "total"]
    for row in first["fields"]:
        if row["name"] in steps[1:]:
            assert controller.address in row["note"], row
    assert all(float(row["value"].removesuffix(" ms")) >= 0 for row in first["fields"]), first
    # The second process finds the key of the first; a refused login has no groups.
    names = [row["name"] for row in refused["fields"]]
    assert "asking about the login" in names, names
    assert not {"agreeing on a session key", "asking what groups are called"} & set(names), names


def test_a_wrong_password(tool, joined):
    status, title, fields = log_in(tool, joined, "EXAMPLE\\alice", "wrong-password")
    assert (status, title) == (1, "refused")
    assert fields["code"] == "4e440401 BadUserOrPassword"
    assert "STATUS_WRONG_PASSWORD" in fields["reason"]


def test_the_servers_files_stay_the_servers(tool, library, controller):
    """Root runs the tool; what it leaves in the state directory, Apache's children can use."""
    mechanism = mech.with_domain(library, controller)
    try:
        assert log_in(tool, mechanism, "alice", controller.passwords["alice"])[0] == 0
        left = list((mechanism.directory / "state").iterdir())
        assert left and {path.owner() for path in left} == {"www-data"}
    finally:
        mechanism.close()


def test_a_configuration_that_cannot_be_used(tool, joined):
    env = joined.environment | {"NTLMDC_CONFIG": "/nonexistent.toml"}
    words = ("login", "--password-file", "-", "alice")
    status, printed, errors = run(tool, *words, given="x\n", env=env)
    assert (status, printed) == (2, "")
    assert "/nonexistent.toml: No such file or directory" in errors


def test_what_is_logged_comes_after_the_result(tool, joined):
    words = host.bound([tool, "login", "--password-file", "-", "EXAMPLE\\alice"])
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    env = joined.environment
    done = subprocess.run(words, input="wrong-password\n", env=env, text=True, timeout=60, **both)
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[0]) == (1, "refused")
    logged = [number for number, line in enumerate(lines) if line.startswith("ntlmdc: ")]
    assert logged and logged[0] > 3 and logged[-1] == len(lines) - 1, lines


PAGE = (mech.ROOT / "docs" / "tool.md").read_text()
NETRC = re.search(r"^machine web1 .*$", PAGE, re.M).group()


def printed_by_curl(site, path):
    """What the curl of the page prints of a login."""
    line = NETRC.replace("web1", "127.0.0.1").replace("the-password", site.passwords["alice"])
    path.write_text(line + "\n")
    [command] = re.findall(r"^(curl -sv .*) \| ntlmdc decode$", PAGE, re.M)
    command = command.replace("http://web1/", site.apache.url).replace("login.netrc", str(path))
    words = host.bound(["sh", "-c", command])
    return subprocess.run(words, capture_output=True, text=True, timeout=60).stdout


def test_the_tokens_of_a_real_login(tool, library, make_site, tmp_path):
    site = make_site(mech.with_users(library))
    password = site.passwords["alice"]
    said = printed_by_curl(site, tmp_path / "login.netrc")
    tokens = re.findall(r"NTLM (TlRM\S+)", said)
    assert len(tokens) == 3
    status, printed, _errors = run(tool, "decode", "-f", "-", given=said)
    titles = re.findall(r"^(\w+_MESSAGE)", printed, re.M)
    assert (status, titles) == (
        0,
        ["NEGOTIATE_MESSAGE", "CHALLENGE_MESSAGE", "AUTHENTICATE_MESSAGE"],
    )
    assert re.search(r"^  status +HTTP/1.1 200 OK$", printed, re.M)
    assert re.search(r"^  login +accepted$", printed, re.M)
    # The response is what passwords are guessed from.
    assert base64.b64decode(tokens[2])[64:72].hex() not in printed
    words = ("decode", "--json", "--password-stdin", *tokens)
    for given, proof in ((password, True), ("wrong-password", False)):
        status, printed, errors = run(tool, *words, given=given + "\n")
        rows = {row["name"]: row for row in json.loads(printed)[-1]["fields"]}
        assert rows["NTProofStr"]["right"] is proof, errors
        assert status == (0 if proof else 1)


def test_a_code_of_the_log_is_explained(tool, library, make_site):
    site = make_site(mech.with_users(library))
    mark = site.apache.mark()
    attempt(site, "alice", "wrong-password", domain="EXAMPLE")
    [line] = [line for line in site.apache.logged(mark).splitlines() if "ntlmdc: refused" in line]
    status, printed, _errors = run(tool, "explain", line)
    assert status == 0 and printed.startswith("4e440401 BadUserOrPassword")


def test_each_code_of_a_log_is_explained_once(tool):
    lines = "refused: [4e440405]\nrefused: [4e440401]\nrefused: [4e440405]\n"
    status, printed, _errors = run(tool, "explain", "--json", "-", given=lines)
    titles = [section["title"] for section in json.loads(printed)]
    assert (status, titles) == (0, ["4e440405 PasswordExpired", "4e440401 BadUserOrPassword"])
    status, _printed, errors = run(tool, "explain", "-", given="no code\n" * 1000)
    assert status == 2 and len(errors) < 500
