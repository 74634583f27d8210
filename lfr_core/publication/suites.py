"""The suites `record` and `series` over a record about to be published, and what the public is told of a failure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from lfr_core.common.errors import Poison, Refused
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.published import read_published_records
from lfr_core.publication.quality.ours import Checked
from lfr_core.publication.record import DeploymentRecord
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["CheckRecord", "FailingRecord", "RecordSuites", "in_public"]


class CheckRecord(Protocol):
    """`quality.ours.check_record`."""

    def __call__(
        self, new: DeploymentRecord, others: Sequence[DeploymentRecord], *, today: date, report: Path | None = None
    ) -> Checked: ...


class FailingRecord(Refused):
    """A suite fails: `results.quality`."""

    def __init__(self, checked: Checked, message: str) -> None:
        super().__init__("results.quality", message)
        self.checked = checked


class RecordSuites:
    """Checks a record beside the newest revisions of the other deployments of its kind: a demo is no neighbour.

    Args:
        engine: of the records.
        reports: the folder of reports, one folder below it for each deployment.
        check: the suites.
    """

    def __init__(self, engine: Engine, reports: Path, check: CheckRecord) -> None:
        self._engine = engine
        self._reports = reports
        self._check = check

    def passed(self, deployment: str, new: DeploymentRecord, now: datetime) -> Checked:
        """Return what the suites say of `new`, a first revision or a correction.

        Raises:
            FailingRecord: it names each finding.
            Retryable: the database is away.
        """
        newest = {
            one.deployment: one.record for one in read_published_records(self._engine) if one.deployment != deployment
        }
        with reading(self._engine) as session:
            kind = session.get_one(DeploymentRow, deployment).kind
            others = [one for name, one in newest.items() if session.get_one(DeploymentRow, name).kind == kind]
        today = now.astimezone(LONDON).date()
        checked = self._check(new, others, today=today, report=self._reports / deployment)
        if not checked.passes:
            found = "; ".join(
                f"{each.rule}: {each.message} (printed {each.value or 'nothing'}, expected {each.expected})"
                for each in checked.findings
            )
            raise FailingRecord(checked, f"the record of {deployment} isn't published, its figures are wrong: {found}")
        return checked


def in_public(refused: Refused | Poison) -> str:
    """Say why results are late, without ids and places: the deployment may be a withheld one."""
    if isinstance(refused, FailingRecord):
        wrong = dict.fromkeys(each.message for each in refused.checked.findings)
        return f"the check of the figures found: {'; '.join(wrong)}"
    if isinstance(refused, Refused):
        known = {
            "announcement.none": "the deployment was neither announced nor withheld with a reason",
            "record.composition-unknown": "it isn't known any more what the list was made of",
        }
        return known.get(refused.rule, "what has to be published can't be put together from the records")
    return "the figures contradict each other"
