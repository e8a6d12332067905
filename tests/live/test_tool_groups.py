"""`ntlmdc groups` against what a login says, and what it says where it cannot know."""

import json

import pytest
from lab import mech
from test_tool import log_in, run

# What both commands show of a user, in the same words.
SHARED = ("REMOTE_USER", "user", "domain", "dns-domain", "upn", "user-sid", "primary-group-sid")


@pytest.fixture(scope="session")
def tool():
    return mech.tool()


@pytest.fixture(scope="module")
def joined(library, controller):
    mechanism = mech.with_domain(library, controller)
    yield mechanism
    mechanism.close()


def groups(tool, mechanism, user):
    """The exit status, the fields of the report, and what was said besides."""
    words = ("groups", "--json", user)
    status, printed, errors = run(tool, *words, env=mechanism.environment)
    [section] = json.loads(printed) if printed else [{"fields": []}]
    return status, {row["name"]: row["value"] for row in section["fields"]}, errors


@pytest.mark.parametrize("user", ["alice", "bob", "jürgen", "gina"])
def test_the_groups_are_those_of_a_login(tool, joined, controller, user):
    """Nested groups, a primary group in place of Domain Users, and more groups than one answer of
    LSA has."""
    _, _, login = log_in(tool, joined, f"EXAMPLE\\{user}", controller.passwords[user])
    status, found, errors = groups(tool, joined, f"EXAMPLE\\{user}")
    assert status == 0, errors
    assert [found.get(name) for name in SHARED] == [login.get(name) for name in SHARED]
    for name in ("group-sids", "groups"):
        assert sorted(found[name]) == sorted(login[name])


def test_nested_groups_and_the_primary_group(tool, joined):
    _, alice, _ = groups(tool, joined, "EXAMPLE\\alice")
    expected = {"Staff", "Outer", "Whole Company", "Printers 2nd floor", "Künstler", "Domain Users"}
    assert set(alice["groups"]) == expected
    _, bob, _ = groups(tool, joined, "EXAMPLE\\bob")
    assert "Gold" in bob["groups"] and bob["primary-group-sid"][0] in bob["group-sids"]


@pytest.mark.parametrize(
    "spelling", ["alice", "example\\ALICE", "example.test/alice", "Alice@Example.test"]
)
def test_each_spelling_of_a_name(tool, joined, spelling):
    status, found, errors = groups(tool, joined, spelling)
    assert (status, found.get("REMOTE_USER")) == (0, "EXAMPLE\\alice"), errors


def test_a_principal_name_of_its_own(tool, joined, controller):
    controller.tool("user", "rename", "konrad", "--upn=The.Konrad@example.test")
    try:
        status, found, errors = groups(tool, joined, "the.konrad@example.test")
    finally:
        controller.tool("user", "rename", "konrad", "--upn=konrad@example.test")
    assert (status, found.get("REMOTE_USER")) == (0, "EXAMPLE\\konrad"), errors
    assert found["upn"] == ["The.Konrad@example.test"]
    assert groups(tool, joined, "the.konrad@example.test")[0] == 2


@pytest.mark.parametrize(
    "user",
    [
        *("zoe", "*", "ali*", "\\2a", "*()\\", "EXAMPLE\\*()\\", "alice)(objectClass=*"),
        *("WEB1-NTLM$", "Domain Users"),
    ],
)
def test_a_name_that_no_user_has(tool, joined, user):
    """What has a meaning in a filter of LDAP is a character of the name."""
    status, found, errors = groups(tool, joined, user)
    assert (status, found) == (2, {})
    assert "no user" in errors or "is neither example.test nor a domain that it trusts" in errors


@pytest.mark.parametrize(
    ("required", "status", "decision"),
    [
        (["Gold", "Whole Company"], 0, "would be let in by Whole Company"),
        (["Gold", "OTHER\\Staff"], 1, "would be refused: is in none of Gold, OTHER\\Staff"),
    ],
)
def test_what_the_policy_decides(tool, library, controller, required, status, decision):
    more = f"[policy]\ngroups = {json.dumps(required)}\n"
    mechanism = mech.with_domain(library, controller, more=more)
    try:
        found_status, found, _ = groups(tool, mechanism, "alice")
        assert (found_status, found["policy.groups"]) == (status, decision)
        password = controller.passwords["alice"]
        assert log_in(tool, mechanism, "EXAMPLE\\alice", password)[0] == status
    finally:
        mechanism.close()


def test_a_user_who_is_disabled(tool, joined):
    status, found, _ = groups(tool, joined, "EXAMPLE\\dora")
    assert (status, found["login"]) == (1, "the account is disabled")
    assert found["groups"] == ["Domain Users"]


def test_a_user_of_the_users_file(tool, library):
    users = mech.with_users(library)
    try:
        status, found, _ = groups(tool, users, "carol")
        assert status == 0 and "its users are in no groups" in found["found in"]
        assert found["user"] == ["carol"] and "groups" not in found
        status, _, errors = groups(tool, users, "zoe")
        assert status == 2 and 'no user "zoe" in the users file' in errors
    finally:
        users.close()


def test_a_controller_that_cannot_be_asked(tool, library, controller):
    for options, said in [
        ({"controllers": ["127.0.0.9"]}, "127.0.0.9: LDAP, port 389: no connection"),
        ({"secret": "not-its-password"}, "LDAP as WEB1-NTLM$: the login is refused"),
    ]:
        mechanism = mech.with_domain(library, controller, **options)
        status, found, errors = groups(tool, mechanism, "alice")
        mechanism.close()
        assert (status, found) == (2, {})
        assert said in errors and "`sudo ntlmdc check`" in errors
    # The second controller is asked where the first one is down.
    both = {"controllers": ["127.0.0.9", controller.address]}
    mechanism = mech.with_domain(library, controller, **both)
    assert groups(tool, mechanism, "alice")[0] == 0
    mechanism.close()
