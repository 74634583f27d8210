"""A service is put together in one place: whoever needs one asks the `build*.py` of its context."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from lfr_core.common.project import PROJECT

_ENDS = ("Service", "Builder", "Exports", "Erasure", "Register", "PublicSite")
_MAY = {"DecisionService"}
"""Of engine, trail and clock alone: the pages are given these, and nothing about it could differ."""


def _constructed() -> dict[str, set[str]]:
    places = defaultdict[str, set[str]](set)
    for folder in ("apps", "flows", "streams", "lfr_core"):
        for file in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith(_ENDS):
                    places[node.func.id].add(str(Path(file).relative_to(PROJECT)))
    return places


def test_no_service_is_put_together_in_two_places() -> None:
    places = _constructed()

    assert places["DeploymentService"] == {"lfr_core/deployments/build.py"}
    assert {name: sorted(at) for name, at in places.items() if len(at) > 1 and name not in _MAY} == {}


def test_the_machines_clock_is_taken_at_the_entry_points_alone() -> None:
    taken = {
        str(file.relative_to(PROJECT))
        for folder in ("apps", "flows", "streams", "lfr_core")
        for file in (PROJECT / folder).rglob("*.py")
        if "SystemClock(" in file.read_text(encoding="utf-8").replace("class SystemClock(", "")
    }

    # an installation's; a flow run and the process that purges begin before they have one
    assert taken == {"lfr_core/custody/installation.py", "flows/clock.py", "flows/purge.py"}
