"""An open page of a deployment is drawn anew whenever somebody, or a flow, has moved it on, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.planner.act_keys import overview_key
from tests.support.people import authenticated
from tests.support.planner_view import planner_view_of
from tests.support.planning import PLANNER, PlanningHarness


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def test_each_act_changes_what_the_page_was_drawn_of_and_looking_again_doesnt(harness: PlanningHarness) -> None:
    view = planner_view_of(harness)
    by = authenticated(PLANNER)
    harness.plan()
    keys = [overview_key(view.read_overview("dep"))]

    acts: tuple[Callable[[], object], ...] = (
        harness.authorise,
        harness.announce,  # as the flow does: its status stays
        harness.compile,
        harness.approve,
        lambda: harness.deployments.confirm("dep", by=by, signage=True),
        lambda: harness.deployments.confirm("dep", by=by, briefing=True),
        lambda: harness.deployments.mark_ready("dep", by=by),
    )
    for act in acts:
        harness.touch()
        act()
        keys.append(overview_key(view.read_overview("dep")))
        assert overview_key(view.read_overview("dep")) == keys[-1]

    assert len(set(keys)) == len(acts) + 1
