"""Prints a planned deployment for people: the readiness board, the schedule, what is owed, the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.markup import escape
from rich.table import Table

from apps.cli.common import console, print_plain
from apps.cli.deployment.status import Status
from lfr_core.deployments.reading import TimelineEntry
from lfr_core.domain.working_days import LONDON

__all__ = ["show_status", "show_timeline"]


def show_status(found: Status) -> None:
    """Print where it stands."""
    one, made = found.standing, found.standing.application
    console.print(f"[bold]{escape(one.name)}[/bold] ({escape(one.view.id)}): {one.view.status.value}", soft_wrap=True)
    authorised = f"authorised by {one.planned.officer}" if one.planned.officer else "not authorised"
    print_plain(
        f"{made.place}, {_when(made.starts_at)} to {_when(made.ends_at)}; application {made.revision} by "
        f"{one.planned.planner}; {authorised}"
    )
    if one.withholding is not None:
        print_plain(f"{one.withholding.words}: `lfr deployment approve-withholding {one.view.id}`")
    readiness = Table("condition", "", "why", "who must act")
    for line in one.readiness:
        mark = "[green]met[/green]" if line.finding.met else "[red]not met[/red]" if line.looked else "[dim]?[/dim]"
        who = "" if line.finding.met or not line.looked else line.finding.who
        readiness.add_row(line.finding.condition.value, mark, escape(line.finding.why), who)
    if not one.view.status.is_over:
        console.print(readiness)
    if found.runs:
        runs = Table("scheduled", "at")
        for name, at in found.runs:
            runs.add_row(escape(name), escape(at))
        console.print(runs)
    if found.obligations:
        owed = Table("owed after its end", "due", "done")
        for each in found.obligations:
            done = _when(each.done_at) if each.done_at else "[yellow]not yet[/yellow]"
            owed.add_row(each.owed.value, _when(each.due_at), done + (f" ({each.held} held)" if each.held else ""))
        console.print(owed)


def show_timeline(steps: Sequence[TimelineEntry]) -> None:
    """Print what was done, in order."""
    table = Table("when", "step", "after it", "by", "")
    for step in steps:
        table.add_row(_when(step.at), step.step, step.status, escape(step.by), escape(step.note))
    console.print(table)


def _when(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(LONDON):%Y-%m-%d %H:%M:%S}"
