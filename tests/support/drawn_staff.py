"""The staff's pages over real records and a real vault, for Streamlit's own test runner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import write_public_key
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.storage.engine import open_engine
from tests.support.each_process import EachProcess
from tests.support.looking import Harness
from tests.support.vault_server import serving_vault

__all__ = ["harness"]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Harness, Installation]]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    with serving_vault(settings) as core:
        write_public_key(settings.keystore_folder, core.public_key)
        engine = open_engine(settings.records_url)
        harness = Harness(engine, EachProcess.of(settings), home)
        installation = Installation(settings, identity=ProcessIdentity.PAGES, policy=harness.policy)
        yield harness, installation
        installation.close()
        engine.dispose()
