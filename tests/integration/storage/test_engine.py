from __future__ import annotations

import gc
import warnings
from pathlib import Path

import pytest
from sqlalchemy import text

from lfr_core.common.errors import Retryable
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


def test_records_that_have_gone_are_never_made_anew_by_whoever_connects(tmp_path: Path) -> None:
    """An empty database would say that nothing is due, and be believed."""
    file, kept_head = tmp_path / "records.sqlite3", tmp_path / "audit-head.json"

    def look(had_by: Path | None = kept_head) -> None:
        with reading(open_engine(f"sqlite:///{file}", had_by=had_by)) as session:
            session.connection().execute(text("SELECT 1"))

    look()  # none has been there
    kept_head.write_text("{}")
    look()
    running = open_engine(f"sqlite:///{file}")
    file.rename(tmp_path / "away.sqlite3")

    for had_by in (kept_head, None):
        with pytest.raises(Retryable, match="has gone"), reading(running) as session:
            session.connection().execute(text("SELECT 1"))
        if had_by:
            with pytest.raises(Retryable, match=r"move .*audit-head\.json away"):
                look(had_by)
    assert not file.exists()

    (tmp_path / "away.sqlite3").rename(file)
    look()
    file.unlink()
    kept_head.unlink()
    look()  # somebody begins anew, and said so
