"""A trial opens once its gallery was seen to hold its list, and for no longer than the policy says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Refused
from lfr_core.deployments.trials import open_trial
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine, reading
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.galleries import held_by
from tests.support.records import entry, store_of

POLICY = load_policy()


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    store = store_of(engine)
    store.create("trial", DeploymentKind.DEMO, name="trial", policy=POLICY)
    store.attach_watchlist("trial", "contract", "gallery_trial", (entry(),), held=held_by((entry(),)))
    yield engine
    engine.dispose()


def test_with_another_list_in_its_gallery_it_stays_shut(engine: Engine) -> None:
    store = store_of(engine)

    with pytest.raises(Refused) as refused:
        open_trial(store, "trial", policy=POLICY, compare=lambda _: "it is empty")

    assert (refused.value.rule, "it is empty" in str(refused.value)) == ("gate.gallery-unchanged", True)
    found = store.find("trial")
    assert found is not None
    assert found.status is DeploymentStatus.READY


@pytest.mark.parametrize("hours", [None, 1.0, 24.0])
def test_it_is_open_for_so_many_hours_and_the_policys_at_most(engine: Engine, hours: float | None) -> None:
    opened = open_trial(store_of(engine), "trial", policy=POLICY, compare=lambda _: "", hours=hours)

    assert opened.status is DeploymentStatus.LIVE
    with reading(engine) as session:
        row = session.get_one(DeploymentRow, "trial")
    assert row.closes_at is not None
    assert row.opened_at is not None
    wanted = POLICY.vault.max_open_h if hours is None else min(hours, POLICY.vault.max_open_h)
    assert row.closes_at - row.opened_at == timedelta(hours=wanted)
