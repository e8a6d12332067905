"""Attributes of a user in the directives of mod_auth_gssapi."""

import messages
import pytest
import wire
from lab import mech

REQUIRED = """
<Location "/">
    AuthType GSSAPI
    AuthName "Windows login"
    GssapiConnectionBound On
    GssapiAllowedMech ntlmssp
    GssapiRequiredNameAttributes "{0}"
    Require valid-user
</Location>
"""


@pytest.mark.parametrize(
    "required, status",
    [
        ("user=alice", 200),
        ("domain=EXAMPLE", 200),
        ("user=bob", 403),
        # The user's name is a prefix of this value.
        ("user=alice-admin", 403),
        ("domain=EXAMPLE2", 403),
    ],
)
def test_a_required_attribute_is_compared_whole(library, make_site, required, status):
    site = make_site(mech.with_users(library), after=REQUIRED.format(required))
    with wire.Connection(site) as connection:
        assert connection.log_in("alice", site.passwords["alice"]).status == status


@pytest.mark.parametrize(
    ("name", "logged"),
    [
        # No account has control characters in its name.
        ('x"\nntlmdc: accepted "root', "refused: "),
        ('x" accepted "root', r'user="x\u{22} accepted \u{22}root"'),
        ("x\u2028y\u202e", r'user="x\u{2028}y\u{202e}"'),
    ],
)
def test_a_client_cannot_inject_lines_into_the_log(users_site, name, logged):
    mark = users_site.apache.mark()
    with wire.Connection(users_site) as connection:
        negotiate = messages.negotiate()
        challenge = connection.challenge(negotiate)
        answer = messages.respond(challenge, name, "pw")
        assert connection.send(answer.pack(negotiate, challenge.raw)).status == 401
    lines = users_site.apache.logged(mark).splitlines()
    assert not [line for line in lines if line.startswith("ntlmdc: accepted")]
    assert [line for line in lines if line.startswith("ntlmdc: ") and logged in line]
