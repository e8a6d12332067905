"""One login by hand-made messages, and what came of it."""

import codes
import wire

# How long until a changed file is seen: they are looked at once a second.
LOOKED_AT = 1.2


def attempt(site, user="alice", password=None, **options):
    """A login, with the right password if none is given: (status, user, codes in the error log)."""
    mark = site.apache.mark()
    with wire.Connection(site) as connection:
        answer = connection.log_in(user, password or site.passwords[user], **options)
    return answer.status, answer.user, codes.in_log(site.apache.logged(mark))


def refused(*names):
    """What comes of a login that is refused with these codes."""
    return (401, None, [codes.code(name) for name in names])
