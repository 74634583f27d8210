"""Shows a checked watchlist to people and programs, and how far photographs are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apps.cli.common import console, errors, print_plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lfr_core.watchlists.quality.result import ListQuality
    from lfr_core.watchlists.quality.service import CheckedList

__all__ = ["as_dict", "photograph_bar", "show_report", "write_report"]

_MOST_SHOWN = 50
"""Rows of a table on a terminal; the pages have all."""


def as_dict(checked: CheckedList) -> dict[str, object]:
    """Describe it for JSON: no template and no picture."""
    report = checked.report
    return {
        "size": report.size,
        "blue_list_size": report.blue_list_size,
        "entries": [
            {
                "subject": entry.subject,
                "category": entry.category.value,
                "expires_on": entry.expires_on.isoformat(),
                "photographs": [reference.photograph for reference in entry.references],
            }
            for entry in report.entries
        ],
        "refusals": [
            {
                "line": refusal.line,
                "subject": refusal.subject,
                "photograph": refusal.photograph,
                "reason": refusal.reason.value,
                "message": refusal.message,
            }
            for refusal in report.refusals
        ],
        "quality": checked.quality.as_dict(),
    }


def write_report(file: Path, checked: CheckedList) -> None:
    """Write `as_dict` as a JSON file. Raises Fatal when it can't be written."""
    import json

    from lfr_core.common.errors import Fatal

    try:
        file.write_text(json.dumps(as_dict(checked), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise Fatal(f"the report {file} can't be written: {error.strerror}") from error


def show_report(checked: CheckedList) -> None:
    """Print what can be enrolled, what is refused, and what the suite found."""
    from rich.markup import escape
    from rich.table import Table

    report = checked.report
    _show_notes(checked.quality.notes)
    if report.refusals:
        counts = Counter(refusal.reason.value for refusal in report.refusals)
        table = Table("reason", "refused", title="Refused, by reason")
        for reason, count in counts.most_common():
            table.add_row(reason, f"{count:,}")
        console.print(table)
    if report.entries:
        table = Table("subject", "category", "expires on", "photographs", title="Can be enrolled")
        for entry in report.entries[:_MOST_SHOWN]:
            names = ", ".join(reference.photograph for reference in entry.references)
            table.add_row(escape(entry.subject), entry.category.value, entry.expires_on.isoformat(), escape(names))
        console.print(table)
        _say_more(len(report.entries))
    if report.refusals:
        table = Table("line", "subject", "photograph", "reason", "what to do", title="Refused")
        for refusal in report.refusals[:_MOST_SHOWN]:
            table.add_row(
                str(refusal.line),
                escape(refusal.subject),
                escape(refusal.photograph),
                refusal.reason.value,
                escape(refusal.message),
            )
        console.print(table)
        _say_more(len(report.refusals))
    console.print(
        f"can be enrolled: {report.size} on the list, {report.blue_list_size} test subjects apart; "
        f"refused: {len(report.refusals)}"
    )
    _show_quality(checked.quality)


def _show_notes(notes: Sequence[str]) -> None:
    for note in notes[:_MOST_SHOWN]:
        print_plain(f"note: {note}")
    _say_more(len(notes))


def _say_more(count: int) -> None:
    if count > _MOST_SHOWN:
        print_plain(f"... and {count - _MOST_SHOWN:,} more: --docs writes all of them, refused.xlsx among them")


@contextmanager
def photograph_bar() -> Iterator[Callable[[int, int], None]]:
    """Show a bar of photographs done; it is moved by calling what this yields with those done and the total."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("photographs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as bar:
        task = bar.add_task("photographs", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show_quality(quality: ListQuality) -> None:
    from rich.markup import escape
    from rich.table import Table

    if quality.findings:
        table = Table("line", "subject", "rule", "found", "what is wrong", title="Suite watchlist")
        for finding in quality.findings[:_MOST_SHOWN]:
            table.add_row(
                str(finding.line or "whole list"),
                escape(finding.subject),
                finding.rule,
                escape(finding.value),
                escape(finding.message) + ("" if finding.refuses else " (to look at)"),
            )
        console.print(table)
        _say_more(len(quality.findings))
    for each in quality.composition:
        if each.submitted:
            console.print(f"{each.category}: {each.submitted} in the file, {each.fit} can be enrolled", highlight=False)
    for unchecked in quality.unchecked:
        print_plain(f"not checked: {unchecked.rule}: {unchecked.why}")
    console.print(f"the suite watchlist {'passes' if quality.passes else 'does not pass'}")
