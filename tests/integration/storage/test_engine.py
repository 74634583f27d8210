from __future__ import annotations

import gc
import warnings
from pathlib import Path

from sqlalchemy import text

from lfr_core.storage.engine import open_engine, reading

OPEN_FILES = Path("/proc/self/fd")


def test_an_engine_that_nobody_holds_lets_go_of_its_file_in_silence(tmp_path: Path) -> None:
    """Python 3.13 warned of each connection left in the pool; six tests ended with it."""
    engine = open_engine(f"sqlite:///{tmp_path / 'records.sqlite3'}")
    with reading(engine) as session:
        session.connection().execute(text("SELECT 1"))
    assert any(str(tmp_path) in str(file.resolve()) for file in OPEN_FILES.iterdir())

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del engine, session
        gc.collect()

    assert [each.message for each in warned] == []
    assert not any(str(tmp_path) in str(file.resolve()) for file in OPEN_FILES.iterdir())
