"""`lfr alerts judge | engage | outcome | review`: a person's answers to the questions that an alert asks."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from apps.cli.alerts.text import Alert, alert_output, find
from apps.cli.command import Output, command

if TYPE_CHECKING:
    from collections.abc import Callable

    from lfr_core.alerts.decisions import DecisionService
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.domain.alerts import Decision

__all__ = ["app"]

app = typer.Typer()

Correct = Annotated[bool, typer.Option("--correct", help="Replace the answer that stands.")]
Answer = TypeVar("Answer", bound=StrEnum)


@command(app, migrated=True)
def judge(
    installation: Installation,
    alert: Alert,
    answer: Annotated[str, typer.Argument(help="same, different or cant_tell.")],
    by: AuthenticatedPerson,
    pictures: Annotated[
        str, typer.Option("--pictures", help="The code that `lfr alerts export` gave with the pictures you compared.")
    ],
    correct: Correct = False,
) -> Output:
    """Record the operator's answer: is the probe the same person as the reference?

    It is refused when a newer picture has come since yours were exported.

    Example: lfr alerts judge 1f0c2a7e same --pictures 5b0e6c1d92f47a38
    """
    from functools import partial

    from lfr_core.domain.alerts import Judgement, Shown

    word, shown = _parse_answer(Judgement, answer), Shown(pictures.strip().lower())
    return _record(installation, alert, by, lambda service: partial(service.judge, shown=shown), word, correct=correct)


@command(app, migrated=True)
def engage(
    installation: Installation,
    alert: Alert,
    answer: Annotated[str, typer.Argument(help="engaged, evaded or not_engaged.")],
    by: AuthenticatedPerson,
    correct: Correct = False,
) -> Output:
    """Record what the officers on the ground did.

    Example: lfr alerts engage 1f0c2a7e engaged
    """
    from lfr_core.domain.alerts import Engagement

    word = _parse_answer(Engagement, answer)
    return _record(installation, alert, by, lambda service: service.engage, word, correct=correct)


@command(app, migrated=True)
def outcome(
    installation: Installation,
    alert: Alert,
    answer: Annotated[str, typer.Argument(help="arrest, other_disposal or no_action.")],
    by: AuthenticatedPerson,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="How long the person was detained, where somebody measured.")
    ] = None,
    correct: Correct = False,
) -> Output:
    """Record what came of an engagement; it is published by number, once for each person.

    Example: lfr alerts outcome 1f0c2a7e arrest --minutes 12
    """
    from functools import partial

    from lfr_core.domain.alerts import EngagementOutcome

    word = _parse_answer(EngagementOutcome, answer)
    return _record(
        installation, alert, by, lambda service: partial(service.record_outcome, minutes=minutes), word, correct=correct
    )


@command(app, migrated=True)
def review(
    installation: Installation,
    alert: Alert,
    answer: Annotated[str, typer.Argument(help="confirmed_true, confirmed_false or none.")],
    by: AuthenticatedPerson,
    correct: Correct = False,
) -> Output:
    """Record what was established about the person's identity afterwards.

    Example: lfr alerts review 1f0c2a7e confirmed_true
    """
    from lfr_core.domain.alerts import Review

    word = _parse_answer(Review, answer)
    return _record(installation, alert, by, lambda service: service.review, word, correct=correct)


def _parse_answer(kind: type[Answer], word: str) -> Answer:
    from lfr_core.common.errors import Refused

    try:
        return kind(word.replace("-", "_"))
    except ValueError as error:
        raise Refused(
            "alert.unknown-answer", f"{word!r} is no answer here; there are {', '.join(w.value for w in kind)}"
        ) from error


def _record(
    installation: Installation,
    alert: str,
    by: AuthenticatedPerson,
    choose: Callable[[DecisionService], Callable[..., Decision]],
    answer: StrEnum,
    *,
    correct: bool,
) -> Output:
    """Record an answer through the service's method that `choose` names, and read what stands then."""
    from lfr_core.alerts.decisions import DecisionService

    id = find(installation, alert)  # noqa: A001  the field's own word
    alert_output(installation, id, by=by)  # whoever may not see it isn't shown what is answered
    record = choose(DecisionService(installation.engine, installation.trail, installation.clock))
    record(id, answer, by, correct=correct)
    return alert_output(installation, id, by=by)
