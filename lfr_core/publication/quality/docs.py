"""The report of a table's quality as pages: our findings first, Great Expectations' Data Docs behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from lfr_core.common.quality.folder import report_folder
from lfr_core.common.quality.suites import SuiteRunner
from lfr_core.publication.quality.findings import QualityReport, validate_table
from lfr_core.publication.quality.rules import SuiteName
from lfr_core.publication.quality.table import PublishedTable

__all__ = ["validate_with_docs"]

_TEMPLATES = Path(__file__).parent / "templates"
_TITLES: Mapping[str, str] = {
    SuiteName.RECORD: "Published results, row by row",
    SuiteName.SERIES: "Published results, each row beside its neighbours",
    SuiteName.WHOLE: "Published results as a whole",
}


def validate_with_docs(table: PublishedTable, folder: Path, *, today: date) -> QualityReport:
    """Validate as `findings.validate_table`, and write the report into `folder`; one of ours there is replaced.

    Raises:
        Refused: `records.docs-folder-in-use`, the folder holds something else.
        Fatal: it can't be written, or a rule couldn't be evaluated.
    """
    with report_folder(folder, rule="records.docs-folder-in-use") as made:
        runner = SuiteRunner(made.project)
        report = validate_table(table, today=today, runner=runner)
        pages = made.add_data_docs(runner, _TITLES, today)
        made.add_index(_TEMPLATES, "report.html.j2", {"report": report, "today": today, "pages": pages})
    return report
