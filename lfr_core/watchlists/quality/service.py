"""Checking a watchlist's folder with the suite: its rows, then its faces, then the report."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lfr_core.common.errors import Refused
from lfr_core.common.quality.findings import Finding
from lfr_core.common.quality.folder import ReportFolder, report_folder
from lfr_core.common.quality.rules import Rule
from lfr_core.common.quality.suites import RuleResult, SuiteRunner
from lfr_core.domain.categories import EXPLAINED
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.watchlists.csv_file import Rows, read_rows
from lfr_core.watchlists.enrol import Progress, check_watchlist
from lfr_core.watchlists.entries import WatchlistReport
from lfr_core.watchlists.kept_looks import NOTHING_KEPT, KeptLooks
from lfr_core.watchlists.photographs import DigestedRows
from lfr_core.watchlists.quality.dataframes import faces_frame, rows_frame, whole_frame
from lfr_core.watchlists.quality.findings import (
    composition,
    findings_of,
    minor_entries,
    minors,
    newest_check,
    unchecked_of,
    unnamed,
)
from lfr_core.watchlists.quality.refused_rows import refused_rows
from lfr_core.watchlists.quality.refused_workbook import REFUSED_FILE, refused_workbook
from lfr_core.watchlists.quality.result import RESULT_FILE, ListQuality
from lfr_core.watchlists.quality.rules import ListSuite, face_rules, row_rules, whole_rules
from lfr_core.watchlists.quality.thumbnails import thumbnails_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CheckedList", "ListCheck", "check_list", "require_fit"]


_TEMPLATES = Path(__file__).parent / "templates"
_TITLES = {
    ListSuite.ROWS: "The list, row by row",
    ListSuite.WHOLE: "The list as a whole",
    ListSuite.FACES: "The faces of the list",
}
_OWNER_ONLY = 0o700


@dataclass(frozen=True, slots=True)
class CheckedList:
    """What can be enrolled, and what the suite says of the whole."""

    report: WatchlistReport
    quality: ListQuality


@dataclass(frozen=True, slots=True)
class ListCheck:
    """What a list is checked for.

    last_day: the deployment's. deployment: whose entry ids are made; empty when only checking. stop_at_rows: embed no
    face of an operational list whose rows don't pass. thumbnails: show refused photographs, small, in the pages; not in
    those that are kept.
    """

    kind: DeploymentKind
    policy: Policy
    today: date
    last_day: date
    deployment: str = ""
    stop_at_rows: bool = False
    thumbnails: bool = False


def check_list(
    folder: Path,
    asked: ListCheck,
    *,
    engine: Callable[[], FaceEngine],
    docs: Path | None = None,
    progress: Progress = lambda _done, _total: None,
    kept: KeptLooks = NOTHING_KEPT,
    read: Rows | None = None,
) -> CheckedList:
    """Run the suite `watchlist` on a folder with photographs and `watchlist.csv`.

    engine: called once the rows have been checked. docs: a folder for the report's pages, readable by its owner only;
    one of ours that is there is replaced. progress: called after each photograph. kept: as `check_watchlist`.
    read: what the list's file holds, where it was read already.

    Raises:
        Poison: the folder or its CSV can't be read at all.
        Refused: `watchlist.docs-folder-in-use`, `docs` holds something else.
        Fatal: a rule couldn't be evaluated, the report can't be written, or the models are missing.
    """
    read = read or read_rows(folder)
    place = report_folder(docs, rule="watchlist.docs-folder-in-use", mode=_OWNER_ONLY) if docs else nullcontext()
    with place as made:
        runner = SuiteRunner(made.project if made else None)
        checked = _Run(folder, asked, read, runner).finish(engine, progress, kept)
        if made:
            refused = [refusal.photograph for refusal in checked.report.refusals] if asked.thumbnails else []
            thumbnails = thumbnails_of(folder, refused, asked.policy.images)
            _write(made, "" if asked.deployment else folder.resolve().name, checked, runner, thumbnails)
    return checked


def require_fit(checked: CheckedList) -> None:
    """Refuse an operational list that doesn't pass; of other lists what is refused is left out.

    Raises:
        Refused: `watchlist.quality`, with the first defects.
    """
    quality = checked.quality
    if quality.passes or quality.kind is not DeploymentKind.OPERATIONAL:
        return
    refusing = [finding for finding in quality.findings if finding.refuses]
    first = "; ".join(f"{_where(finding)}: {finding.message}" for finding in refusing[:3])
    raise Refused(
        "watchlist.quality",
        f"the list doesn't pass: {len(refusing)} defects. {first}{' ...' if len(refusing) > 3 else ''}. "  # as above
        "Nothing was enrolled; mend them and enrol again",
    )


class _Run:
    def __init__(self, folder: Path, asked: ListCheck, read: Rows, runner: SuiteRunner) -> None:
        self._folder = folder
        self._asked = asked
        self._read = read
        self._runner = runner
        self._results: list[RuleResult] = []
        self._found: list[Finding] = []

    def finish(self, engine: Callable[[], FaceEngine], progress: Progress, kept: KeptLooks) -> CheckedList:
        asked, read = self._asked, self._read
        rows, whole = row_rules(asked.today, asked.last_day), whole_rules(asked.policy.watchlist, asked.kind)
        faces = face_rules(asked.policy.watchlist)
        listed = DigestedRows.of(self._folder, read)
        self._run(ListSuite.ROWS, rows, rows_frame(read, listed.digests))
        self._run(ListSuite.WHOLE, whole, whole_frame(read, asked.today))
        stopped = (
            asked.stop_at_rows
            and asked.kind is DeploymentKind.OPERATIONAL
            and any(finding.refuses for finding in self._found)
        )
        nothing = WatchlistReport("", (), read.refusals)
        report = nothing if stopped else self._faces(engine, progress, kept, faces, listed)
        why_not = "no face was embedded, because the rows don't pass" if stopped else "no photograph could be looked at"
        unchecked = unchecked_of((*rows, *whole, *faces), self._results, read.columns, why_not=why_not)
        names_unchecked = {each.rule for each in unchecked}
        quality = ListQuality(
            kind=asked.kind,
            today=asked.today,
            last_day=asked.last_day,
            rows=len(read.cells),
            photographs_looked_at=len(report.faces),
            findings=tuple(sorted(self._found, key=lambda each: (each.line or 0, each.rule))),
            checked=tuple(rule.name for rule in (*rows, *whole, *faces) if rule.name not in names_unchecked),
            unchecked=tuple(unchecked),
            composition=composition(read, report),
            minors=minors(read),
            newest_check=newest_check(read, asked.today),
            minor_entries=minor_entries(read),
            notes=(*read.notes, *_photograph_notes(report)),
        )
        return CheckedList(report, quality)

    def _faces(
        self,
        engine: Callable[[], FaceEngine],
        progress: Progress,
        kept: KeptLooks,
        rules: tuple[Rule, ...],
        listed: DigestedRows,
    ) -> WatchlistReport:
        asked = self._asked
        report = check_watchlist(
            self._folder,
            kind=asked.kind,
            engine=engine(),
            policy=asked.policy,
            today=asked.today,
            last_day=asked.last_day,
            deployment=asked.deployment,
            progress=progress,
            kept=kept,
            listed=listed,
        )
        frame = faces_frame(report.faces)
        if len(frame):
            self._run(ListSuite.FACES, rules, frame)
        self._found += unnamed(report.refusals, self._found)
        return _without(report, self._found)

    def _run(self, part: ListSuite, rules: tuple[Rule, ...], frame: pd.DataFrame) -> None:
        possible = [rule for rule in rules if not rule.needs or rule.needs in self._read.columns]
        results = self._runner.run(part.value, possible, frame)
        self._results += results
        self._found += findings_of(results, frame, self._read.refusals)


def _without(report: WatchlistReport, found: list[Finding]) -> WatchlistReport:
    """Return `report` without subjects of whom the suite refuses a row that enrolment took: the stricter counts."""
    refused = {refusal.line for refusal in report.refusals}
    subjects = {each.subject for each in found if each.refuses and each.line and each.line not in refused}
    return replace(report, entries=tuple(entry for entry in report.entries if entry.subject not in subjects))


def _photograph_notes(report: WatchlistReport) -> list[str]:
    """Say what was done to photographs before their faces were taken."""
    return [f"row {face.line}: {face.photograph} {note}" for face in report.faces for note in face.notes]


def _write(
    made: ReportFolder, name: str, checked: CheckedList, runner: SuiteRunner, thumbnails: Mapping[str, bytes]
) -> None:
    quality, refusals = checked.quality, refused_rows(checked.report.refusals, checked.quality.findings)
    looked = "photograph-opens" in quality.checked
    titles = {part.value: title for part, title in _TITLES.items() if looked or part is not ListSuite.FACES}
    pages = made.add_data_docs(runner, titles, quality.today)
    refusing = sum(finding.refuses for finding in quality.findings)
    values = {
        "name": name,
        "quality": quality,
        "pages": pages,
        "explained": {category.value: words for category, words in EXPLAINED.items()},
        "refusing": refusing,
        "flags": len(quality.findings) - refusing,
        "reasons": Counter(refusal.reason.value for refusal in refusals).most_common(),
        "refused": [(refusal, _data_uri(thumbnails.get(refusal.photograph))) for refusal in refusals],
    }
    made.add_index(_TEMPLATES, "report.html.j2", values)
    (made.new / REFUSED_FILE).write_bytes(refused_workbook(refusals, thumbnails))
    (made.new / RESULT_FILE).write_text(
        json.dumps(quality.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _data_uri(jpeg: bytes | None) -> str:
    """Write a picture so that it stands within the page."""
    return "" if jpeg is None else f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _where(finding: Finding) -> str:
    return f"line {finding.line} ({finding.subject})" if finding.line else "the whole list"
