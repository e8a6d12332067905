"""One login with messages of `messages.py`, and its result."""

import codes
import wire

# Seconds until a changed file is in force: files are checked once a second.
LOOKED_AT = 1.2


def attempt(site, user="alice", password=None, **options):
    """A login, with the right password if none is given: (status, user, codes in the error log)."""
    mark = site.apache.mark()
    with wire.Connection(site) as connection:
        answer = connection.log_in(user, password or site.passwords[user], **options)
    return answer.status, answer.user, codes.in_log(site.apache.logged(mark))


def refused(*names):
    """The result of a login that is refused with these codes."""
    return (401, None, [codes.code(name) for name in names])
