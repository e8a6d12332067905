"""What all tests here share: the library, and what an acceptor and its initiator need."""

import programs
import pytest
from lab import spnego  # programs says where it is
from programs import HERE, compile_c, mech
from sanitizers import SANITIZERS


@pytest.fixture(scope="session")
def library():
    return mech.library()


@pytest.fixture(scope="session")
def spnego_refusal(library):
    """What MIT's SPNEGO says on a host that finds no mechListMIC; `None` where it finds it."""
    return None if spnego.finds_mech_list_mic(library) else "Invalid token was supplied"


def pytest_terminal_summary(terminalreporter):
    spnego.report(terminalreporter)


@pytest.fixture(scope="session")
def setting(tmp_path_factory, library):
    return programs.Setting(tmp_path_factory.mktemp("mechanism"), library)


@pytest.fixture(scope="session")
def initiating(setting):
    return compile_c(HERE / "initiator_tests.c", setting.folder, *SANITIZERS)


@pytest.fixture(scope="session")
def acceptor(setting):
    return compile_c(HERE / "acceptor.c", setting.folder)
