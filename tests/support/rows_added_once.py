"""Rows of the tables whose rows are only ever added."""

from __future__ import annotations

import datetime as dt

from lfr_core.storage.tables.deployments import ApplicationRow, AuthorityRow, DeploymentStepRow
from lfr_core.storage.tables.documents import ComplianceDocumentRow
from lfr_core.storage.tables.publication import PublishedRecordRow
from lfr_core.storage.tables.row import Row
from tests.support.edited_records import NOW, rows_of_requests_and_results

__all__ = ["rows_added_once"]


def rows_added_once() -> list[tuple[Row, str, object]]:
    """A row of each table whose rows are only ever added, with a column of it and another value."""
    by_table = {str(row.__tablename__): row for row in rows_of_requests_and_results()}
    more: list[tuple[Row, str, object]] = [
        (
            ApplicationRow(
                deployment="dep", revision=1, place="p", footprint="f", starts_at=NOW, ends_at=NOW, use_case="u",
                purpose="p", sought="s", necessity="n", proportionality="p", grounds="g", threshold=0.5,
                threshold_reason="r", list_cap=9, expected_faces=9, cameras="north", watchlist_folder="",
                applied_by="Pat", applied_at=NOW,
            ),
            "purpose", "another",
        ),
        (
            AuthorityRow(
                deployment="dep", revision=1, granted=False, by="Cass", rank="superintendent", at=NOW, reason="r",
                false_alerts_one_in=1_000, expected_false_alerts=None, claim_not_shown=True,
            ),
            "granted", True,
        ),
        (DeploymentStepRow(deployment="dep", revision=1, step="close", status="ended", by="Olu", at=NOW), "by", "Eve"),
        (
            PublishedRecordRow(
                deployment="dep", revision=1, published_at=NOW, published_by="Una", body='{"alerts":9}', sha256="0" * 64
            ),
            "body", '{"alerts":0}',
        ),
        (
            ComplianceDocumentRow(
                kind="dpia", deployment="", version="1", title="t", review_by=NOW.date(), approved_by="Una",
                added_at=NOW, sha256="0" * 64, file_name="f", media_type="m", size=1,
            ),
            "review_by", NOW.date().replace(year=2099),
        ),
    ]  # fmt: skip
    changes: dict[str, tuple[str, object]] = {
        "stop_receipt": ("minute_at", NOW + dt.timedelta(hours=1)),
        "certificate": ("digest", "another"),
        "blue_list_pass": ("recognised", True),
        "canary": ("stored_digest", "another"),
        "promise_result": ("result", "holds"),
        "promise_statement": ("text", "nothing"),
    }
    return more + [(by_table[name], *change) for name, change in changes.items()]
