"""What was done is said as it was typed: no name is read as a way to say something else."""

from __future__ import annotations

import pytest

from apps import acts

DRAWS = "apps.acts.st"


@pytest.mark.parametrize("name", ["Ann {0} Other", "Ann {nobody}", "Ann {0.__class__}", "Ann {", "Ann }"])
def test_a_name_with_braces_is_said_as_it_was_typed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    state: dict[str, object] = {}
    said: list[str] = []
    monkeypatch.setattr(f"{DRAWS}.session_state", state)
    monkeypatch.setattr(f"{DRAWS}.rerun", lambda: None)
    monkeypatch.setattr(f"{DRAWS}.success", said.append)

    acts.act(lambda: "made", f"{name} is registered.")
    acts.show_result()
    acts.act(lambda: "made", lambda made: f"{name} is {made}.")
    acts.show_result()

    assert said == [f"{name} is registered.", f"{name} is made."]


@pytest.mark.parametrize(
    ("later", "read_s", "said"), [("by itself", -1.0, 3), ("by a person", -1.0, 1), ("by a second click", 60.0, 3)]
)
def test_what_came_of_a_press_is_said_until_somebody_who_has_read_it_does_something_else(
    monkeypatch: pytest.MonkeyPatch, later: str, read_s: float, said: int
) -> None:
    state: dict[str, object] = {}
    shown: list[str] = []
    monkeypatch.setattr(f"{DRAWS}.session_state", state)
    monkeypatch.setattr(f"{DRAWS}.success", shown.append)
    monkeypatch.setattr(acts, "_READ_S", read_s)
    acts.keep_result("It is announced.")

    for drawing in range(3):
        state[acts.BY_ITSELF] = later == "by itself" and drawing > 0
        acts.show_result()

    assert shown == ["It is announced."] * said
