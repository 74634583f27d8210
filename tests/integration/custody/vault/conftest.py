from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.custody.vault.core import VaultCore
from tests.support import vault_server
from tests.support.served_vault import Served
from tests.support.vault_core import vault_core
from tests.support.vault_site import site

__all__ = ["site"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    vault = Served(tmp_path)
    try:
        yield vault
    finally:
        vault.stop()


@pytest.fixture
def core(tmp_path: Path) -> VaultCore:
    return vault_core(tmp_path / "vault")[0]


@pytest.fixture
def path(core: VaultCore, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "run" / "vault.sock"
    with vault_server.served(core, path, tmp_path / "processes"):
        yield path
