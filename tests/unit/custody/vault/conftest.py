"""A vault, one place of which is stuck, and threads that ask it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lfr_core.custody.vault.core import VaultCore
from tests.support.stuck_vault import Stuck
from tests.support.vault_core import Records, TwoClocks, vault_core


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    stuck = Stuck()
    yield stuck
    stuck.released.set()


@pytest.fixture
def threads(stuck: Stuck) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads
        stuck.released.set()


@pytest.fixture
def vault(tmp_path: Path) -> tuple[VaultCore, TwoClocks, Records]:
    return vault_core(tmp_path)
