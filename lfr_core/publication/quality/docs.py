"""The report of a table's quality as a folder of pages: our findings first, Great Expectations' Data Docs behind them.

The folder is built beside the old one and swapped, so that a reader never meets half a report.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path

import jinja2

from lfr_core.errors import Fatal, Refused
from lfr_core.publication.quality.findings import QualityReport, validate_table
from lfr_core.publication.quality.pages import GENERATOR, localised
from lfr_core.publication.quality.table import PublishedTable

__all__ = ["validate_with_docs"]

_TEMPLATES = Path(__file__).parent / "templates"
_TITLES = {
    "record": "Suite record: each row by itself",
    "series": "Suite series: rows beside their neighbours",
    "series-whole": "Suite series: the table as a whole",
}


def validate_with_docs(table: PublishedTable, folder: Path, *, today: date) -> QualityReport:
    """As `findings.validate_table`, and write the report into `folder`; one of ours that is there is replaced.

    Raises:
        Refused: `records.docs-folder-in-use`, the folder holds something else.
        Fatal: it can't be written, or a rule couldn't be evaluated.
    """
    _check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as work:
            project, new = Path(work, "project"), Path(work, "new")
            project.mkdir()
            new.mkdir()
            report = validate_table(table, today=today, project=project)
            _write(report, project, new, today)
            old = Path(work, "old")
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    except OSError as error:
        raise Fatal(f"the report {folder} can't be written: {error.strerror}. Give another folder") from error
    return report


def _check_free(folder: Path) -> None:
    if not folder.exists():
        return
    index = folder / "index.html"
    if not folder.is_dir() or (
        any(folder.iterdir()) and not (index.is_file() and GENERATOR in index.read_text(encoding="utf-8"))
    ):
        raise Refused(
            "records.docs-folder-in-use", f"{folder} holds something else than a report of ours: give another folder"
        )


def _write(report: QualityReport, project: Path, folder: Path, today: date) -> None:
    site = project / "gx" / "uncommitted" / "data_docs" / "local_site"
    pages: list[tuple[str, str]] = []
    for name, title in _TITLES.items():
        for page in sorted((site / "validations" / name).rglob("*.html"))[-1:]:
            text = localised(page.read_text(encoding="utf-8"), title)
            (folder / f"{name}.html").write_text(text, encoding="utf-8")
            pages.append((f"{name}.html", title))
    if len(pages) != len(_TITLES):
        raise Fatal("Great Expectations wrote no pages: the report would be incomplete, so none was made")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("report.html.j2").render(
        report=report, today=today, pages=pages, generator=GENERATOR
    )
    (folder / "index.html").write_text(text, encoding="utf-8")
    shutil.copyfile(_TEMPLATES / "style.css", folder / "style.css")
