"""`lfr alerts`: see a deployment's alerts, and record a person's answers to the three questions."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from apps.cli.common import AsJson, console, guard, load_settings, person_option, print_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy import Engine

    from lfr_core.alerts.read import AlertSummary, Answer
    from lfr_core.common.settings import Settings
    from lfr_core.domain.alerts import Decision

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="See alerts and record what people decided. The software never decides.")

Alert = Annotated[str, typer.Argument(metavar="ALERT", help="Id of the alert, or its first characters.")]
By = Annotated[str, person_option("--by", "Name of the person who answers.")]
Looks = Annotated[str, person_option("--by", "Who looks: an operator who has signed on (`lfr operator sign-on`).")]
Correct = Annotated[bool, typer.Option("--correct", help="Replace the answer that stands.")]
Word = TypeVar("Word", bound=StrEnum)


@app.command(name="list")
def list_(
    deployment: Annotated[str, typer.Option("--deployment", help="Id of the deployment.")],
    by: Looks,
    undecided: Annotated[bool, typer.Option("--undecided", help="Only those nobody has compared yet.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
    as_json: AsJson = False,
) -> None:
    """List a deployment's alerts, the newest first.

    Example: lfr alerts list --deployment high-street-0412 --undecided --by "A. Operator"
    """
    with guard():
        from rich.table import Column, Table

        from lfr_core.alerts import read
        from lfr_core.common.clock import utc_from_ns
        from lfr_core.common.errors import Refused

        with _records() as engine:
            if read.deployment(engine, deployment) is None:
                raise Refused(
                    "deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows them"
                )
            found = read.alerts(engine, deployment, by=by, now_ns=time.time_ns(), limit=limit, undecided_only=undecided)
        if as_json:
            print_json([_as_dict(one) for one in found])
            return
        if not found:
            console.print("No alert.")
            return
        table = Table(
            Column("Alert", no_wrap=True, min_width=8),
            "Seen (UTC)",
            "Camera",
            "Subject",
            "Category",
            "Similarity",
            "Shots",
            "Same?",
            "Review",
        )
        for one in found:
            table.add_row(
                str(one.id)[:8],
                f"{utc_from_ns(one.first_ns):%H:%M:%S}",
                one.camera,
                one.subject,
                one.category.value.replace("_", " "),
                f"{one.similarity:.2f}",
                str(one.sightings),
                _word(one.decision.judgement),
                _word(one.decision.review),
            )
        console.print(table)


@app.command()
def show(alert: Alert, by: Looks, as_json: AsJson = False) -> None:
    """Show what is known of one alert; `lfr alerts export` opens its pictures.

    Example: lfr alerts show 1f0c2a7e --by "A. Operator"
    """
    with guard():
        from lfr_core.alerts import read

        with _records() as engine:
            found = read.alert(engine, _find(engine, alert), by=by, now_ns=time.time_ns())
        assert found is not None  # _find has just seen it
        _print(found, as_json=as_json)


@app.command()
def export(
    alert: Alert,
    folder: Annotated[Path, typer.Argument(help="Written here, readable by you alone.")],
    by: Looks,
    purpose: Annotated[str, typer.Option("--purpose", help="What for, in a few words; it is put on the audit trail.")],
) -> None:
    """Open an alert's probe and references, on the audit trail, and write them as JPEG files.

    The copies are yours to delete: the vault's schedule doesn't reach them.

    Example: lfr alerts export 1f0c2a7e /tmp/alert --by "A. Operator" --purpose "second look"
    """
    with guard():
        from lfr_core.alerts.read import AlertCrops
        from lfr_core.custody.vault.client import vault_client

        settings = load_settings()
        with _records(settings) as engine:
            opened = AlertCrops(engine, vault_client(settings)).open(_find(engine, alert), by, purpose)
        _write(folder / "probe.jpg", opened.probe.reveal())
        for number, reference in enumerate(opened.references, start=1):
            _write(folder / f"reference-{number}.jpg", reference.jpeg.reveal())
        console.print(f"{1 + len(opened.references)} pictures are in {folder}: delete them when they have served.")
        console.print(f"Their code, for `lfr alerts judge --pictures`: {opened.digest}")


@app.command()
def judge(
    alert: Alert,
    answer: Annotated[str, typer.Argument(help="same, different or cant_tell.")],
    by: By,
    pictures: Annotated[
        str, typer.Option("--pictures", help="The code that `lfr alerts export` gave with the pictures you compared.")
    ],
    correct: Correct = False,
    as_json: AsJson = False,
) -> None:
    """Record the operator's answer: is the probe the same person as the reference?

    It is refused when a newer picture has come since yours were exported.

    Example: lfr alerts judge 1f0c2a7e same --pictures 5b0e6c1d92f47a38 --by "A. Operator"
    """
    with guard():
        from functools import partial

        from apps.auditing import trail_for
        from lfr_core.alerts.decisions import DecisionService
        from lfr_core.domain.alerts import Judgement, Shown

        word = _answer(Judgement, answer)
        settings = load_settings()
        with _records(settings) as engine:
            act = partial(DecisionService(engine, trail_for(settings)).judge, shown=Shown(pictures.strip().lower()))
            _done(engine, act, alert, word, by, correct=correct, as_json=as_json)


@app.command()
def engage(
    alert: Alert,
    answer: Annotated[str, typer.Argument(help="engaged, evaded or not_engaged.")],
    by: By,
    correct: Correct = False,
    as_json: AsJson = False,
) -> None:
    """Record what the officers on the ground did.

    Example: lfr alerts engage 1f0c2a7e engaged --by "B. Sergeant"
    """
    with guard():
        from apps.auditing import trail_for
        from lfr_core.alerts.decisions import DecisionService
        from lfr_core.domain.alerts import Engagement

        word = _answer(Engagement, answer)
        settings = load_settings()
        with _records(settings) as engine:
            _done(
                engine,
                DecisionService(engine, trail_for(settings)).engage,
                alert,
                word,
                by,
                correct=correct,
                as_json=as_json,
            )


@app.command()
def outcome(
    alert: Alert,
    answer: Annotated[str, typer.Argument(help="arrest, other_disposal or no_action.")],
    by: By,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="How long the person was detained, where somebody measured.")
    ] = None,
    correct: Correct = False,
    as_json: AsJson = False,
) -> None:
    """Record what came of an engagement; it is published by number, once for each person.

    Example: lfr alerts outcome 1f0c2a7e arrest --minutes 12 --by "B. Sergeant"
    """
    with guard():
        from functools import partial

        from apps.auditing import trail_for
        from lfr_core.alerts.decisions import DecisionService
        from lfr_core.domain.alerts import Outcome

        word = _answer(Outcome, answer)
        settings = load_settings()
        with _records(settings) as engine:
            act = partial(DecisionService(engine, trail_for(settings)).outcome, minutes=minutes)
            _done(engine, act, alert, word, by, correct=correct, as_json=as_json)


@app.command()
def review(
    alert: Alert,
    answer: Annotated[str, typer.Argument(help="confirmed_true, confirmed_false or none.")],
    by: By,
    correct: Correct = False,
    as_json: AsJson = False,
) -> None:
    """Record what was established about the person's identity afterwards.

    Example: lfr alerts review 1f0c2a7e confirmed_true --by "C. Inspector"
    """
    with guard():
        from apps.auditing import trail_for
        from lfr_core.alerts.decisions import DecisionService
        from lfr_core.domain.alerts import Review

        word = _answer(Review, answer)
        settings = load_settings()
        with _records(settings) as engine:
            _done(
                engine,
                DecisionService(engine, trail_for(settings)).review,
                alert,
                word,
                by,
                correct=correct,
                as_json=as_json,
            )


@contextmanager
def _records(settings: Settings | None = None) -> Iterator[Engine]:
    from lfr_core.storage.engine import open_engine
    from lfr_core.storage.migrate import upgrade

    settings = settings or load_settings()
    upgrade(settings.records_url)
    engine = open_engine(settings.records_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _find(engine: Engine, start: str) -> UUID:
    from lfr_core.alerts import read
    from lfr_core.common.errors import Refused

    found = read.alerts_starting(engine, start)
    if len(found) != 1:
        raise Refused(
            "alert.unknown" if not found else "alert.ambiguous",
            f"{len(found) or 'no'} alerts start with {start!r}; see `lfr alerts list --deployment ID`",
        )
    return found[0]


def _answer(kind: type[Word], word: str) -> Word:
    from lfr_core.common.errors import Refused

    try:
        return kind(word.replace("-", "_"))
    except ValueError as error:
        raise Refused(
            "alert.unknown-answer", f"{word!r} is no answer here; there are {', '.join(w.value for w in kind)}"
        ) from error


def _done(
    engine: Engine,
    act: Callable[..., Decision],
    alert: str,
    answer: StrEnum,
    by: str,
    *,
    correct: bool,
    as_json: bool,
) -> None:
    from lfr_core.alerts import read

    id = _find(engine, alert)  # noqa: A001  the field's own word
    read.alert(engine, id, by=by, now_ns=time.time_ns())  # whoever may not see it isn't shown what is answered
    act(id, answer, by, correct=correct)
    found = read.alert(engine, id, by=by, now_ns=time.time_ns())
    assert found is not None  # _find has just seen it
    _print(found, as_json=as_json)


def _print(one: AlertSummary, *, as_json: bool) -> None:
    values = _as_dict(one)
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        console.print(f"[dim]{name.replace('_', ' '):>16}[/dim]  ", end="")
        text = f"{value['by']}, {value['at']}" if isinstance(value, dict) else "—" if value is None else str(value)
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _as_dict(one: AlertSummary) -> dict[str, object]:
    from lfr_core.common.clock import utc_from_ns

    def who(answer: Answer | None) -> dict[str, str] | None:
        return None if answer is None else {"by": answer.by, "at": answer.at.isoformat()}

    return {
        "id": str(one.id),
        "deployment": one.deployment,
        "camera": one.camera,
        "entry": one.entry,
        "subject": one.subject,
        "category": one.category.value,
        "legal_reference": one.legal_reference,
        "first_seen": utc_from_ns(one.first_ns).isoformat(),
        "last_seen": utc_from_ns(one.last_ns).isoformat(),
        "first_sequence": one.first_sequence,
        "last_sequence": one.last_sequence,
        "similarity": round(one.similarity, 4),
        "threshold": one.threshold,
        "sightings": one.sightings,
        "judgement": one.decision.judgement,
        "judged": who(one.judged),
        "engagement": one.decision.engagement,
        "engaged": who(one.engaged),
        "review": one.decision.review,
        "reviewed": who(one.reviewed),
        "outcome": one.decision.outcome,
        "minutes": one.minutes,
        "resulted": who(one.resulted),
        "cell": one.cell.value,
    }


def _word(answer: StrEnum | None) -> str:
    return "—" if answer is None else answer.value.replace("_", " ")


def _write(file: Path, jpeg: bytes) -> None:
    """Biometric data: the folder and the file are their owner's alone."""
    from lfr_core.common.errors import Fatal

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(jpeg)
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}") from error
