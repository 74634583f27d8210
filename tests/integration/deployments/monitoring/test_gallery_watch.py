"""A gallery that isn't its list: emptied, altered, added to, swapped, replaced. On a real Milvus Lite server each is
found at opening, by the watch and by a recogniser that loads it, and the gate shuts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.gallery_binding import allow_canary
from lfr_core.deployments.gate_facts import gate_facts
from lfr_core.deployments.monitoring.gallery import GalleryCheck, GalleryWatch
from lfr_core.deployments.monitoring.watch import WATCH, Watch
from lfr_core.deployments.reading import call
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.gate import Condition, GateLimits, gate
from lfr_core.domain.messages import NOT_LISTED
from lfr_core.domain.reserved import CANARY_ENTRY, LIVE_PROBE_ENTRY, LIVE_PROBE_REFERENCE
from lfr_core.domain.watchlists import Category
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery import Candidate, MilvusGallery, Reference
from lfr_core.recognition.gallery.checks import stored_row
from lfr_core.recognition.gallery.ranking import Hit
from lfr_core.recognition.gallery.screen import ScreenedGallery
from lfr_core.recognition.loading import ComparedGallery
from lfr_core.storage.engine import open_engine, reading
from lfr_core.storage.tables.deployments import CallRow, DeploymentRow
from lfr_core.storage.tables.watchlists import GalleryReferenceRow, WatchlistEntryRow
from tests.support.galleries import fill, reference
from tests.support.milvus import MilvusServer, milvus_server
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planning import OFFICER, OPERATOR, PlanningHarness
from tests.support.records import ManualClock, entry

S = DeploymentStatus
ENTRIES = tuple(entry(f"person-{n}") for n in range(6))


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus") / "data") as server:
        yield server


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def gallery(milvus: MilvusServer) -> Iterator[MilvusGallery]:
    made = MilvusGallery(milvus.uri)
    yield made
    for name in made.names():
        made.drop(name)
    made.close()


@pytest.fixture
def harness(engine: Engine, tmp_path: Path, gallery: MilvusGallery) -> PlanningHarness:
    made = PlanningHarness.on(engine, tmp_path)
    made.gallery = gallery
    return made


class Tampered:
    """What somebody does who can reach Milvus: by a client of its own, without our checks."""

    def __init__(self, server: MilvusServer, name: str) -> None:
        from pymilvus import MilvusClient

        self.client = MilvusClient(server.uri)
        self.name = name

    def delete(self, *ids: str) -> None:
        self.client.delete(self.name, ids=list(ids))

    def put(self, *rows: Reference) -> None:
        self.client.upsert(
            self.name, [{"id": row.id, "entry": row.entry, "template": row.template.tolist()} for row in rows]
        )

    def close(self) -> None:
        self.client.close()


def emptied(by: Tampered, _gallery: MilvusGallery) -> None:
    """All but the drawn test face: the case that passed every check."""
    by.delete(*(each.id for one in ENTRIES for each in one.references))


def altered(by: Tampered, _gallery: MilvusGallery) -> None:
    by.put(Reference("person-3/1", "person-3", reference("of somebody else", "").template))


def added(by: Tampered, _gallery: MilvusGallery) -> None:
    by.put(reference("not on the list", "person-1"))


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
DEFECTS = pytest.mark.parametrize("change", list(CHANGES), ids=lambda change: change.__name__)
FEW_DEFECTS = pytest.mark.parametrize(
    "change",
    [emptied, added, *(pytest.param(each, marks=pytest.mark.slow) for each in CHANGES if each not in {emptied, added})],
    ids=lambda change: change.__name__,
)
"""All of them in the long suite: what is compared is the same function as at the opening."""


@pytest.fixture
def tampered(harness: PlanningHarness, milvus: MilvusServer) -> Iterator[Callable[[], Tampered]]:
    made: list[Tampered] = []

    def tamper() -> Tampered:
        with reading(harness.engine) as session:
            made.append(Tampered(milvus, session.get_one(DeploymentRow, "dep").gallery or ""))
        return made[-1]

    yield tamper
    for one in made:
        one.close()


def shut_by(harness: PlanningHarness) -> str:
    """Why the gate's condition on the gallery isn't met; "" when it is."""
    with reading(harness.engine) as session:
        facts = gate_facts(session, session.get_one(DeploymentRow, "dep"), harness.now)
    found = gate(facts, GateLimits.of(harness.policy), now_ns=harness.clock.time_ns())
    (one,) = (each for each in found if each.condition is Condition.GALLERY_UNCHANGED)
    return "" if one.met else one.why


def watch_of(harness: PlanningHarness) -> Watch:
    def call_officer(session: Session, deployment: str, why: str) -> None:
        call(session, role=Role.AUTHORISING_OFFICER, deployment=deployment, why=why, now=utc_from_ns(0))

    class Nothing:
        def send(self, deployment: str) -> None:
            raise Refused("gate.operator-attending", f"nobody attends {deployment}: no proof is sent")

    check = GalleryCheck(harness.engine, harness.gallery, harness.clock)
    every_s = harness.policy.live_probe.gallery_every_s
    watching = GalleryWatch(
        harness.engine, check, harness.store, call_officer, harness.clock, every_s=every_s, by=WATCH
    )
    return Watch(
        engine=harness.engine,
        sender=Nothing(),  # type: ignore[arg-type]  # never gives a live probe's id
        store=harness.store,
        circuit_breaker=lambda _name: None,
        galleries=watching,
        policy=harness.policy.live_probe,
        clock=harness.clock,
    )


def row_of(harness: PlanningHarness) -> DeploymentRow:
    with reading(harness.engine) as session:
        return session.get_one(DeploymentRow, "dep")


def after(harness: PlanningHarness, seconds: float) -> None:
    assert isinstance(harness.clock, ManualClock)
    harness.clock.advance(seconds)


def test_a_gallery_that_is_its_list_is_open_and_stays_so(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    watch = watch_of(harness)

    for _ in range(30):
        watch.tick()
        after(harness, harness.policy.live_probe.gallery_every_s)

    assert (row_of(harness).status, shut_by(harness)) == (S.LIVE, "")


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
        harness.planning.open("dep", by=authenticated(OPERATOR), compare=harness.compare)

    assert refused.value.rule == f"gate.{Condition.GALLERY_UNCHANGED}"
    assert CHANGES[change] in str(refused.value)
    assert row_of(harness).status == S.READY


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

    assert row_of(harness).status == S.SUSPENDED
    assert CHANGES[change] in row_of(harness).suspended_why
    assert CHANGES[change] in shut_by(harness)
    with reading(harness.engine) as session:
        assert [CHANGES[change] in one.why for one in session.exec(select(CallRow)) if "gallery" in one.why] == [True]


@FEW_DEFECTS
def test_a_recogniser_that_loads_it_searches_nothing_and_the_gate_shuts(
    harness: PlanningHarness, tampered: Callable[[], Tampered], change: Callable[[Tampered, MilvusGallery], None]
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    row, probe = row_of(harness), reference("person-1/1", "").template[None]
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
    assert row_of(harness).status == S.SUSPENDED


STRANGER = reference("not on the list", "somebody")


def slipped_in(by: Tampered) -> Reference:
    by.put(STRANGER)
    return STRANGER


def given_an_entry_of_the_list(by: Tampered) -> Reference:
    """Another photograph for somebody who is on the list."""
    by.put(Reference(STRANGER.id, "person-1", STRANGER.template))
    return STRANGER


def put_in_the_place_of_a_listed_photograph(by: Tampered) -> Reference:
    """Id and entry are of the list, the face isn't."""
    one = reference("person-1/1", "person-1")
    by.put(Reference(one.id, one.entry, STRANGER.template))
    return STRANGER


def called_the_test_face(by: Tampered) -> Reference:
    by.put(Reference("another", LIVE_PROBE_ENTRY, STRANGER.template))
    return STRANGER


def called_a_canary(by: Tampered) -> Reference:
    by.put(Reference("another", CANARY_ENTRY, STRANGER.template))
    return STRANGER


@pytest.mark.parametrize(
    "slip",
    [slipped_in, given_an_entry_of_the_list, put_in_the_place_of_a_listed_photograph, called_the_test_face,
     called_a_canary],
    ids=lambda slip: slip.__name__,
)  # fmt: skip
def test_a_person_put_in_between_two_comparisons_is_no_candidate_and_the_deployment_is_suspended(
    harness: PlanningHarness, tampered: Callable[[], Tampered], slip: Callable[[Tampered], Reference]
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    name, listed = row_of(harness).gallery or "", reference("person-2/1", "").template[None]
    loaded = ComparedGallery(harness.gallery, GalleryCheck(harness.engine, harness.gallery, harness.clock))
    before = retry_while_unavailable(lambda: loaded.search(name, "contract", listed))
    stranger = slip(tampered())

    with pytest.raises(Refused) as refused:
        loaded.search(name, "contract", stranger.template[None])
    with pytest.raises(Refused) as shut:
        retry_while_unavailable(lambda: loaded.search(name, "contract", listed))

    assert before[0][0].entry == "person-2"
    assert refused.value.rule == NOT_LISTED
    assert shut.value.rule == "gallery.changed"
    assert shut_by(harness) != ""
    watch_of(harness).tick()
    assert row_of(harness).status == S.SUSPENDED


@pytest.mark.parametrize("slip", [slipped_in, put_in_the_place_of_a_listed_photograph], ids=lambda slip: slip.__name__)
def test_with_a_copy_of_the_list_nobody_put_in_is_a_candidate_and_who_was_taken_out_suspends(
    harness: PlanningHarness, tampered: Callable[[], Tampered], slip: Callable[[Tampered], Reference]
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    name = row_of(harness).gallery or ""
    listed = [reference(f"person-{one}/1", "").template[None] for one in (1, 2)]
    assert isinstance(harness.gallery, MilvusGallery)
    screen = ScreenedGallery(harness.gallery)
    loaded = ComparedGallery(screen, GalleryCheck(harness.engine, harness.gallery, harness.clock), screen)
    before = retry_while_unavailable(lambda: loaded.search(name, "contract", listed[1], at_least=0.45))
    while not screen.holds(name):
        loaded.search(name, "contract", listed[1], at_least=0.45)
    stranger = slip(tampered())

    found = loaded.search(name, "contract", stranger.template[None], at_least=0.45)

    assert before[0][0].entry == "person-2"
    assert found == [[]]
    if slip is put_in_the_place_of_a_listed_photograph:
        with pytest.raises(Refused) as shut:
            retry_while_unavailable(lambda: loaded.search(name, "contract", listed[0], at_least=0.45))
        assert shut.value.rule == "gallery.changed"
        assert not screen.holds(name)
    watch_of(harness).tick()
    assert row_of(harness).status == S.SUSPENDED


def test_a_similarity_that_the_store_only_says_is_nobodys(harness: PlanningHarness, milvus: MilvusServer) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    name, stranger = row_of(harness).gallery or "", STRANGER.template[None]

    class Liar(MilvusGallery):
        """What a store could answer: a listed photograph, at a similarity that it hasn't."""

        def _hits(self, name: str, probes: Floats, wanted: int) -> list[list[Hit]]:
            return [[Hit(hit.reference, hit.entry, 0.99) for hit in of] for of in super()._hits(name, probes, wanted)]

    liar = Liar(milvus.uri)
    loaded = ComparedGallery(liar, GalleryCheck(harness.engine, harness.gallery, harness.clock))

    with pytest.raises(Refused) as refused:
        retry_while_unavailable(lambda: loaded.search(name, "contract", stranger))

    liar.close()
    assert refused.value.rule == NOT_LISTED


def test_a_canary_injected_after_the_comparison_is_a_candidate_once_the_records_know_it(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    name, canary = row_of(harness).gallery or "", reference("canary-1", CANARY_ENTRY)
    loaded = ComparedGallery(harness.gallery, GalleryCheck(harness.engine, harness.gallery, harness.clock))
    retry_while_unavailable(lambda: loaded.search(name, "contract", canary.template[None]))
    with overwriting(harness.engine) as session:
        allow_canary(session, "dep", stored_row(canary.id, canary.entry, canary.template))
    harness.gallery.add(name, "contract", [canary])

    found = loaded.search(name, "contract", canary.template[None])

    assert found[0][0].entry == CANARY_ENTRY


def retry_while_unavailable(ask: Callable[[], list[list[Candidate]]]) -> list[list[Candidate]]:
    """As the stream does while a comparison runs."""
    for _ in range(100):
        try:
            return ask()
        except Retryable:
            continue
    raise AssertionError("it is compared for ever")


def test_a_resumed_deployment_whose_gallery_is_still_another_stays_shut_and_is_suspended_again(
    harness: PlanningHarness, tampered: Callable[[], Tampered]
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    added(by := tampered(), harness.gallery)  # type: ignore[arg-type]  # Milvus's
    watch = watch_of(harness)
    watch.tick()
    harness.store.resume("dep", by=authenticated(OFFICER))
    resumed = shut_by(harness)
    watch.tick()
    again = row_of(harness).status

    by.delete("not on the list")
    harness.store.resume("dep", by=authenticated(OFFICER))
    watch.tick()

    assert "1 photograph is there" in resumed
    assert again == S.SUSPENDED
    assert (row_of(harness).status, shut_by(harness)) == (S.LIVE, "")


def test_a_canary_that_the_records_know_is_no_stranger_and_another_with_its_name_is(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    row, canary = row_of(harness), reference("canary-1", CANARY_ENTRY)
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
    assert row_of(harness).status == S.LIVE


@pytest.mark.parametrize("what", ["entry", "binding", "binding and digest"])
def test_a_list_in_the_records_that_is_not_the_approved_one_shuts_the_gate(harness: PlanningHarness, what: str) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    with overwriting(harness.engine) as session:
        if what == "entry":
            session.get_one(WatchlistEntryRow, ("dep", "person-1")).category = Category.HIGH_RISK_MISSING
        else:
            session.delete(session.get_one(GalleryReferenceRow, ("dep", "person-1/1")))
            session.flush()
        if what == "binding and digest":
            from lfr_core.deployments.gallery_binding import bind_gallery, bound_rows

            left = bound_rows(session, "dep")
            for one in session.exec(select(GalleryReferenceRow).where(col(GalleryReferenceRow.deployment) == "dep")):
                session.delete(one)
            session.flush()
            bind_gallery(session, session.get_one(DeploymentRow, "dep"), left)

    why = harness.compare()

    expected = "the records of what it must hold were changed"
    assert why == (expected if what == "binding" else "the list in the records isn't the one that was approved")
    assert why in shut_by(harness)


def test_an_emptied_trial_is_suspended_too(
    harness: PlanningHarness, gallery: MilvusGallery, milvus: MilvusServer
) -> None:
    harness.store.create("dep", DeploymentKind.DEMO, name="High Street", policy=harness.policy)
    held = fill(gallery, "lfr_dep", "contract", ENTRIES)
    harness.store.attach_watchlist("dep", "contract", "lfr_dep", ENTRIES, held=held)
    harness.store.open("dep")
    before = shut_by(harness)
    by = Tampered(milvus, "lfr_dep")
    by.delete(LIVE_PROBE_REFERENCE, *(each.id for one in ENTRIES for each in one.references))
    by.close()

    watch_of(harness).tick()

    assert before == ""
    assert row_of(harness).status == S.SUSPENDED
    assert row_of(harness).suspended_why.endswith(": it is empty")


def test_a_list_that_is_bound_to_nothing_opens_no_gate(harness: PlanningHarness) -> None:
    harness.store.create("dep", DeploymentKind.DEMO, name="High Street", policy=harness.policy)
    harness.store.attach_watchlist("dep", "contract", "lfr_dep", ENTRIES)

    assert "nothing shows what it must hold" in shut_by(harness)
