"""`lfr accuracy evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.accuracy.group import app
from apps.cli.command import command
from apps.cli.common import errors, print_plain, refuse_unwritable

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.recognition.accuracy.evaluation import AccuracyEvaluation

__all__ = ["evaluate", "write_evaluation"]


@command(app)
def evaluate(
    installation: Installation,
    dataset: Annotated[
        Path, typer.Option("--dataset", help="A folder that holds a folder a person, or a CSV with file,subject[,use].")
    ],
    groups: Annotated[
        Path | None, typer.Option("--groups", metavar="CSV", help="Who is in which group: subject and a column each.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0.0, max=1.0, help="At which groups are compared; the policy's.")
    ] = None,
    list_size: Annotated[
        list[int] | None, typer.Option("--list-size", min=1, help="A size of list to measure; may be given again.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write the report, accuracy.html, into this folder.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the evaluation into this file.")
    ] = None,
    keep_lookalikes: Annotated[
        bool, typer.Option("--keep-lookalikes", help="Those who look like one person are different people.")
    ] = False,
    cache: Annotated[
        bool,
        typer.Option("--cache/--no-cache", help="Keep templates for a day at most; a second run is quick."),
    ] = True,
) -> None:
    """Measure failures, false matches and misses on labelled photographs and videos, by threshold and list size.

    Nothing about anybody is in what is written: no name, no picture, no template.

    Example: lfr accuracy evaluate --dataset faces --groups groups.csv --report report --json evaluation.json
    """
    from apps.evaluation_runs import evaluate_dataset
    from lfr_core.recognition.accuracy.report import first_page, write_report

    refuse_unwritable(json)
    refuse_unwritable(report / "accuracy.html" if report else None)
    with _bars() as progress:
        found = evaluate_dataset(
            installation,
            dataset,
            groups=groups,
            threshold=threshold,
            list_sizes=list_size or [],
            keep_lookalikes=keep_lookalikes,
            use_cache=cache,
            progress=progress,
        )
    for sentence in (*first_page(found), *found.remarks):
        print_plain(sentence)
    if report is not None:
        print_plain(f"the report is {write_report(found, report)}")
    if json is not None:
        write_evaluation(found, json)
        print_plain(f"the evaluation is {json}")


def write_evaluation(found: AccuracyEvaluation, file: Path) -> None:
    """Write it for `read_evaluation`, whole or not at all. Raises Fatal: it can't be written."""
    from lfr_core.common.files import open_atomic

    with open_atomic(file) as out:
        out.write(found.as_file())


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        tasks = {name: bar.add_task(name, total=None, visible=False) for name in ("photographs", "comparisons")}
        yield lambda name, done, total: bar.update(tasks[name], completed=done, total=total, visible=True)
