"""A report as a folder of pages: ours first, Great Expectations' Data Docs behind it.

The folder is built beside the old one and swapped, so that a reader never meets half a report.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import jinja2

from lfr_core.common.counts import counted
from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.quality.pages import GENERATOR, localised
from lfr_core.common.quality.suites import SuiteRunner
from lfr_core.common.quality.verdict import verdict_words

__all__ = ["ReportFolder", "report_folder"]

_STYLE = Path(__file__).parent / "templates" / "style.css"


@dataclass(frozen=True, slots=True)
class ReportFolder:
    """A report in the making."""

    project: Path
    """Where Great Expectations builds its project; gone when the report is finished."""
    new: Path
    """What becomes the report's folder."""

    def add_data_docs(self, runner: SuiteRunner, titles: Mapping[str, str], on: date) -> list[tuple[str, str]]:
        """Copy the page of each suite, made local. titles: by the suite's name. Returns (file name, title).

        Raises:
            Fatal: a suite has no page.
        """
        pages: list[tuple[str, str]] = []
        site = runner.build_docs()
        for name, title in titles.items():
            for page in sorted((site / "validations" / name).rglob("*.html"))[-1:]:
                results = runner.results[name]
                is_kept = all(each.success for each in results)
                text = localised(page.read_text(encoding="utf-8"), title, verdict_words(results, on), is_kept=is_kept)
                (self.new / f"{name}.html").write_text(text, encoding="utf-8")
                pages.append((f"{name}.html", title))
        if len(pages) != len(titles):
            raise Fatal("Great Expectations wrote no pages: the report would be incomplete, so none was made")
        return pages

    def add_index(self, templates: Path, template: str, values: Mapping[str, object]) -> None:
        """Write `index.html` and its style. values: for the template, beside `generator`."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(templates),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        text = environment.get_template(template).render(values, generator=GENERATOR, counted=counted)
        (self.new / "index.html").write_text(text, encoding="utf-8")
        shutil.copyfile(_STYLE, self.new / "style.css")


@contextmanager
def report_folder(folder: Path, *, rule: str, mode: int = 0o777) -> Iterator[ReportFolder]:
    """Make a report; when the block ends well it becomes `folder`. One of ours that is there is replaced.

    rule: what a refusal goes by. mode: of the folder, before the umask.

    Raises:
        Refused: `rule`, the folder holds something else.
        Fatal: it can't be written.
    """
    try:
        _check_free(folder, rule)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as work:
            project, new, old = Path(work, "project"), Path(work, "new"), Path(work, "old")
            project.mkdir()
            new.mkdir(mode=mode)
            yield ReportFolder(project, new)
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    except OSError as error:
        raise Fatal(f"the report {folder} can't be written: {error.strerror}. Give another folder") from error


def _check_free(folder: Path, rule: str) -> None:
    if not folder.exists():
        return
    index = folder / "index.html"
    if not folder.is_dir() or (
        any(folder.iterdir()) and not (index.is_file() and GENERATOR in index.read_text(encoding="utf-8"))
    ):
        raise Refused(rule, f"{folder} holds something else than a report of ours: give another folder")
