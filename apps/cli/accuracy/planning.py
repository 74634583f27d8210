"""`lfr accuracy plan-threshold`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.accuracy.group import app
from apps.cli.command import Output, command

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation

__all__ = ["plan_threshold"]


@command(app, "plan-threshold")
def plan_threshold(
    installation: Installation,
    list_size: Annotated[int, typer.Option("--list-size", min=1, help="People on the list.")],
    evaluation: Annotated[
        Path, typer.Option("--evaluation", metavar="FILE", help="What `lfr accuracy evaluate --json FILE` wrote.")
    ],
    fpir: Annotated[float, typer.Option("--fpir", help="Passes that may raise a false alert: 0.0001 is 1 in 10,000.")],
    confidence: Annotated[float, typer.Option("--confidence", help="Of the bound, one-sided; 0.5 to 0.99.")] = 0.95,
    extrapolate: Annotated[
        bool,
        typer.Option("--extrapolate", help="Where the data end, follow the fitted tail: to plan with only."),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Add the result to the evaluations (LFR_EVALUATIONS_FILE).")
    ] = False,
) -> Output:
    """Plan the threshold that keeps false alerts under a rate, from measured scores; refuse where they can't carry it.

    Example: lfr accuracy plan-threshold --list-size 1000 --fpir 0.001 --evaluation evaluation.json
    """
    from dataclasses import asdict

    from lfr_core.deployments.evaluations import default_evaluations_file
    from lfr_core.deployments.threshold_plan import plan_threshold as plan
    from lfr_core.deployments.threshold_plan import write_row
    from lfr_core.recognition.accuracy.evaluation import read_evaluation

    found = read_evaluation(evaluation)
    planned = plan(found, list_size=list_size, fpir=fpir, confidence=confidence, extrapolate=extrapolate)
    text = planned.words
    if write:
        file = installation.settings.evaluations_file or default_evaluations_file()
        write_row(planned.row, file)
        text += f"\nwritten into {file}: `lfr deployment forecast` and authorities go by it"
    document = {
        "threshold": planned.threshold,
        "extrapolated": planned.extrapolated,
        "by_tail": planned.by_tail,
        "fit": None if planned.fit is None else asdict(planned.fit),
        "row": planned.row.model_dump(),
        "words": planned.words,
    }
    return Output(document, text)
