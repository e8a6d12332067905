"""Logins with the NT hashes of an OpenLDAP directory, without any domain."""

import base64
import time

import clients
import directory_server
import firefox
import pytest
from checking import check
from lab import apache as lab_apache
from lab import mech
from one_login import LOOKED_AT, attempt, refused

ALICE = "EXAMPLE\\alice"


@pytest.fixture
def site_with(library, slapd, make_site):
    """Makes a site with the directory and these settings."""

    def make(more="", after="", **keys):
        mechanism = directory_server.mechanism(library, slapd, more=more, **keys)
        return make_site(mechanism, after=after)

    return make


@pytest.mark.parametrize("client", [*clients.ALL, pytest.param(firefox.log_in, id="firefox")])
def test_clients_log_in(directory_site, client):
    status, page = client(directory_site, ALICE, directory_site.passwords["alice"])
    assert (status, page["user"]) == (200, ALICE)
    assert client(directory_site, ALICE, "wrong-password") == (401, {})


def test_a_login_is_one_search_on_an_open_connection(site_with, slapd):
    site = site_with()
    assert attempt(site) == (200, ALICE, [])
    searches, connections = slapd.searches(), slapd.connections()
    for user in ("alice", "bob", "jürgen", "alice"):
        assert attempt(site, user) == (200, f"EXAMPLE\\{user}", [])
    assert slapd.searches() == searches + 4
    assert slapd.connections() == connections


def test_names(directory_site):
    for user, typed in [
        ("alice", "EXAMPLE"),
        ("ALICE", "example"),
        ("Alice", ""),
        ("alice", "Example.Test"),
        ("alice@example.test", ""),
    ]:
        password = directory_site.passwords["alice"]
        assert attempt(directory_site, user, password, domain=typed) == (200, ALICE, []), user


@pytest.mark.parametrize("user", ["unknown", "*", "ali*", "alice)(uid=*", "a\\2a", "alice "])
def test_unknown_and_hostile_names(directory_site, user):
    password = directory_site.passwords["alice"]
    seen = attempt(directory_site, user, password)
    assert seen in (refused("BadUserOrPassword"), refused("ImpossibleName"))


def test_another_domain(directory_site):
    password = directory_site.passwords["alice"]
    seen = attempt(directory_site, "alice", password, domain="OTHER")
    assert seen == refused("UnknownDomain")


def test_an_ambiguous_name(directory_site):
    seen = attempt(directory_site, "twice", directory_server.password("twice"))
    assert seen == refused("BadUserOrPassword")
    assert "several entries of the directory" in directory_site.apache.logged()


@pytest.mark.parametrize("user", directory_server.CLOSED)
def test_closed_accounts(directory_site, user):
    _line, code = directory_server.CLOSED[user]
    right = directory_server.password(user)
    assert attempt(directory_site, user, right) == refused(code)
    assert attempt(directory_site, user, "wrong-password") == refused("BadUserOrPassword")


@pytest.mark.parametrize("keys", [{"groups": "member-of"}, {"groups": "search"}])
def test_groups_in_the_policy_and_in_apache(site_with, keys):
    site = site_with("[policy]\ngroups = ['Staff']\n", **keys)
    assert attempt(site) == (200, ALICE, [])
    assert attempt(site, "bob") == refused("NotInGroup")
    apache = site_with(after=(mech.ROOT / "examples" / "groups.conf").read_text(), **keys)
    assert attempt(apache) == (200, ALICE, [])
    assert attempt(apache, "bob")[0] == 403


@pytest.mark.parametrize("keys", [{"groups": "member-of"}, {"groups": "search"}])
def test_nested_groups_and_a_circle(site_with, keys):
    policy = "[policy]\ngroups = ['Outer']\n"
    flat = site_with(policy, **keys)
    assert attempt(flat) == refused("NotInGroup")
    nested = site_with(policy, nested_groups=True, **keys)
    assert attempt(nested) == (200, ALICE, [])
    assert attempt(nested, "bob") == refused("NotInGroup")


def test_the_schema_of_free_ipa(site_with, slapd):
    hash_ = base64.b64encode(bytes.fromhex(directory_server.nt_hash("bob"))).decode()
    dn = f"uid=ipa,{directory_server.PEOPLE}"
    person = "objectClass: inetOrgPerson\nobjectClass: ipaNTUserAttrs\ncn: ipa\nsn: ipa\nuid: ipa"
    entry = f"dn: {dn}\n{person}\nipaNTHash:: {hash_}"
    slapd.change("ldapadd", entry)
    site = site_with(schema="freeipa")
    password = directory_server.password("bob")
    assert attempt(site, "ipa", password) == (200, "EXAMPLE\\ipa", [])
    assert attempt(site, "ipa", "wrong-password") == refused("BadUserOrPassword")
    lock = f"dn: {dn}\nchangetype: modify\nreplace: nsAccountLock\nnsAccountLock: TRUE"
    slapd.change("ldapmodify", lock)
    assert attempt(site, "ipa", password) == refused("AccountDisabled")


def test_starttls_and_a_pinned_certificate(site_with, slapd):
    server = [f"127.0.0.1:{slapd.starttls_port}"]
    pin = slapd.fingerprint()
    site = site_with(servers=server, tls="starttls", authorities=None, certificate=pin)
    assert attempt(site) == (200, ALICE, [])
    other = site_with(authorities=None, certificate=":".join(["00"] * 32))
    assert attempt(other) == refused("DirectoryUntrusted")
    assert pin in other.apache.logged()


def test_other_authorities_are_refused(site_with):
    host = site_with(authorities=None)
    assert attempt(host) == refused("DirectoryUntrusted")
    # Without TLS on that port there is no login, and no password goes out.
    plain = site_with(tls="starttls", call_timeout="1s", budget="2s")
    assert attempt(plain)[:2] == (401, None)
    other = site_with()
    other.mechanism.rewrite("authorities", lab_apache.certificate().split("-----BEGIN PRIVATE")[0])
    assert attempt(other) == refused("DirectoryUntrusted")


def test_the_services_own_password(site_with):
    site = site_with()
    site.mechanism.rewrite("bind_secret", "wrong\n")
    assert attempt(site) == refused("DirectoryRefused")
    assert "InvalidCredentials" in site.apache.logged()
    (site.mechanism.directory / "bind_secret").chmod(0o644)
    time.sleep(LOOKED_AT)
    assert attempt(site) == refused("DirectoryFileUnusable")


def test_a_directory_that_goes_and_comes_back(site_with, slapd):
    site = site_with()
    assert attempt(site) == (200, ALICE, [])
    slapd.stop()
    try:
        assert attempt(site) == refused("DirectoryUnreachable")
        # A user is not unknown because the directory is away.
        assert attempt(site, "unknown", "x") == refused("DirectoryUnreachable")
    finally:
        slapd.start()
    # At most two pauses, of one second and of two.
    time.sleep(3)
    assert attempt(site) == (200, ALICE, [])


@pytest.fixture
def ids(library, slapd):
    """Runs check with these settings. Returns what is wrong of the directory, and all."""

    def ids(*gone, **keys):
        mechanism = directory_server.mechanism(library, slapd, **keys)
        for name in gone:
            (mechanism.directory / name).unlink()
        checked = check(mech.tool(), mechanism)
        mechanism.close()
        return [one for one in checked.ids if one.startswith(("directory", "file"))], checked

    return ids


def test_what_check_finds(ids):
    seen, checked = ids()
    assert seen == []
    assert "the service reads NT hashes" in checked.good("directory")
    assert "no NT hash is readable without a login" in checked.good("directory")
    for keys, expected in [
        ({"servers": ["127.0.0.1:1"]}, "directory-silent"),
        ({"authorities": None}, "directory-untrusted"),
        ({"bind_dn": "cn=other,dc=example,dc=test"}, "directory-refused"),
        ({"base": "ou=nowhere,dc=example,dc=test"}, "directory-refused"),
        ({"base": directory_server.GROUPS}, "directory-without-hashes"),
    ]:
        assert ids(**keys)[0] == [expected]
    for name in ("bind_secret", "authorities"):
        assert ids(name)[0] == ["file-missing"]


def test_cures_about_the_base(ids):
    def cure(cause, **keys):
        found = ids(**keys)[1].of(cause)
        return found["what"], found["cure"]

    what, said = cure("directory-refused", base="ou=nowhere,dc=example,dc=test")
    assert "there is no entry ou=nowhere" in what and "base" in said
    assert "or correct `base`" in cure("directory-without-hashes", base=directory_server.GROUPS)[1]


def test_check_of_one_dead_server(ids, slapd):
    right = f"127.0.0.1:{slapd.port}"
    for servers, level in [(["127.0.0.1:1", right], "warning"), (["127.0.0.1:1"], "failure")]:
        assert ids(servers=servers)[1].of("directory-silent")["level"] == level


@pytest.mark.parametrize(
    ("policy", "level"), [("", "warning"), ("[policy]\ngroups = ['Staff']\n", "failure")]
)
def test_check_of_the_groups_base(ids, policy, level):
    assert ids(groups="search", more=policy)[0] == []
    wrong, checked = ids(groups="search", group_base="ou=nowhere,dc=example,dc=test", more=policy)
    assert wrong == ["directory-without-groups"]
    found = checked.of("directory-without-groups")
    assert found["level"] == level and "ou=nowhere" in found["what"]


def test_the_next_server_answers(site_with, slapd):
    gone = "127.0.0.1:1"
    site = site_with(servers=[gone, f"127.0.0.1:{slapd.port}"])
    assert attempt(site) == (200, ALICE, [])
