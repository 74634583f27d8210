"""`lfr accuracy passes`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.accuracy.evaluating import write_evaluation
from apps.cli.accuracy.group import app
from apps.cli.command import Output, command
from apps.cli.common import refuse_unwritable

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation

__all__ = ["passes"]


@command(app)
def passes(
    installation: Installation,
    video: Annotated[Path, typer.Option("--video", help="A recording of people who aren't on the list.")],
    truth: Annotated[
        Path, typer.Option("--truth", metavar="CSV", help="Who passes when: subject,from_s,to_s, a line a pass.")
    ],
    dataset: Annotated[
        Path, typer.Option("--dataset", help="The list: a folder that holds a folder a person, nobody of the video.")
    ],
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0.0, max=1.0, help="The lowest asked about; default: the policy's."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Write the evaluation, for `plan-threshold`.")
    ] = None,
) -> Output:
    """Measure false alerts per pass: the stream's tracks and its rule of agreeing shots, on video of people not listed.

    Example: lfr accuracy passes --video walk.mp4 --truth walk.csv --dataset list --save passes.json
    """
    from apps.evaluation_runs import evaluate_video
    from lfr_core.domain.rates import one_in, upper_bound

    refuse_unwritable(save)
    found = evaluate_video(installation, video, truth, dataset, threshold=threshold)
    figures = found.lists[0]
    at = found.thresholds.index(min(found.thresholds, key=lambda one: abs(one - found.threshold)))
    false, n = figures.false_matches[at], figures.searches
    upper = max(upper_bound(false, n), figures.bootstrap["0.95"][at] if figures.bootstrap else 0.0)
    words = (
        f"Of {n:,} passes by people not on a list of {figures.people:,}, {false or 'none'} raised an alert at "
        f"{found.threshold:g}; with 95 % confidence at most {one_in(upper)} does. {found.remarks[0]}"
    )
    if save is not None:
        write_evaluation(found, save)
        words += f"\nthe evaluation is {save}"
    document = {"passes": n, "false_alerts": false, "upper95": upper, "list_people": figures.people, "words": words}
    return Output(document, words)
