"""A deployment gets its list whole, or nothing usable: real Milvus, real records, real photographs."""

import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.custody.people.consultations import Consultations
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.policy import Policy
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Reference, StoredRow
from lfr_core.storage.engine import open_engine
from lfr_core.watchlists.compile import compile_watchlist
from lfr_core.watchlists.enrol import check_watchlist, enrol
from lfr_core.watchlists.entries import WatchlistReport
from lfr_core.watchlists.listing import list_entries
from tests.support.databases import make_records
from tests.support.milvus import MilvusServer
from tests.support.people import authenticated, sign_on
from tests.support.records import store_of
from tests.support.vaults import trail_of
from tests.support.watchlist_folders import ListFolder

pytestmark = pytest.mark.models


@pytest.fixture
def store(tmp_path: Path, policy: Policy) -> DeploymentService:
    url = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    make_records(url)
    store = store_of(open_engine(url))
    store.create("d-1", DeploymentKind.EVALUATION, name="High Street")
    return store


@pytest.fixture
def report(listed: ListFolder, engine: FaceEngine, policy: Policy) -> WatchlistReport:
    listed.put("S-1", "obama").put("S-1", "obama2").put("S-2", "biden")
    return check_watchlist(
        listed.path,
        kind=DeploymentKind.EVALUATION,
        engine=engine,
        policy=policy,
        today=date(2026, 11, 23),
        deployment="d-1",
    )


class Full(MilvusGallery):
    """Milvus goes away after the collection was made."""

    def add(self, name: str, contract_id: str, references: Sequence[Reference]) -> tuple[StoredRow, ...]:
        super().add(name, contract_id, references[:1])
        raise Retryable("injected: Milvus went away")


def test_another_photograph_of_an_enrolled_subject_is_found_and_a_stranger_is_not(
    listed: ListFolder,
    report: WatchlistReport,
    store: DeploymentService,
    gallery: MilvusGallery,
    engine: FaceEngine,
    policy: Policy,
) -> None:
    view = compile_watchlist(report, deployment="d-1", store=store, gallery=gallery, attempt="a1")
    assert view.status is DeploymentStatus.READY
    assert gallery.count(view.gallery) == 3 + 1  # and the drawn test face

    similarity = {}
    for key in ("obama3", "astronaut"):
        image = listed.pixels(key)
        face = engine.describe(image, engine.detect([image])[0][0])
        (best,) = gallery.search(view.gallery, view.contract_id, engine.embed([face.aligned]))[0]
        similarity[key] = (best.entry, best.similarity)

    assert similarity["obama3"][0] == report.entries[0].id
    assert similarity["obama3"][1] > policy.alerts.threshold
    assert similarity["astronaut"][1] < policy.alerts.threshold


def test_what_was_enrolled_is_listed(
    report: WatchlistReport, store: DeploymentService, gallery: MilvusGallery, tmp_path: Path
) -> None:
    compile_watchlist(report, deployment="d-1", store=store, gallery=gallery, attempt="a1")

    engine = open_engine(f"sqlite:///{tmp_path / 'records.sqlite3'}")
    sign_on(engine, trail_of(engine), "Ann Operator", deployment="d-1")

    looks = Consultations(engine, trail_of(engine), SystemClock())
    entries = list_entries(looks, "d-1", by=authenticated("Ann Operator"), now_ns=time.time_ns())

    assert [(e.subject, e.category, len(e.photographs)) for e in entries] == [
        ("S-1", "blue_list", 2),
        ("S-2", "blue_list", 1),
    ]


def test_milvus_lost_half_way_leaves_no_gallery_and_no_list(
    report: WatchlistReport, store: DeploymentService, milvus: MilvusServer, gallery: MilvusGallery
) -> None:
    with pytest.raises(Retryable, match="injected"):
        compile_watchlist(report, deployment="d-1", store=store, gallery=Full(milvus.uri), attempt="a1")

    found = store.find("d-1")
    assert gallery.names() == []
    assert found is not None
    assert found.status is DeploymentStatus.DRAFT
    compile_watchlist(report, deployment="d-1", store=store, gallery=gallery, attempt="a2")


def test_records_lost_after_the_gallery_was_filled_leave_no_gallery(
    report: WatchlistReport, store: DeploymentService, gallery: MilvusGallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise Retryable("injected: the database went away")

    monkeypatch.setattr(store, "attach_watchlist", away)

    with pytest.raises(Retryable, match="injected"):
        compile_watchlist(report, deployment="d-1", store=store, gallery=gallery, attempt="a1")

    assert gallery.names() == []


def test_a_list_is_enrolled_once_and_a_second_try_leaves_the_first_alone(
    report: WatchlistReport, store: DeploymentService, gallery: MilvusGallery
) -> None:
    view = compile_watchlist(report, deployment="d-1", store=store, gallery=gallery, attempt="a1")

    with pytest.raises(Refused) as caught:
        compile_watchlist(report, deployment="d-1", store=store, gallery=gallery, attempt="a2")

    assert caught.value.rule == "watchlist.attached"
    assert gallery.names() == [view.gallery]


def test_what_a_killed_attempt_left_is_dropped_and_other_deployments_are_left_alone(
    report: WatchlistReport, store: DeploymentService, gallery: MilvusGallery
) -> None:
    enrol(report, gallery, "lfr_d_2d1__killed", report.contract_id)
    enrol(report, gallery, "lfr_d_2d1_2dx__other", report.contract_id)

    view = compile_watchlist(report, deployment="d-1", store=store, gallery=gallery, attempt="a1")

    assert gallery.names() == sorted(["lfr_d_2d1_2dx__other", view.gallery])


def test_an_unknown_deployment_and_an_empty_list_are_refused(
    report: WatchlistReport, store: DeploymentService, gallery: MilvusGallery
) -> None:
    empty = WatchlistReport(report.contract_id, (), ())
    rules = []
    for what, deployment in ((report, "d-2"), (empty, "d-1")):
        with pytest.raises(Refused) as caught:
            compile_watchlist(what, deployment=deployment, store=store, gallery=gallery, attempt="a1")
        rules.append(caught.value.rule)

    assert rules == ["deployment.unknown", "watchlist.empty"]
    assert gallery.names() == []


def test_templates_of_another_contract_are_never_enrolled(report: WatchlistReport, gallery: MilvusGallery) -> None:
    with pytest.raises(Fatal, match="contract"):
        enrol(report, gallery, "g", "another")

    assert gallery.names() == []
