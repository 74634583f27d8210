"""A record of ours checked before it is published: by itself, and as a row among those that are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lfr_core.common.quality.findings import Finding
from lfr_core.publication.quality.docs import validate_with_docs
from lfr_core.publication.quality.findings import validate_table
from lfr_core.publication.quality.importer import read_table
from lfr_core.publication.quality.table import PublishedTable
from lfr_core.publication.record import DeploymentRecord
from lfr_core.publication.tabular import csv_text

__all__ = ["Checked", "check_record"]

_NAME = "our results"
_HEADER_LINES = 1


@dataclass(frozen=True, slots=True)
class Checked:
    """What stands against publishing. Defects of rows that are published already aren't the new record's."""

    findings: tuple[Finding, ...]
    reference: str
    """Of the report, for the record; "" where none was written."""

    @property
    def passes(self) -> bool:
        return not self.findings


def check_record(
    new: DeploymentRecord, others: Sequence[DeploymentRecord], *, today: date, report: Path | None = None
) -> Checked:
    """Run the suites `record` and `series` over `new` together with `others`, the newest revisions of the rest.

    report: a folder for the pages of the report.

    Raises:
        Fatal: a rule couldn't be evaluated, or the report can't be written.
        Refused: `records.docs-folder-in-use`.
    """
    rows = sorted([*others, new], key=lambda one: (one.date, one.start_local, one.record_id))
    table = _table(rows)
    whole = validate_table(table, today=today) if report is None else validate_with_docs(table, report, today=today)
    row = rows.index(new) + _HEADER_LINES + 1
    mine = [each for each in whole.findings if each.line == row or row in each.lines]
    series = [each for each in whole.findings if each.line is None and each not in mine]
    if series and others:
        rest = validate_table(_table([one for one in rows if one is not new]), today=today)
        before = {each.rule for each in rest.findings if each.line is None}
        series = [each for each in series if each.rule not in before]
    reference = ""
    if report is not None:
        digest = hashlib.sha256((report / "index.html").read_bytes()).hexdigest()
        reference = f"suites record and series, report sha256 {digest}"
    return Checked((*series, *mine), reference)


def _table(rows: Sequence[DeploymentRecord]) -> PublishedTable:
    return read_table(csv_text(rows).encode(), _NAME)
