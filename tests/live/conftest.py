"""Fixtures of the live tests: one domain and one Apache per verifier, shared by all tests."""

import contextlib
import functools
import pathlib

import directory_server
import pytest

from lab import domain, mech, newer_samba, spnego
from lab.joining import COMPUTER, JoiningHost
from lab.site import Site


def pytest_generate_tests(metafunc):
    """Tests marked `each_samba` run with this host's own Samba and with the newer one."""
    marked = metafunc.definition.get_closest_marker("each_samba")
    if marked and "controller" in metafunc.fixturenames:
        metafunc.parametrize("controller", newer_samba.kinds(), indirect=True, scope="session")


def pytest_collection_modifyitems(config, items):
    """Deselects the tests of the newer Samba where it is left out; the summary says so."""
    if newer_samba.left_out():
        out = [item for item in items if "newer_controller" in item.fixturenames]
        items[:] = [item for item in items if item not in out]
        config.hook.pytest_deselected(items=out)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"newer Samba: {newer_samba.described()}")
    spnego.report(terminalreporter)


@pytest.fixture(scope="session")
def library():
    return mech.library()


@pytest.fixture(scope="session")
def finds_mech_list_mic(library):
    """Whether this host's SPNEGO finds a mechListMIC. The tests expect either behaviour."""
    return spnego.finds_mech_list_mic(library)


@pytest.fixture(scope="session")
def controller_of():
    """The domain's controller by the kind of its Samba, one for all tests of that kind."""
    with contextlib.ExitStack() as made:

        @functools.cache
        def on_root(root):
            return made.enter_context(domain.Domain(root=root))

        yield lambda kind: on_root(newer_samba.root(kind))


@pytest.fixture(scope="session")
def controller(request, controller_of):
    return controller_of(getattr(request, "param", newer_samba.HOST))


@pytest.fixture(scope="session")
def newer_controller(controller_of):
    return controller_of(newer_samba.NEWER)


@pytest.fixture(scope="session")
def tool():
    return mech.tool()


@pytest.fixture
def joining(tool, controller):
    """A host that has not joined. The account that it makes is deleted afterwards."""
    joining = JoiningHost(tool, controller)
    yield joining
    joining.close()
    if controller.entry(COMPUTER):
        controller.tool("computer", "delete", COMPUTER)


@pytest.fixture(scope="session")
def users_site(library):
    site = Site(mech.with_users(library))
    yield site
    site.close()


@pytest.fixture(scope="session")
def netlogon_site(library, controller):
    site = Site(mech.with_domain(library, controller))
    yield site
    site.close()


@pytest.fixture(scope="session")
def slapd():
    """OpenLDAP's slapd with NT hashes."""
    server = directory_server.DirectoryServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def directory_site(library, slapd):
    site = Site(directory_server.mechanism(library, slapd))
    yield site
    site.close()


@pytest.fixture(scope="session")
def relay_site(library, controller):
    site = Site(mech.with_relay(library, controller))
    yield site
    site.close()


@pytest.fixture(params=["users", "netlogon"])
def site(request):
    """Each verifier in turn."""
    return request.getfixturevalue(f"{request.param}_site")


@pytest.fixture
def make_site():
    """Makes further sites, for one test; the options are those of `apache.Apache`."""
    made = []

    def make(mechanism, **options):
        made.append(Site(mechanism, **options))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture(params=["ours", "gss-ntlmssp"])
def initiator(request):
    """The library of the initiator: each mechanism in turn."""
    if request.param == "ours":
        return request.getfixturevalue("library")
    [found] = pathlib.Path("/usr/lib").glob("*/gssntlmssp/gssntlmssp.so")
    return found


@pytest.fixture
def with_users(tmp_path):
    """The environment of a client with this mechanism and a users file with these lines."""

    def environment(initiator, lines):
        users = tmp_path / "users"
        users.write_text(lines)
        users.chmod(0o600)
        config = tmp_path / "mech.conf"
        config.write_text(f"ntlmssp {mech.OID} {initiator}\n")
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "GSS_MECH_CONFIG": str(config),
            "NTLM_USER_FILE": str(users),
            "KRB5_CONFIG": "/dev/null",
        }

    return environment


@pytest.fixture
def tell(request, capsys):
    """Prints a figure that is shown although the test passes."""

    def tell(text):
        with capsys.disabled():
            print(f"\n    {request.node.name}: {text}", end="", flush=True)

    return tell
