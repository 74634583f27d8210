"""`lfr records`: check published tables, ours and other forces', and put them side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import AsJson, console, errors, print_plain, refuse_unwritable, today_in_england

if TYPE_CHECKING:
    from lfr_core.common.quality.findings import Finding
    from lfr_core.custody.installation import Installation
    from lfr_core.domain.rates import Proportion
    from lfr_core.publication.compare import ForceFigures
    from lfr_core.publication.quality.findings import QualityReport
    from lfr_core.publication.quality.table import PublishedTable

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check published results, ours and other forces', and compare them.")

DEFECTS_FOUND = 1
"""Exit code."""

_MOST_NOTES = 20
"""On a table that are shown beside a comparison."""


@command(app)
def validate(
    installation: Installation,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Our records, or a table as a force publishes it: CSV, .xlsx, .xls or .ods."
        ),
    ],
    docs: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the report as pages there too.")] = None,
    as_json: AsJson = False,
) -> Output:
    """Check a table of deployments: totals, rates, outcomes, dates, list sizes, copied columns, spellings.

    Each defect is named with its row (as a spreadsheet numbers it), the rule, what is printed and what was expected;
    a defect of the whole table is named once. Rules that can't be checked are named too. Exit code 1: defects found.

    Example: lfr records validate met-2024.csv --docs reports/met-2024
    """
    table, today = _read(file), today_in_england(installation.clock)
    if not as_json:
        errors.print("[dim]Great Expectations takes some seconds to start …[/dim]")
    if docs is None:
        from lfr_core.publication.quality.findings import validate_table

        report = validate_table(table, today=today)
    else:
        from lfr_core.publication.quality.docs import validate_with_docs

        report = validate_with_docs(table, docs, today=today)

    def text() -> None:
        _show_report(report)
        if docs is not None:
            print_plain(f"The report: {docs / 'index.html'}")

    return Output(_as_dict(report), text, exit_code=0 if report.passes else DEFECTS_FOUND)


@command(app)
def compare(
    _installation: Installation,
    files: Annotated[list[Path], typer.Argument(metavar="A B", help="Two tables or more: CSV, .xlsx, .xls or .ods.")],
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the intervals there, as SVG.")] = None,
) -> Output:
    """Put forces side by side: the same rates with the same 95 % intervals, and what their faces are.

    Example: lfr records compare met-2024.csv norfolk.csv --svg forces.svg
    """
    from dataclasses import asdict

    from lfr_core.common.errors import Fatal, Refused
    from lfr_core.publication.compare import figures_of

    if len(files) < 2:  # one has nothing beside it
        raise Refused("records.one-table", "give at least two tables to compare")
    refuse_unwritable(svg)
    tables = [_read(file) for file in files]
    forces = [figures_of(table) for table in tables]
    if svg is not None:
        from lfr_core.publication.svg import comparison_svg

        try:
            svg.write_text(comparison_svg(forces), encoding="utf-8")
        except OSError as error:
            raise Fatal(f"{svg} can't be written: {error.strerror}") from error
    document = [
        asdict(force) | {"in_words": force.in_words, "notes": table.notes, "unknown_columns": table.unknown}
        for force, table in zip(forces, tables, strict=True)
    ]

    def text() -> None:
        _show_forces(forces)
        for table in tables:
            _show_notes(table)

    return Output(document, text)


def _show_notes(table: PublishedTable) -> None:
    """Show what was mended or left out in reading, for whoever relies on the sums."""
    unread = [f"the column {column} isn't known here and wasn't read" for column in table.unknown]
    notes = [*table.notes, *unread]
    for note in notes[:_MOST_NOTES]:
        print_plain(f"{table.name}: {note}")
    if len(notes) > _MOST_NOTES:
        print_plain(f"{table.name}: {len(notes) - _MOST_NOTES} more notes; `lfr records validate` shows them all")


def _read(file: Path) -> PublishedTable:
    from lfr_core.common.errors import Fatal
    from lfr_core.common.files import open_regular
    from lfr_core.publication.quality.importer import MAX_BYTES, read_table

    try:
        with open_regular(file) as open_file:
            data = open_file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Fatal(f"{file} can't be read: {error.strerror}") from error
    return read_table(data, file.stem)


def _as_dict(report: QualityReport) -> dict[str, object]:
    from dataclasses import asdict

    table = report.table
    return {
        "table": table.name,
        "generation": table.generation,
        "encoding": table.encoding,
        "rows": len(table.rows),
        "passes": report.passes,
        "findings": [_finding(each) for each in report.findings],
        "checked": report.checked,
        "unchecked": [asdict(each) for each in report.unchecked],
        "notes": table.notes,
        "footnotes": table.footnotes,
        "unknown_columns": table.unknown,
    }


def _finding(each: Finding) -> dict[str, object]:
    return {
        "level": "series" if each.line is None else "row",
        "rule": each.rule,
        "row": each.line,
        "printed": each.value,
        "expected": each.expected,
        "message": each.message,
        "rows": each.lines,
    }


def _show_report(report: QualityReport) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = report.table
    console.print(
        f"{table.name}: {len(table.rows)} rows, {table.generation}, {table.encoding}", markup=False, highlight=False
    )
    if report.findings:
        shown = Table("row", "rule", "printed", "expected", "what is wrong")
        for each in report.findings:
            where = f" (rows {', '.join(map(str, each.lines))})" if each.lines else ""
            cells = (str(each.line or "all"), each.rule, each.value or "(empty)", each.expected, each.message + where)
            shown.add_row(*map(escape, cells))
        console.print(shown)
    for note in (*table.notes, *(f"footnote: {each}" for each in table.footnotes)):
        print_plain(f"note: {note}")
    for column in table.unknown:
        console.print(f"note: the column {column} isn't known here and wasn't read", markup=False, highlight=False)
    for rule in report.unchecked:
        print_plain(f"not checked: {rule.rule}: {rule.why}")
    count = len(report.findings)
    verdict = "no defect found" if report.passes else f"{count} defect{'' if count == 1 else 's'} found"
    console.print(verdict, style="bold green" if report.passes else "bold red")


def _show_forces(forces: list[ForceFigures]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("", *(escape(force.name) for force in forces), show_lines=True)
    table.add_row("deployments", *(f"{force.deployments:,}\n{force.first} to {force.last}" for force in forces))
    table.add_row("threshold", *(", ".join(force.thresholds) or "not printed" for force in forces))
    table.add_row("faces", *(f"{force.false_alerts_per_face.n:,}\n{force.faces_are}" for force in forces))
    table.add_row("in words", *(force.in_words for force in forces))
    table.add_row("alerts not decided", *(_count(force.not_decided) for force in forces))
    table.add_row("false alerts per face\n95 % interval", *(_odds(force.false_alerts_per_face) for force in forces))
    shares = [_share(force.false_share_of_alerts) for force in forces]
    table.add_row("false share of alerts decided\n95 % interval", *shares)
    table.add_row("precision, confirmed only\n95 % interval", *(_share(force.precision_confirmed) for force in forces))
    console.print(table)
    for force in forces:
        if force.left_out:
            rows = ", ".join(map(str, force.left_out))
            print_plain(f"{force.name}: left out rows {rows}: alerts or faces missing or kept back")
        if force.suppressed:
            rows = ", ".join(map(str, force.suppressed))
            print_plain(
                f"{force.name}: rows {rows} keep small numbers back, so its rates are of the other rows alone: "
                "ask the force for the numbers"
            )
    if len({force.faces_are for force in forces}) > 1 or any("estimated" in force.faces_are for force in forces):
        console.print("Faces are counted in different ways or estimated: their rates are no more exact than that.")


def _odds(rate: Proportion) -> str:
    from lfr_core.domain.rates import one_in

    if rate.point is None:
        return "not known"
    high = f"at most {one_in(rate.high95)}" if rate.k == 0 else f"{one_in(rate.high95)} to {one_in(rate.low95)}"
    return f"{one_in(rate.point)}\n{high}"


def _share(rate: Proportion) -> str:
    if rate.point is None or rate.low95 is None or rate.high95 is None:
        return "not known"
    return f"{rate.point:.2%}\n{rate.low95:.2%} to {rate.high95:.2%}"


def _count(count: int | None) -> str:
    return "not printed" if count is None else f"{count:,}"
