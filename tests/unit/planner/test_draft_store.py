"""What was typed is there again after a reload or a new login, for whoever typed it alone."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from apps.planner.draft_store import DraftStore
from apps.planner.drafts import first_draft
from lfr_core.domain.policy import load_policy

VALUES = replace(first_draft(load_policy(), now=datetime(2026, 11, 20, 12, tzinfo=UTC)), purpose="find people")


def test_a_draft_comes_back_as_it_was_typed_to_the_same_person_alone(tmp_path: Path) -> None:
    DraftStore(tmp_path / "drafts").keep("Pat Planner", VALUES)

    store = DraftStore(tmp_path / "drafts")
    assert store.find("pat  planner") == asdict(VALUES)
    assert store.find("Sue Perintendent") is None
    assert all(each.stat().st_mode & 0o077 == 0 for each in (tmp_path / "drafts").iterdir())

    store.forget("Pat Planner")
    assert store.find("Pat Planner") is None


def test_a_damaged_draft_and_a_folder_that_cannot_be_written_lose_the_draft_and_no_page(tmp_path: Path) -> None:
    store = DraftStore(tmp_path)
    store.keep("Pat", VALUES)
    (file,) = tmp_path.iterdir()
    file.write_text("{", encoding="utf-8")

    assert store.find("Pat") is None
    DraftStore(tmp_path / file.name / "below").keep("Pat", VALUES)
