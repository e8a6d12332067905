"""What all tests here share: the library, and what an acceptor and its initiator need."""

import programs
import pytest
from programs import HERE, compile_c, mech
from watch import SANITIZERS


@pytest.fixture(scope="session")
def library():
    return mech.library()


@pytest.fixture(scope="session")
def setting(tmp_path_factory, library):
    return programs.Setting(tmp_path_factory.mktemp("mechanism"), library)


@pytest.fixture(scope="session")
def initiating(setting):
    return compile_c(HERE / "initiating.c", setting.folder, *SANITIZERS)


@pytest.fixture(scope="session")
def acceptor(setting):
    return compile_c(HERE / "acceptor.c", setting.folder)
