"""The world of these tests: the mechanism with a users file, for servers other than Apache."""

import pathlib

import pytest

from lab import host, mech, spnego


@pytest.fixture(scope="session")
def library():
    return mech.library()


@pytest.fixture(scope="session")
def spnego_refusal(library):
    """What a client says when it logs in through this host's SPNEGO and wants protected messages;
    `None` where that works. A client's mechListMIC that is not found is not answered either."""
    return None if spnego.finds_mech_list_mic(library) else "Invalid token was supplied"


def pytest_terminal_summary(terminalreporter):
    spnego.report(terminalreporter)


@pytest.fixture(scope="session")
def mechanism(library):
    mechanism = mech.with_users(library)
    yield mechanism
    mechanism.close()


def peer():
    """The path of Debian's gss-ntlmssp."""
    found = sorted(pathlib.Path("/usr/lib").glob("*/gssntlmssp/gssntlmssp.so"))
    if not found:
        raise host.LabError("gss-ntlmssp is not installed: sudo ci/install test")
    return found[0]


@pytest.fixture(scope="session")
def sides(mechanism, tmp_path_factory):
    """What a program needs to use one mechanism or the other, as environments."""
    config = tmp_path_factory.mktemp("peer") / "mech.conf"
    config.write_text(f"ntlmssp {mech.OID} {peer()}\n")
    users = config.with_name("users")
    users.write_text(mech.users_file())
    theirs = {"GSS_MECH_CONFIG": str(config), "NTLM_USER_FILE": str(users)}
    # No Kerberos, whatever the host has.
    alone = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KRB5_CONFIG": "/dev/null"}
    return {"ours": alone | mechanism.environment, "gss-ntlmssp": alone | theirs}
