"""Files of Windows Notepad: with a byte order mark, and lines that end with CR LF."""

import pytest
from lab import mech
from one_login import attempt, refused


def notepad(text):
    return "\ufeff" + text.replace("\n", "\r\n")


def test_users_file_and_configuration(library, make_site):
    mechanism = mech.with_users(library)
    # The mark precedes the first user.
    users = mech.users_file().partition("\n")[2]
    mechanism.rewrite("users", notepad(users))
    mechanism.rewrite("ntlmdc.toml", notepad(mechanism.configuration))
    site = make_site(mechanism)
    for user in site.passwords:
        assert attempt(site, user) == (200, f"EXAMPLE\\{user}", [])


def test_secret(library, controller, make_site):
    mechanism = mech.with_domain(library, controller, secret=notepad(f"{controller.secret}\n"))
    assert attempt(make_site(mechanism))[:2] == (200, "EXAMPLE\\alice")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_the_error_for_a_utf_16_secret_names_a_remedy(library, controller, make_site, encoding):
    mechanism = mech.with_domain(library, controller)
    secret = mechanism.directory / "secret"
    secret.write_bytes(controller.secret.encode(encoding))
    site = make_site(mechanism)
    mark = site.apache.mark()
    assert attempt(site) == refused("SecretFileUnusable")
    logged = site.apache.logged(mark)
    assert f"{secret}: " in logged and "iconv -f UTF-16" in logged
    # Corrected while Apache runs.
    mechanism.rewrite("secret", controller.secret)
    assert attempt(site, "bob")[0] == 200
