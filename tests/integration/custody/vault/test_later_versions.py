"""What a later version holds against the trail: homes of before go on, and nothing that was written in is blessed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.audit.read import snapshot
from lfr_core.deployments.gallery_binding import _list_digest
from lfr_core.deployments.monitoring.gallery import _records_differ
from lfr_core.storage import recorded
from lfr_core.storage.recorded_tables import RECORDED, columns_of
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from tests.support.believed_home import Home, believed_home, live_trial, restart
from tests.support.overwriting import overwriting


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with believed_home(tmp_path) as home:
        yield home


def test_a_child_on_the_list_does_not_lose_its_age_and_a_list_of_before_ages_counted_still_opens(home: Home) -> None:
    live_trial(home)
    with overwriting(home.engine) as session:
        session.exec(select(WatchlistEntryRow)).one().age = 12
    with snapshot(home.engine) as session:
        row = session.get_one(DeploymentRow, "trial")
        assert _records_differ(session, row) == "the list in the records isn't the one that was approved"
        of_before = _list_digest(session, row, ages=False)

    with overwriting(home.engine) as session:
        session.get_one(DeploymentRow, "trial").list_digest = of_before

    with snapshot(home.engine) as session:
        assert _records_differ(session, session.get_one(DeploymentRow, "trial")) == ""


def test_columns_that_a_later_version_records_are_adopted_of_rows_alone_that_count(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as of_before:
        of_before.setattr(
            recorded, "columns_of", lambda kind: [n for n in columns_of(kind) if n not in RECORDED[kind].later]
        )
        live_trial(home)
    adopted = home.settings.keystore_folder / "records-adopted"
    adopted.write_text("\n".join(name for name in adopted.read_text().split() if "." not in name))
    with overwriting(home.engine) as session:
        row = session.get_one(DeploymentRow, "trial").model_dump()
        session.add(DeploymentRow(**{**row, "id": "planted", "gallery": None}))

    compare = restart(home)

    assert compare() == ("deployment/planted has no entry on the audit trail",)
    with overwriting(home.engine) as session:
        session.get_one(DeploymentRow, "trial").ended_at = utc_from_ns(1)
    assert sum(each.startswith("deployment/trial isn't what entry") for each in compare()) == 1
