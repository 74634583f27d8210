"""A gallery that is altered, or whose list in the records is, keeps the gate shut until it is its list again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import col, select

from lfr_core.common.errors import Refused
from lfr_core.deployments.gallery_binding import allow_canary
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.reserved import CANARY_ENTRY, LIVE_PROBE_REFERENCE, MOST_CANARIES
from lfr_core.domain.watchlists import Category
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import StoredRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import GalleryReferenceRow, WatchlistEntryRow
from tests.support.altered_galleries import Tampered, added, after, find_row, shut_by, watch_of
from tests.support.galleries import fill, reference
from tests.support.milvus import MilvusServer
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planning import OFFICER, PlanningHarness
from tests.support.records import entry
from tests.support.tiers import leave_to_long

S = DeploymentStatus
ENTRIES = tuple(entry(f"person-{n}") for n in range(6))


def test_a_resumed_deployment_whose_gallery_is_still_another_stays_shut_and_is_suspended_again(
    harness: PlanningHarness, tampered: Callable[[], Tampered]
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    added(by := tampered(), harness.gallery)  # type: ignore[arg-type]  # Milvus's
    watch = watch_of(harness)
    watch.tick()
    harness.deployments.resume("dep", by=authenticated(OFFICER))
    resumed = shut_by(harness)
    watch.tick()
    again = find_row(harness).status

    by.delete("not on the list")
    harness.deployments.resume("dep", by=authenticated(OFFICER))
    watch.tick()

    assert "1 photograph is there" in resumed
    assert again == S.SUSPENDED
    assert (find_row(harness).status, shut_by(harness)) == (S.LIVE, "")


def test_a_canary_that_the_records_know_is_no_stranger_and_another_with_its_name_is(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    row, canary = find_row(harness), reference("canary-1", CANARY_ENTRY)
    name = row.gallery or ""
    (handed,) = harness.gallery.add(name, "contract", [canary])
    unknown = harness.compare()
    with overwriting(harness.engine) as session:
        allow_canary(session, "dep", handed)
    known = harness.compare()
    watch = watch_of(harness)
    watch.tick()
    after(harness, harness.policy.live_probe.gallery_every_s)
    watch.tick()

    assert unknown == "1 photograph is there that isn't on the list"
    assert known == ""
    assert find_row(harness).status == S.LIVE


def test_no_more_canaries_are_let_in_than_a_search_sees_past(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    rows = [StoredRow(f"canary-{number}", CANARY_ENTRY, "00" * 32) for number in range(MOST_CANARIES + 1)]
    with overwriting(harness.engine) as session:
        for row in rows[:-1]:
            allow_canary(session, "dep", row)
        with pytest.raises(Refused, match="could hide a person"):
            allow_canary(session, "dep", rows[-1])
    assert harness.compare() == ""

    with overwriting(harness.engine) as session:  # as whoever has the database's login can
        session.add(GalleryReferenceRow(deployment="dep", id="canary-8", entry=CANARY_ENTRY, sha256="00" * 32))

    assert harness.compare() == "the records allow more test records in it than there may be"


@pytest.mark.parametrize("what", leave_to_long(["entry", "binding", "binding and digest"], but=["entry"]))
def test_a_list_in_the_records_that_is_not_the_approved_one_shuts_the_gate(harness: PlanningHarness, what: str) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    with overwriting(harness.engine) as session:
        if what == "entry":
            session.get_one(WatchlistEntryRow, ("dep", "person-1")).category = Category.HIGH_RISK_MISSING
        else:
            session.delete(session.get_one(GalleryReferenceRow, ("dep", "person-1/1")))
            session.flush()
        if what == "binding and digest":
            from lfr_core.deployments.gallery_binding import bind_gallery, read_bound_rows

            left = read_bound_rows(session, "dep")
            for one in session.exec(select(GalleryReferenceRow).where(col(GalleryReferenceRow.deployment) == "dep")):
                session.delete(one)
            session.flush()
            bind_gallery(session, session.get_one(DeploymentRow, "dep"), left)

    why = harness.compare()

    expected = "the records of what it must hold were changed"
    assert why == (expected if what == "binding" else "the list in the records isn't the one that was approved")
    assert why in shut_by(harness)


@pytest.mark.slow
def test_an_emptied_trial_is_suspended_too(
    harness: PlanningHarness, gallery: MilvusGallery, milvus: MilvusServer
) -> None:
    harness.deployments.create("dep", DeploymentKind.DEMO, name="High Street")
    held = fill(gallery, "lfr_dep", "contract", ENTRIES)
    harness.deployments.attach_watchlist("dep", "contract", "lfr_dep", ENTRIES, held=held)
    harness.deployments.open("dep")
    before = shut_by(harness)
    by = Tampered(milvus, "lfr_dep")
    by.delete(LIVE_PROBE_REFERENCE, *(each.id for one in ENTRIES for each in one.references))
    by.close()

    watch_of(harness).tick()

    assert before == ""
    assert find_row(harness).status == S.SUSPENDED
    assert find_row(harness).suspended_why.endswith(": it is empty")


def test_a_list_that_is_bound_to_nothing_opens_no_gate(harness: PlanningHarness) -> None:
    harness.deployments.create("dep", DeploymentKind.DEMO, name="High Street")
    harness.deployments.attach_watchlist("dep", "contract", "lfr_dep", ENTRIES)

    assert "nothing shows what it must hold" in shut_by(harness)
