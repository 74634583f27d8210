"""`lfr retention`: purge what is due now, and see how late each class of data is. Needs no Prefect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, errors

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.retention.reporting import StepReport
    from lfr_core.retention.status import ClassStatus

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Purge what is due, and see how late each class of data is.")

_COLOURS = {"in-time": "green", "late": "yellow", "not-swept": "yellow", "overdue": "bold red"}


@command(app)
def run(installation: Installation) -> Output:
    """Purge everything that is due, now. The retention flow does the same every minute.

    Exit code 75 if a step couldn't do all of its work, or if another sweep runs; what failed is tried again next time.

    Example: lfr retention run
    """
    from flows.build_sweep import open_sweep
    from lfr_core.common.errors import Retryable
    from lfr_core.common.logs import configure_logs
    from lfr_core.retention.last_purge import Purger

    configure_logs("ERROR")  # what a step meets stands in the table
    _migrate_if_reached(installation)
    with errors.status("purging"), open_sweep(installation, by=Purger.COMMAND) as sweep:
        reports = sweep.run_all()
    has_failed = any(report.error for report in reports)
    return Output(
        [_report_dict(report) for report in reports],
        lambda: _show_reports(reports),
        exit_code=Retryable.exit_code if has_failed else 0,
    )


@command(app)
def status(installation: Installation) -> Output:
    """Show how late each class of data is. Exit code 1 if one is overdue, which is an alarm.

    While the records are away it shows what the last purge couldn't reach, and the exit code is 75.

    Example: lfr retention status --json
    """
    from flows.retention_lag import last_purge_words, purge_trouble
    from lfr_core.common.errors import Retryable
    from lfr_core.retention.last_purge import read_ended
    from lfr_core.retention.status import read_retention_status

    found: tuple[ClassStatus, ...] = ()
    away: Retryable | None = None
    try:
        _migrate_if_reached(installation)
        found = read_retention_status(installation.engine, installation.policy.retention, now_ns=installation.now_ns)
    except Retryable as error:
        away = error
    home = installation.settings.home
    is_alarm, last, trouble = any(each.is_alarm for each in found), read_ended(home), purge_trouble(home)
    last_purge = None if last is None else last.model_dump(mode="json", exclude={"pid"})

    def text() -> None:
        if found:
            _show_status(found)
        console.print(f"\n{last_purge_words(last)}", style="dim")
        if trouble:
            errors.print(trouble, style="yellow", highlight=False, soft_wrap=True)
        if is_alarm:
            errors.print("overdue: docs/runbooks/retention-overdue.md says what to do", style="bold red")

    document = {
        "alarm": is_alarm or away is not None,  # what can't be seen may be overdue
        "last_purge": last_purge,
        "trouble": trouble,
        "classes": [_status_dict(each) for each in found],
    }
    return Output(document, text, exit_code=1 if is_alarm else 0, error=away)


def _migrate_if_reached(installation: Installation) -> None:
    """Bring the records' tables up to date, unless the records are away: what needs none goes on without them."""
    from contextlib import suppress

    from lfr_core.common.errors import Retryable
    from lfr_core.custody.installation import kept_head_of
    from lfr_core.storage.migrate import upgrade

    with suppress(Retryable):
        upgrade(installation.settings.records_url, had_by=kept_head_of(installation.settings))


def _report_dict(report: StepReport) -> dict[str, object]:
    return {
        "step": report.step,
        "at_ns": report.at_ns,
        "destroyed": [{"subject": each.subject, "due_ns": each.due_ns} for each in report.destroyed],
        "left": [{"subject": each.subject, "due_ns": each.due_ns} for each in report.left],
        "lag_s": report.lag_s,
        "note": report.note,
        "error": report.error,
    }


def _status_dict(each: ClassStatus) -> dict[str, object]:
    return {
        "class": each.data.name,
        "title": each.data.title,
        "rule": each.data.rule,
        "standing": each.standing.value,
        "alarm": each.is_alarm,
        "why": each.why,
        "lag_s": each.lag_s,
        "due": each.due,
        "swept_ns": each.swept_ns,
        "succeeded_ns": each.succeeded_ns,
        "destroyed_ever": each.destroyed_ever,
        "note": each.note,
    }


def _show_reports(reports: tuple[StepReport, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    from flows.retention_lag import lag_words
    from lfr_core.retention.port import CLASSES

    titles = {each.name: each.title for each in CLASSES}
    table = Table("data", "destroyed", "left", "lag", "", box=None, pad_edge=False)
    for each in reports:
        words = Text("; ".join(filter(None, (each.error, each.note))), style="red" if each.error else "dim")
        counts = str(len(each.destroyed)), str(len(each.left))
        table.add_row(titles.get(each.step, each.step), *counts, lag_words(each.lag_s), words)
    console.print(table)


def _show_status(found: tuple[ClassStatus, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    from flows.retention_lag import lag_words

    table = Table("data", "stands", "lag", "due", "destroyed", "", box=None, pad_edge=False)
    for each in found:
        stands = Text(each.standing.value, style=_COLOURS[each.standing.value])
        words = Text("; ".join(filter(None, (each.why, each.note))))
        table.add_row(each.data.title, stands, lag_words(each.lag_s), str(each.due), str(each.destroyed_ever), words)
    console.print(table)
