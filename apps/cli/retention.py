"""`lfr retention`: purge what is due now, and see how late each class of data is. Needs no Prefect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from apps.cli.common import AsJson, console, errors, guard, load_settings, policy_of, print_json

if TYPE_CHECKING:
    from lfr_core.retention.reporting import StepReport
    from lfr_core.retention.status import ClassStatus

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Purge what is due, and see how late each class of data is.")

_COLOURS = {"in-time": "green", "late": "yellow", "not-swept": "yellow", "overdue": "bold red"}


@app.command()
def run(as_json: AsJson = False) -> None:
    """Purge everything that is due, now. The retention flow does the same every minute.

    Exit code 75 if a step couldn't do all of its work, or if another sweep runs; what failed is tried again next time.

    Example: lfr retention run
    """
    with guard():
        from flows.assembly import open_sweep
        from lfr_core.common.logs import configure_logs
        from lfr_core.custody.installation import Installation
        from lfr_core.retention.ended import Purger
        from lfr_core.storage.migrate import upgrade

        settings = load_settings()
        configure_logs("ERROR")  # what a step meets stands in the table
        upgrade(settings.records_url)
        with (
            errors.status("purging"),
            Installation(settings) as installation,
            open_sweep(installation, by=Purger.COMMAND) as sweep,
        ):
            reports = sweep.run_all()
        failed = [report for report in reports if report.error]
        if as_json:
            print_json([_report(report) for report in reports])
        else:
            _show_reports(reports)
        if failed:
            from lfr_core.common.errors import Retryable

            raise typer.Exit(Retryable.exit_code)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show how late each class of data is. Exit code 1 if one is overdue, which is an alarm.

    Example: lfr retention status --json
    """
    with guard():
        import time

        from flows.report import last_purge_words
        from lfr_core.retention.ended import read_ended
        from lfr_core.retention.status import retention_status
        from lfr_core.storage.engine import open_engine
        from lfr_core.storage.migrate import upgrade

        settings = load_settings()
        upgrade(settings.records_url)
        engine = open_engine(settings.records_url)
        try:
            standing = retention_status(engine, policy_of(settings).retention, now_ns=time.time_ns())
        finally:
            engine.dispose()
        alarm, last = any(each.is_alarm for each in standing), read_ended(settings.home)
        if as_json:
            told = None if last is None else last.model_dump(mode="json", exclude={"pid"})
            print_json({"alarm": alarm, "last_purge": told, "classes": [_standing(each) for each in standing]})
        else:
            _show_standing(standing)
            console.print(f"\n{last_purge_words(last)}", style="dim")
            if alarm:
                errors.print("overdue: docs/runbooks/retention-overdue.md says what to do", style="bold red")
        raise typer.Exit(1 if alarm else 0)


def _report(report: StepReport) -> dict[str, object]:
    return {
        "step": report.step,
        "at_ns": report.at_ns,
        "destroyed": [{"subject": each.subject, "due_ns": each.due_ns} for each in report.destroyed],
        "left": [{"subject": each.subject, "due_ns": each.due_ns} for each in report.left],
        "lag_s": report.lag_s,
        "note": report.note,
        "error": report.error,
    }


def _standing(each: ClassStatus) -> dict[str, object]:
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

    from flows.report import lag_words
    from lfr_core.retention.port import CLASSES

    titles = {each.name: each.title for each in CLASSES}
    table = Table("data", "destroyed", "left", "lag", "", box=None, pad_edge=False)
    for each in reports:
        said = Text("; ".join(filter(None, (each.error, each.note))), style="red" if each.error else "dim")
        counts = str(len(each.destroyed)), str(len(each.left))
        table.add_row(titles.get(each.step, each.step), *counts, lag_words(each.lag_s), said)
    console.print(table)


def _show_standing(standing: tuple[ClassStatus, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    from flows.report import lag_words

    table = Table("data", "stands", "lag", "due", "destroyed", "", box=None, pad_edge=False)
    for each in standing:
        stands = Text(each.standing.value, style=_COLOURS[each.standing.value])
        said = Text("; ".join(filter(None, (each.why, each.note))))
        table.add_row(each.data.title, stands, lag_words(each.lag_s), str(each.due), str(each.destroyed_ever), said)
    console.print(table)
