"""Changes of the users file, and both verifiers in one configuration."""

import time

import pytest
from lab import mech
from one_login import LOOKED_AT, attempt, refused


@pytest.fixture
def own_site(library, make_site):
    """A site with a users file of its own."""
    return make_site(mech.with_users(library))


def test_an_added_user_is_accepted(own_site):
    assert attempt(own_site, "dave", "Daves-Passw0rd") == refused("BadUserOrPassword")
    own_site.mechanism.rewrite("users", mech.users_file() + "EXAMPLE:dave:Daves-Passw0rd\n")
    time.sleep(LOOKED_AT)
    assert attempt(own_site, "dave", "Daves-Passw0rd") == (200, "EXAMPLE\\dave", [])


def test_a_removed_user_is_refused(own_site):
    password = own_site.passwords["bob"]
    assert attempt(own_site, "bob", password) == (200, "EXAMPLE\\bob", [])
    lines = mech.users_file().splitlines(keepends=True)
    own_site.mechanism.rewrite("users", "".join(line for line in lines if ":bob:" not in line))
    time.sleep(LOOKED_AT)
    assert attempt(own_site, "bob", password) == refused("BadUserOrPassword")


def test_a_changed_password(own_site):
    text = mech.users_file().replace(own_site.passwords["bob"], "Bobs-new-Passw0rd")
    own_site.mechanism.rewrite("users", text)
    time.sleep(LOOKED_AT)
    assert attempt(own_site, "bob", own_site.passwords["bob"]) == refused("BadUserOrPassword")
    assert attempt(own_site, "bob", "Bobs-new-Passw0rd") == (200, "EXAMPLE\\bob", [])


def test_a_world_readable_file_is_not_used(own_site):
    alice = ("alice", own_site.passwords["alice"])
    (own_site.mechanism.directory / "users").chmod(0o644)
    time.sleep(LOOKED_AT)
    assert attempt(own_site, *alice) == refused("UsersFileUnusable")
    (own_site.mechanism.directory / "users").chmod(0o640)
    assert attempt(own_site, *alice) == (200, "EXAMPLE\\alice", [])


def test_a_world_readable_secret_is_not_used(library, controller, make_site):
    mechanism = mech.with_domain(library, controller)
    (mechanism.directory / "secret").chmod(0o644)
    site = make_site(mechanism)
    assert attempt(site, "alice", site.passwords["alice"]) == refused("SecretFileUnusable")


def test_local_users_beside_those_of_the_domain(library, controller, make_site):
    local = "EXAMPLE:local:Locals-Passw0rd\n"
    site = make_site(mech.with_domain(library, controller, users=local))
    assert attempt(site, "local", "Locals-Passw0rd") == (200, "EXAMPLE\\local", [])
    assert attempt(site, "alice", site.passwords["alice"]) == (200, "EXAMPLE\\alice", [])
    assert attempt(site, "local", "not-the-password") == refused("BadUserOrPassword")
    assert attempt(site, "nobody", "whatever") == refused("BadUserOrPassword")
