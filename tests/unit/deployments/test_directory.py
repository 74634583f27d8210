from __future__ import annotations

from dataclasses import replace

import pytest

from lfr_core.common.errors import Retryable
from lfr_core.deployments.directory import CachedDirectory
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from tests.support.records import ManualClock

LIVE = DeploymentView("dep", DeploymentKind.DEMO, DeploymentStatus.LIVE, "g", "c", 0.45, 2, live_only=True)


class Store:
    """Answers what it is told to, counts its questions, and can be away."""

    def __init__(self, view: DeploymentView | None) -> None:
        self.view = view
        self.asked = 0
        self.away = False

    def find(self, deployment: str) -> DeploymentView | None:
        self.asked += 1
        assert deployment
        if self.away:
            raise Retryable("the database is away")
        return self.view


def test_an_answer_is_kept_no_longer_than_its_age_allows() -> None:
    store, clock = Store(LIVE), ManualClock()
    directory = CachedDirectory(store, clock, max_age_s=1.0)

    assert directory.find("dep") == LIVE
    store.view = replace(LIVE, status=DeploymentStatus.ENDED)
    clock.advance(0.9)
    assert directory.find("dep") == LIVE
    clock.advance(0.1)
    assert directory.find("dep") == store.view
    assert store.asked == 2


def test_when_records_are_away_the_last_answer_is_not_used_past_its_age() -> None:
    store, clock = Store(LIVE), ManualClock()
    directory = CachedDirectory(store, clock, max_age_s=1.0)
    directory.find("dep")
    store.away = True
    clock.advance(1.0)

    for _ in range(2):
        with pytest.raises(Retryable):
            directory.find("dep")


def test_an_unknown_deployment_is_asked_for_once_a_second_not_once_a_frame() -> None:
    store, clock = Store(None), ManualClock()
    directory = CachedDirectory(store, clock, max_age_s=1.0)

    assert [directory.find("nowhere") for _ in range(25)] == [None] * 25
    assert store.asked == 1


def test_a_flood_of_unknown_names_does_not_fill_the_memory() -> None:
    directory = CachedDirectory(Store(None), ManualClock(), max_age_s=1.0)

    for i in range(5_000):
        directory.find(f"nowhere-{i}")

    assert len(directory._known) <= 1_000
