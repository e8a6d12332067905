"""Fixtures for servers other than Apache: the mechanism with a users file."""

import pathlib
import shutil

import pytest

from lab import host, mech, spnego


@pytest.fixture(scope="session")
def library():
    return mech.library()


@pytest.fixture(scope="session")
def spnego_refusal(library):
    """The error of a client that requests protected messages through this host's SPNEGO; `None`
    where that works. A server that does not find the client's mechListMIC sends none either."""
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
    """The environment of a program with either mechanism."""
    config = tmp_path_factory.mktemp("peer") / "mech.conf"
    config.write_text(f"ntlmssp {mech.OID} {peer()}\n")
    users = config.with_name("users")
    users.write_text(mech.users_file())
    theirs = {"GSS_MECH_CONFIG": str(config), "NTLM_USER_FILE": str(users)}
    # No Kerberos, whatever the configuration of the host.
    alone = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KRB5_CONFIG": "/dev/null"}
    return {"ours": alone | mechanism.environment, "gss-ntlmssp": alone | theirs}


@pytest.fixture(scope="session")
def tool(mechanism):
    """The tool, where the server's user may run it."""
    path = mechanism.directory / "ntlmdc"
    shutil.copyfile(mech.tool(), path)
    shutil.chown(path, "root", "www-data")
    path.chmod(0o750)
    return path
