"""Fixtures of all tests here: the library, and the programs of acceptor and initiator."""

import pytest
from lab import mech, programs, spnego
from lab.programs import SOURCES, compile_c
from sanitizers import SANITIZERS


@pytest.fixture(scope="session")
def library():
    return mech.library()


@pytest.fixture(scope="session")
def spnego_refusal(library):
    """The error of MIT's SPNEGO on a host that finds no mechListMIC; `None` where it finds it."""
    return None if spnego.finds_mech_list_mic(library) else "Invalid token was supplied"


def pytest_terminal_summary(terminalreporter):
    spnego.report(terminalreporter)


@pytest.fixture(scope="session")
def setting(tmp_path_factory, library):
    return programs.Setting(tmp_path_factory.mktemp("mechanism"), library)


@pytest.fixture(scope="session")
def initiator_peer(setting):
    return compile_c(SOURCES / "initiator_peer.c", setting.folder, *SANITIZERS)


@pytest.fixture(scope="session")
def acceptor(setting):
    return compile_c(SOURCES / "acceptor.c", setting.folder)
