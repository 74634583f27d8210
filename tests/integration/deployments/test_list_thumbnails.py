"""The photographs of a list in small: for the officer who approves it, while it waits for that, and gone afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
import pytest
from sqlmodel import select

from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.list_thumbnails import ON_A_PAGE, PURPOSE, SIDE_PX, ListThumbnails, ThumbnailPage
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import PlannedDeploymentRow
from lfr_core.storage.tables.watchlists import ListThumbnailRow
from tests.support.galleries import held_by
from tests.support.overwriting import overwriting
from tests.support.people import CAST, FAR, authenticated
from tests.support.planning import OFFICER, OTHER_OFFICER, PLANNER, PlanningHarness
from tests.support.records import entry


def crop(brightness: int) -> bytes:
    """A crop as enrolment makes them: 200 px a side, all of one grey."""
    return bytes(cv2.imencode(".jpg", np.full((200, 200, 3), brightness, np.uint8))[1])


def page(harness: PlanningHarness, number: int = 1, name: str = OFFICER, **changes: Any) -> ThumbnailPage:
    asked = {"by": authenticated(name)} | changes
    if "digest" not in asked:
        asked["digest"] = harness.digest()
    found = ListThumbnails(harness.engine, harness.vault, harness.clock)
    return found.open_page(str(asked.pop("deployment", "dep")), number, **asked)


def rows(harness: PlanningHarness) -> list[str]:
    with reading(harness.engine) as session:
        return sorted(session.exec(select(ListThumbnailRow.entry)).all())


def refused(rule: str, act: Callable[[], object]) -> None:
    with pytest.raises(Refused) as found:
        act()
    assert found.value.rule == rule


def brightness_of(jpeg: bytes) -> int:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (SIDE_PX, SIDE_PX, 3)
    return round(float(image.mean()))


def test_the_officer_sees_each_entry_once_those_under_18_first_a_page_at_a_time(harness: PlanningHarness) -> None:
    child = entry("z", category=Category.HIGH_RISK_MISSING, age=12, crop=crop(200))
    others = [entry(f"e{n:02}", crop=crop(100)) for n in range(ON_A_PAGE)]
    harness.walk(DeploymentStatus.LIST_BUILT, entries=(*others, child))

    first, second = page(harness), page(harness, 2)

    assert (first.number, first.pages, first.entries) == (1, 2, ON_A_PAGE + 1)
    assert (len(first.shown), len(second.shown)) == (ON_A_PAGE, 1)
    assert (first.shown[0].category, first.shown[0].age) == (Category.HIGH_RISK_MISSING.value, 12)
    assert {each.age for each in (*first.shown[1:], *second.shown)} == {None}
    pictures = [each.jpeg.reveal() for each in (*first.shown, *second.shown) if each.jpeg is not None]
    assert [abs(brightness_of(each) - grey) < 5 for each, grey in zip(pictures, [200] + [100] * 24, strict=True)]
    assert max(map(len, pictures)) < 4_000
    assert (page(harness, 99).number, page(harness, -1).number) == (2, 1)


def test_nobody_else_sees_them_nor_who_planned_it_nor_an_officer_who_is_logged_out(harness: PlanningHarness) -> None:
    harness.walk(DeploymentStatus.LIST_BUILT, entries=(entry(crop=crop(100)),))
    assert page(harness, name=OTHER_OFFICER).shown[0].jpeg is not None

    for name in set(CAST) - {OFFICER}:
        refused("people.wrong-role", partial(page, harness, name=name))
    refused("people.unknown", lambda: page(harness, name="Joe Public"))
    refused("login.expired", lambda: page(harness, by=authenticated(OFFICER, at=FAR, ends_at=harness.now)))
    with overwriting(harness.engine) as session:
        session.get_one(PlannedDeploymentRow, "dep").compiler = OFFICER
    refused("deployment.same-person", lambda: page(harness))
    key = harness.vault.kept(KeyKind.WATCHLIST, "dep")[0].id
    refused("deployment.same-person", lambda: harness.vault.open_kept(key, actor=OFFICER, purpose=PURPOSE))


def test_they_are_gone_once_the_list_is_approved_and_the_vault_lends_no_key_of_it(harness: PlanningHarness) -> None:
    harness.walk(DeploymentStatus.LIST_BUILT, entries=(entry(crop=crop(100)),))
    assert rows(harness) == ["entry-1"]
    key = harness.vault.kept(KeyKind.WATCHLIST, "dep")[0].id
    harness.vault.open_kept(key, actor=OFFICER, purpose=PURPOSE)

    harness.approve()

    assert rows(harness) == []
    refused("deployment.wrong-state", lambda: page(harness))
    refused("deployment.wrong-state", lambda: harness.vault.open_kept(key, actor=OFFICER, purpose=PURPOSE))


def test_they_are_gone_with_a_list_that_is_given_up(harness: PlanningHarness) -> None:
    harness.walk(DeploymentStatus.LIST_BUILT, entries=(entry(crop=crop(100)),))
    key = harness.vault.kept(KeyKind.WATCHLIST, "dep")[0].id

    harness.deployments.cancel("dep", "rain", by=authenticated(PLANNER))
    assert rows(harness) == []
    refused("deployment.wrong-state", lambda: page(harness))
    refused("vault.key-gone", lambda: harness.vault.open_kept(key, actor=OFFICER, purpose=PURPOSE))


def test_another_deployments_list_is_not_shown_nor_one_compiled_since_the_officer_looked(
    harness: PlanningHarness,
) -> None:
    harness.walk(DeploymentStatus.LIST_BUILT, entries=(entry("a", crop=crop(100)),))
    seen = harness.digest()
    harness.plan("elsewhere")
    refused("deployment.wrong-state", lambda: page(harness, deployment="elsewhere"))
    refused("deployment.unknown", lambda: page(harness, deployment="nowhere"))

    harness.compile(entries=(entry("b", crop=crop(150)),))

    assert rows(harness) == ["b"]
    refused("deployment.list-changed", lambda: page(harness, digest=seen))
    assert page(harness).entries == 1


def test_a_trials_list_has_none(harness: PlanningHarness) -> None:
    harness.deployments.create("trial", DeploymentKind.DEMO, name="trial")
    entries = (entry(crop=crop(100)),)
    harness.deployments.attach_watchlist("trial", "contract", "gallery_trial", entries, held=held_by(entries))

    assert rows(harness) == []
    refused("deployment.trial", lambda: page(harness, deployment="trial", digest=""))


def test_a_thumbnail_put_beside_another_entry_or_of_another_crop_opens_to_nothing(harness: PlanningHarness) -> None:
    harness.walk(DeploymentStatus.LIST_BUILT, entries=(entry("a", crop=crop(100)), entry("b", crop=crop(150))))
    with reading(harness.engine) as session:
        kept = {each.entry: each.jpeg_sealed for each in session.exec(select(ListThumbnailRow))}
    with overwriting(harness.engine) as session:
        session.get_one(ListThumbnailRow, ("dep", "a")).jpeg_sealed = kept["b"]
    refused("vault.not-authentic", lambda: page(harness))

    harness.compile(entries=(entry("a", crop=crop(200)), entry("b", crop=crop(150))))
    with overwriting(harness.engine) as session:  # of the list before, under the same key
        session.get_one(ListThumbnailRow, ("dep", "a")).jpeg_sealed = kept["a"]
    refused("vault.not-authentic", lambda: page(harness))


def test_an_entry_without_a_picture_is_shown_as_one(harness: PlanningHarness) -> None:
    harness.walk(DeploymentStatus.LIST_BUILT, entries=(entry("a", crop=b"no picture"), entry("b", crop=crop(150))))

    assert [each.jpeg is None for each in page(harness).shown] == [True, False]
