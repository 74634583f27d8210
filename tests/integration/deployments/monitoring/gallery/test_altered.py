"""A gallery that isn't its list: emptied, altered, added to, swapped, replaced. On a real Milvus Lite server each is
found at opening, by the watch and by a recogniser that loads it, and the gate shuts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

import pytest
from sqlmodel import select

from lfr_core.common.errors import Refused
from lfr_core.deployments.monitoring.gallery import GalleryCheck
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import Condition
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.gallery.prefilter import PrefilteredGallery
from lfr_core.recognition.loading import ComparedGallery
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import CallRow
from tests.support.altered_galleries import Tampered, added, after, find_row, retry_while_unavailable, shut_by, watch_of
from tests.support.galleries import fill, reference
from tests.support.people import authenticated
from tests.support.planning import OPERATOR, PlanningHarness
from tests.support.records import entry
from tests.support.tiers import leave_to_long

S = DeploymentStatus
ENTRIES = tuple(entry(f"person-{n}") for n in range(6))


def emptied(by: Tampered, _gallery: MilvusGallery) -> None:
    """All but the drawn test face: the case that passed every check."""
    by.delete(*(each.id for one in ENTRIES for each in one.references))


def altered(by: Tampered, _gallery: MilvusGallery) -> None:
    by.put(Reference("person-3/1", "person-3", reference("of somebody else", "").template))


def swapped(by: Tampered, _gallery: MilvusGallery) -> None:
    one, two = reference("person-1/1", "person-1"), reference("person-2/1", "person-2")
    by.put(Reference(one.id, one.entry, two.template), Reference(two.id, two.entry, one.template))


def replaced(_by: Tampered, gallery: MilvusGallery) -> None:
    """Another list under the same name."""
    name = next(name for name in gallery.names())
    gallery.drop(name)
    fill(gallery, name, "contract", tuple(entry(f"other-{n}") for n in range(6)))


def remade_for_another_model(_by: Tampered, gallery: MilvusGallery) -> None:
    name = next(name for name in gallery.names())
    gallery.drop(name)
    fill(gallery, name, "another contract", ENTRIES)


def dropped(_by: Tampered, gallery: MilvusGallery) -> None:
    gallery.drop(next(name for name in gallery.names()))


CHANGES: dict[Callable[[Tampered, MilvusGallery], None], str] = {
    emptied: "6 photographs are missing",
    altered: "1 photograph isn't the one that was enrolled",
    added: "1 photograph is there that isn't on the list",
    swapped: "2 photographs aren't those that were enrolled",
    replaced: "6 photographs are missing, 6 photographs are there that aren't on the list",
    remade_for_another_model: "it was made with another face model",
    dropped: "it is gone",
}
DEFECTS = pytest.mark.parametrize(
    "change", leave_to_long(CHANGES, but=[emptied, altered, swapped, added]), ids=lambda change: change.__name__
)
FEW_DEFECTS = pytest.mark.parametrize(
    "change", leave_to_long(CHANGES, but=[emptied]), ids=lambda change: change.__name__
)
"""All of them in the long suite: what is compared is the same function as at the opening."""


def test_a_gallery_that_is_its_list_is_open_and_stays_so(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    watch = watch_of(harness)

    for _ in range(30):
        watch.tick()
        after(harness, harness.policy.live_probe.gallery_every_s)

    assert (find_row(harness).status, shut_by(harness)) == (S.LIVE, "")


@pytest.mark.fault("gallery emptied, altered, swapped")
@DEFECTS
def test_it_is_found_at_opening_and_nothing_opens(
    harness: PlanningHarness, tampered: Callable[[], Tampered], change: Callable[[Tampered, MilvusGallery], None]
) -> None:
    made = harness.walk(S.READY, entries=ENTRIES)
    harness.wait_until(made.starts_at)
    harness.touch()
    harness.prove()  # by a self-test of a moment ago: green
    assert harness.compare() == ""
    assert isinstance(harness.gallery, MilvusGallery)
    change(tampered(), harness.gallery)

    with pytest.raises(Refused) as refused:
        harness.deployments.open("dep", by=authenticated(OPERATOR))

    assert refused.value.rule == f"gate.{Condition.GALLERY_UNCHANGED}"
    assert CHANGES[change] in str(refused.value)
    assert find_row(harness).status == S.READY


@pytest.mark.fault("gallery emptied, altered, swapped")
@FEW_DEFECTS
def test_the_watch_finds_it_suspends_and_calls_who_must_act(
    harness: PlanningHarness, tampered: Callable[[], Tampered], change: Callable[[Tampered, MilvusGallery], None]
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    watch = watch_of(harness)
    watch.tick()
    assert isinstance(harness.gallery, MilvusGallery)
    change(tampered(), harness.gallery)

    after(
        harness, harness.policy.live_probe.gallery_every_s + 2
    )  # what is known of a collection is believed for a second
    watch.tick()

    assert find_row(harness).status == S.SUSPENDED
    assert CHANGES[change] in find_row(harness).suspended_why
    assert CHANGES[change] in shut_by(harness)
    with reading(harness.engine) as session:
        assert [CHANGES[change] in one.why for one in session.exec(select(CallRow)) if "faces in use" in one.why] == [
            True
        ]


@pytest.mark.fault("gallery emptied, altered, swapped")
@FEW_DEFECTS
def test_a_recogniser_that_loads_it_searches_nothing_and_the_gate_shuts(
    harness: PlanningHarness, tampered: Callable[[], Tampered], change: Callable[[Tampered, MilvusGallery], None]
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    row, probe = find_row(harness), reference("person-1/1", "").template[None]
    assert isinstance(harness.gallery, MilvusGallery)
    loaded = ComparedGallery(harness.gallery, GalleryCheck(harness.engine, harness.gallery, harness.clock))
    before = retry_while_unavailable(lambda: loaded.search(row.gallery or "", "contract", probe))
    change(tampered(), harness.gallery)

    another = ComparedGallery(harness.gallery, GalleryCheck(harness.engine, harness.gallery, harness.clock))

    with pytest.raises(Refused) as refused:
        retry_while_unavailable(lambda: another.search(row.gallery or "", "contract", probe))

    assert before[0][0].entry == "person-1"
    assert refused.value.rule == "gallery.changed"
    assert CHANGES[change] in shut_by(harness)
    watch_of(harness).tick()
    assert find_row(harness).status == S.SUSPENDED


@pytest.mark.fault("gallery emptied, altered, swapped")
@pytest.mark.parametrize("copied", [True, False], ids=["with a copy", "before the copy"])
@pytest.mark.parametrize(
    "change",
    leave_to_long([emptied, altered, swapped, replaced], but=[emptied]),
    ids=lambda change: change.__name__,
)
def test_a_live_probe_searches_people_of_the_list_and_finds_out_a_gallery_whose_drawn_face_is_intact(
    harness: PlanningHarness,
    tampered: Callable[[], Tampered],
    change: Callable[[Tampered, MilvusGallery], None],
    copied: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    name, probe = find_row(harness).gallery or "", reference("person-1/1", "").template[None]
    assert isinstance(harness.gallery, MilvusGallery)
    screen = PrefilteredGallery(harness.gallery) if copied else None
    loaded = ComparedGallery(
        screen or harness.gallery, GalleryCheck(harness.engine, harness.gallery, harness.clock), screen
    )
    retry_while_unavailable(lambda: loaded.search(name, "contract", probe, at_least=0.45))
    while screen is not None and not screen.holds(name):
        loaded.search(name, "contract", probe, at_least=0.45)
    before = {loaded.finds_people(name, "contract") for _ in range(5)}
    change(tampered(), harness.gallery)

    probes = takewhile(bool, (loaded.finds_people(name, "contract") for _ in range(100)))

    assert before == {True}
    assert sum(1 for _ in probes) < 100
    with pytest.raises(Refused) as refused:
        retry_while_unavailable(lambda: loaded.search(name, "contract", probe, at_least=0.45))
    assert refused.value.rule == "gallery.changed"
    assert CHANGES[change] in shut_by(harness)
