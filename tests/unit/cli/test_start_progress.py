"""A start says how far it is."""

from __future__ import annotations

from pathlib import Path

from apps.cli.start_progress import StartProgress
from apps.supervisor import ChildReport, ChildState


def child(name: str, state: ChildState) -> ChildReport:
    return ChildReport(
        name=name, state=state, pid=1, pid_created=0.0, since_ns=0, restarts=0, why="", log=Path("log"), ports=()
    )


def test_each_part_is_told_once_when_it_is_ready_with_the_seconds_since_the_start() -> None:
    said: list[str] = []
    seconds = iter([0.0, 3.2, 9.0])
    progress = StartProgress(said.append, lambda: next(seconds))

    progress.tell([child("vault", ChildState.STARTING), child("broker", ChildState.STARTING)])
    progress.tell([child("vault", ChildState.READY), child("broker", ChildState.STARTING)])
    progress.tell([child("vault", ChildState.READY), child("broker", ChildState.READY)])

    assert said == ["vault is ready after 3 s (1 of 2)", "broker is ready after 9 s (2 of 2)"]


def test_where_the_pages_are_is_told_once_as_soon_as_they_answer_while_the_rest_starts() -> None:
    said: list[str] = []
    progress = StartProgress(said.append)
    names = ("vault", "identity", "page", "flows")

    for ready in (2, 3, 3):
        states = [ChildState.READY] * ready + [ChildState.STARTING] * (4 - ready)
        progress.tell_pages([child(*each) for each in zip(names, states, strict=True)], "http://127.0.0.1:8501")

    assert said == ["the pages answer, while the rest starts: http://127.0.0.1:8501"]


def test_a_start_without_pages_names_no_address_of_theirs() -> None:
    said: list[str] = []

    StartProgress(said.append).tell_pages(
        [child("vault", ChildState.READY), child("flows", ChildState.STARTING)], "http://127.0.0.1:8501"
    )

    assert said == []
