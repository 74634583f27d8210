"""A deployment that was announced, ran, was decided on and ended, for tests of what is published."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.announcement import Announcement, AnnouncementStore, Plan, ReasonClass, plan
from lfr_core.deployments.withholding import approve_withholding, ask_to_withhold
from lfr_core.domain.alerts import Engagement, Judgement, Review
from lfr_core.domain.figures import UseCase
from lfr_core.domain.policy import load_policy
from lfr_core.domain.watchlists import Category
from lfr_core.publication.published import Publisher
from lfr_core.publication.record_figures import gather_figures
from lfr_core.publication.site.data import SiteData, gather_site_data
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.vault import EpochRow
from tests.support.databases import make_records
from tests.support.made_once import Beginning
from tests.support.overwriting import overwriting
from tests.support.people import add_operators, add_people, authenticated
from tests.support.record_publisher import compared
from tests.support.records import (
    NOW_NS,
    ManualClock,
    alerts_of,
    entry,
    live_deployment,
    outcomes,
    recorder_of,
    sighting,
)
from tests.support.shown_pictures import seen
from tests.support.vaults import trail_of

_TELLERS = {
    "A. Okafor": Role.PUBLICATION_OFFICER,
    "A. Planner": Role.PLANNER,
    "Supt B": Role.AUTHORISING_OFFICER,
}
_DECIDERS = ("B. Operator", "C. Officer", "D. Reviewer")

__all__ = ["announcing", "ended_deployment", "planned", "site_of_two", "withhold"]


def planned(place: str = "Norwich city centre", purpose: str = "find people wanted by the courts") -> Plan:
    return plan(
        place=place,
        day=date(2026, 11, 23),
        start=time(10, 0),
        end=time(16, 0),
        purpose=purpose,
        use_case=UseCase.SOUGHT_PERSONS,
    )


def announcing(engine: Engine, clock: ManualClock | None = None, token: str = "0123456789ab") -> AnnouncementStore:
    """Where people who are registered for it announce."""
    add_people(engine, *_TELLERS.items(), clock=clock or ManualClock())
    return AnnouncementStore(engine, trail_of(engine), clock or ManualClock(), lambda: token)


def withhold(
    store: AnnouncementStore, deployment: str, plan: Plan | None = None, *, by: str, approved_by: str
) -> Announcement:
    """One person asks that nobody be told, and another approves."""
    because = ReasonClass.THREAT_TO_LIFE
    asked = ask_to_withhold(store, deployment, because=because, by=authenticated(by), plan=plan)
    return approve_withholding(store, deployment, request=asked.name, by=authenticated(approved_by))


def ended_deployment(
    engine: Engine, name: str = "dep", *, faces: int = 40, ages: tuple[int | None, int | None] = (None, None)
) -> ManualClock:
    """Seven alerts on two people, one of a test subject, one that nobody judged; then it is closed. Not announced."""
    clock = ManualClock()
    beginning = Beginning(engine, Path(str(engine.url.database)).parent, "an ended deployment", name, faces, ages)
    ended_ns = beginning.restore()
    if ended_ns is None:
        _end(engine, name, clock, faces, ages)
        beginning.keep(clock.now_ns)
    else:
        clock.now_ns = ended_ns
    return clock


def _end(engine: Engine, name: str, clock: ManualClock, faces: int, ages: tuple[int | None, int | None]) -> None:
    entries = (
        entry("one", age=ages[0]),
        entry("two", category=Category.HIGH_RISK_MISSING, age=ages[1]),
        entry("us", category=Category.BLUE_LIST),
    )
    store = live_deployment(engine, name, entries)
    recorder = recorder_of(engine, clock)
    for i, on in enumerate(("one", "one", "two", "two", "us", "one", "two")):
        clock.advance(1.0)
        recorder.record_sightings([sighting(100.0 * i, deployment=name, entry=on)])
    batch = outcomes((0, 0, 0), deployment=name)
    (result,) = batch.results
    counted = result.model_copy(update={"tracks_started": faces + 4, "tracks_compared": faces})
    recorder.record_outcomes([batch.model_copy(update={"results": (counted,)})])
    add_operators(engine, *_DECIDERS, clock=clock)
    decisions = DecisionService(engine, trail_of(engine), clock)
    alerts = sorted(alerts_of(engine, name), key=lambda one: one.opened_ns)
    answers = (
        (Judgement.SAME, Engagement.ENGAGED, Review.CONFIRMED_TRUE),
        (Judgement.SAME, None, Review.CONFIRMED_TRUE),
        (Judgement.SAME, Engagement.ENGAGED, Review.CONFIRMED_FALSE),
        (Judgement.DIFFERENT, None, None),
        (Judgement.SAME, None, None),
        (Judgement.SAME, None, None),
    )
    for alert, (judgement, engagement, review) in zip(alerts, answers, strict=False):
        decisions.judge(alert.id, judgement, authenticated("B. Operator"), shown=seen(engine, alert.id))
        if engagement:
            decisions.engage(alert.id, engagement, authenticated("C. Officer"))
        if review:
            decisions.review(alert.id, review, authenticated("D. Reviewer"))
    store.close(name)


def site_of_two(file: Path, *epochs: EpochRow) -> SiteData:
    """The site's data of a published deployment `dep`, with `epochs`, and of one that was withheld; in a database."""
    url = f"sqlite:///{file}"
    make_records(url)
    engine = open_engine(url)
    policy = load_policy()
    clock = ended_deployment(engine, "dep")
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    ended_deployment(engine, "thorpe-road")
    withhold(announcing(engine, clock), "thorpe-road", planned("Thorpe Road"), by="A. Okafor", approved_by="Supt B")
    figures = gather_figures(engine, "dep", force=policy.force.name)
    Publisher(engine, trail_of(engine), clock, policy.publication, compared(engine)).publish(
        "dep", figures, by=authenticated("A. Okafor")
    )
    with overwriting(engine) as session:
        session.add_all(epochs)
    data = gather_site_data(
        engine, policy, documents_folder=file.parent / "papers", now=utc_from_ns(NOW_NS) + timedelta(days=1)
    )
    engine.dispose()
    return data
