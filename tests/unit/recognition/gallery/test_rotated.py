from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.custody.vault.watchlist_key import find_list_key, make_list_key
from lfr_core.domain.actors import SystemActor
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Reference, StoredRow
from lfr_core.recognition.gallery.rotated import (
    RotatedGallery,
    build_rotated_gallery,
    deployment_of_gallery,
    rotation_from_key,
)
from tests.support.records import NOW_NS
from tests.support.vaults import MemoryVault

KEY = bytes(range(32))
CONTRACT = "contract"


def units(seed: int, n: int) -> Floats:
    rows = np.random.default_rng(seed).normal(size=(n, 512))
    unit: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def references(rows: Floats) -> list[Reference]:
    return [Reference(f"r{i}", f"e{i}", row) for i, row in enumerate(rows)]


class Spy(ExactGallery):
    """What lies in the gallery below."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: list[Floats] = []

    def add(self, name: str, contract_id: str, references: Sequence[Reference]) -> tuple[StoredRow, ...]:
        self.stored += [r.template for r in references]
        return super().add(name, contract_id, references)


def test_a_turn_is_orthogonal_and_the_same_for_the_same_key() -> None:
    rotation = rotation_from_key(KEY, "dep").matrix.reveal()

    assert np.abs(rotation @ rotation.T - np.eye(512)).max() < 1e-12
    assert np.array_equal(rotation, rotation_from_key(KEY, "dep").matrix.reveal())


def test_a_turn_is_pinned_so_that_an_enrolled_gallery_can_be_searched_by_the_next_version() -> None:
    rotation = rotation_from_key(KEY, "dep").matrix.reveal()

    assert rotation[0, :3] == pytest.approx(PINNED, abs=1e-9)


PINNED = [-0.035390998345, 0.028590232014, -0.010676411144]


def test_turns_are_spread_evenly_over_all_directions() -> None:
    rotation = rotation_from_key(KEY, "dep").matrix.reveal()

    # entries of a uniformly random orthogonal matrix: mean 0, variance 1/512, kurtosis of a Gaussian
    assert abs(rotation.mean()) < 4 / 512**1.5
    assert rotation.var() == pytest.approx(1 / 512, rel=0.02)
    assert float((rotation**4).mean() * 512**2) == pytest.approx(3.0, rel=0.03)
    assert abs(np.trace(rotation)) < 5.0


def test_scores_are_those_of_the_plain_gallery() -> None:
    rows, probes = units(1, 200), units(2, 20)
    plain, rotated = ExactGallery(), RotatedGallery(ExactGallery(), lambda _: rotation_from_key(KEY, "dep"))
    for gallery in (plain, rotated):
        gallery.create("g", CONTRACT)
        gallery.add("g", CONTRACT, references(rows))

    found = [g.search("g", CONTRACT, np.concatenate([probes, rows[:5]]), limit=7) for g in (plain, rotated)]

    assert [[c.entry for c in row] for row in found[0]] == [[c.entry for c in row] for row in found[1]]
    assert [c.similarity for row in found[1] for c in row] == pytest.approx(
        [c.similarity for row in found[0] for c in row], abs=1e-6
    )


def test_one_person_in_two_deployments_lies_there_as_unrelated_vectors() -> None:
    person, vault, stored = units(3, 1), MemoryVault(), []
    for deployment in ("one", "two"):
        spy = Spy()
        gallery = build_rotated_gallery(spy, vault, actor=SystemActor.ENROLMENT, may_make=True, clock=SystemClock())
        gallery.create(gallery_name(deployment), CONTRACT)
        gallery.add(gallery_name(deployment), CONTRACT, references(person))
        stored.append(spy.stored[0])

    assert abs(float(stored[0] @ stored[1])) < 0.25  # 5 standard deviations of unrelated unit vectors
    assert abs(float(stored[0] @ person[0])) < 0.25


@pytest.mark.parametrize("deployment", ["demo-1", "a", "x__y", "x_y", "A.b-c_2d", "lfr", "_2d"])
def test_a_collections_name_gives_its_deployment_back_with_and_without_an_attempt(deployment: str) -> None:
    name = gallery_name(deployment)

    assert [deployment_of_gallery(name), deployment_of_gallery(f"{name}__0af3")] == [deployment] * 2


@pytest.mark.parametrize("name", ["other", "lfr_", "lfr_a_", "lfr_a__b__c", "lfr__a", "lfr__ff"])
def test_a_name_of_something_else_is_refused(name: str) -> None:
    with pytest.raises(Poison, match="names no deployment"):
        deployment_of_gallery(name)


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def enrolled(vault: MemoryVault) -> tuple[ExactGallery, str]:
    below, name = ExactGallery(), gallery_name("dep")
    gallery = build_rotated_gallery(below, vault, actor=SystemActor.ENROLMENT, may_make=True, clock=SystemClock())
    gallery.create(name, CONTRACT)
    gallery.add(name, CONTRACT, references(units(4, 3)))
    return below, name


def test_a_worker_finds_what_the_enrolment_rotated_and_consults_the_key_once() -> None:
    vault = MemoryVault()
    below, name = enrolled(vault)
    ticks = Ticks()
    worker = build_rotated_gallery(below, vault, actor=SystemActor.RECOGNISER, monotonic=ticks, clock=SystemClock())

    for _ in range(5):
        ticks.now += 3.0
        ((candidate,),) = worker.search(name, CONTRACT, units(4, 3)[1:2])

    assert candidate.entry == "e1"
    assert candidate.similarity == pytest.approx(1.0, abs=1e-6)
    assert [actor for _, actor, _ in vault.opened] == [SystemActor.RECOGNISER]


def test_after_the_lists_key_is_destroyed_nothing_is_searched_within_the_lease_and_no_key_is_made_anew() -> None:
    vault = MemoryVault()
    below, name = enrolled(vault)
    ticks = Ticks()
    worker = build_rotated_gallery(below, vault, actor=SystemActor.RECOGNISER, monotonic=ticks, clock=SystemClock())
    worker.search(name, CONTRACT, units(4, 1))
    info = find_list_key(vault, "dep")
    assert info is not None

    vault.destroy([info.id], rule=ErasureRule.LIST_ENDED)
    ticks.now += 2.0

    with pytest.raises(Refused) as caught:
        worker.search(name, CONTRACT, units(4, 1))
    assert caught.value.rule == "vault.key-gone"
    assert vault.kept(KeyKind.WATCHLIST) == ()


def test_with_the_vault_away_there_is_no_search_and_afterwards_there_is() -> None:
    vault = MemoryVault()
    below, name = enrolled(vault)
    ticks = Ticks()
    worker = build_rotated_gallery(below, vault, actor=SystemActor.RECOGNISER, monotonic=ticks, clock=SystemClock())
    worker.search(name, CONTRACT, units(4, 1))
    vault.away = True
    ticks.now += 2.0

    with pytest.raises(Retryable):
        worker.search(name, CONTRACT, units(4, 1))
    vault.away = False

    assert len(worker.search(name, CONTRACT, units(4, 1))[0]) == 1


def test_the_lists_key_is_one_for_a_deployment() -> None:
    vault = MemoryVault()

    first = make_list_key(vault, "dep", now_ns=NOW_NS)

    with pytest.raises(Refused, match="already"):
        make_list_key(vault, "dep", now_ns=NOW_NS + 1)
    assert find_list_key(vault, "dep") == first.info
    assert make_list_key(vault, "other", now_ns=NOW_NS).key != first.key
