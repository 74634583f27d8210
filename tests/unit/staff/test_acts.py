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
