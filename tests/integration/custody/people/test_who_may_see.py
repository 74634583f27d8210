"""Each read of what is personal, for each kind of person, over a vault at its socket and real records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy import Engine

from apps.compliance.view import ComplianceView, Report, ReportKind, TrailSearch
from apps.officer.view import OfficerView
from apps.operator.view import OperatorView
from lfr_core.alerts import read
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.read import newest_seq, snapshot
from lfr_core.custody.people import People, Role
from lfr_core.custody.people.sign_on import SIGN_ON_H, SignOns
from lfr_core.custody.vault.access import PARTS
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Engagement, EngagementOutcome, Judgement, Review
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights.receipts import issue_receipt
from lfr_core.publication.rights.service import RightsService
from lfr_core.publication.rights.types import NewRequest, RequestKind
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.watchlists.listing import list_entries
from tests.support.each_process import EachProcess, EachTrail
from tests.support.galleries import held_by
from tests.support.overwriting import overwriting
from tests.support.people import add_people, authenticated
from tests.support.records import ManualClock, entry, sighting
from tests.support.shown_pictures import seen
from tests.support.vault_server import serving_vault

OPERATOR, ELSEWHERE, REVOKED, IDLE = "Ann Operator", "Bob Operator", "Rex Left", "Ida Idle"
COMPLIANCE, OFFICER = "Dana Compliance", "Sue Perintendent"
STREET, STREET_ELSEWHERE, STREET_IDLE = "Pc Street", "Pc Elsewhere", "Pc Idle"
PEOPLE = {
    OPERATOR: Role.OPERATOR,
    ELSEWHERE: Role.OPERATOR,
    REVOKED: Role.OPERATOR,
    IDLE: Role.OPERATOR,
    COMPLIANCE: Role.COMPLIANCE,
    OFFICER: Role.AUTHORISING_OFFICER,
    STREET: Role.ENGAGING_OFFICER,
    STREET_ELSEWHERE: Role.ENGAGING_OFFICER,
    STREET_IDLE: Role.ENGAGING_OFFICER,
    "Pat Planner": Role.PLANNER,
    "Ada Auditor": Role.AUDITOR,
    "Una Publisher": Role.PUBLICATION_OFFICER,
}
LOOKERS = ("", "Joe Public", *PEOPLE, *(str(part) for part in SystemActor))


@dataclass
class Harness:
    """Two deployments with an alert each, footage and a request; everybody is on the register."""

    engine: Engine
    vault: EachProcess
    home: Path

    def __post_init__(self) -> None:
        self.clock, self.policy = SystemClock(), load_policy()
        self.trail = EachTrail(self.vault, self.clock)
        store = DeploymentStore(self.engine, self.vault, self.trail)
        self.signs, self.people = SignOns(self.engine, self.trail), People(self.engine, self.trail, self.clock)
        add_people(self.engine, *PEOPLE.items(), trail=self.trail)
        for name in ("dep", "other"):
            store.create(name, DeploymentKind.DEMO, name=name, policy=self.policy)
            entries = (entry(),)
            store.attach_watchlist(name, "contract", f"gallery_{name}", entries, held=held_by(entries))
            store.open(name)
        recorder = Recorder(self.engine, self.policy.alerts, self.clock, self.vault, self.trail)
        one = sighting(0.0, vault=self.vault, sealed_ns=time.time_ns())
        self.alert: UUID = recorder.record_sightings([one]).opened[0]
        later = sighting(60.0, vault=self.vault, sealed_ns=time.time_ns())
        self.waiting: UUID = recorder.record_sightings([later]).opened[0]
        self.signs.sign_on("dep", authenticated(OPERATOR))
        self.signs.sign_on("dep", authenticated(STREET))
        self.signs.sign_on("other", authenticated(STREET_ELSEWHERE))
        self.signs.sign_on("other", authenticated(ELSEWHERE))
        self.signs.sign_on("dep", authenticated(REVOKED))
        self.people.revoke(REVOKED, why="left the force", by=authenticated(COMPLIANCE))
        decisions = DecisionService(self.engine, self.trail)
        decisions.judge(self.alert, Judgement.SAME, authenticated(OPERATOR), shown=seen(self.engine, self.alert))
        decisions.engage(self.alert, Engagement.ENGAGED, authenticated(OPERATOR))
        far_ns = time.time_ns() + 10**15
        self.footage = self.vault.make_key(
            KeyKind.FOOTAGE, "dep", "segment-1", far_ns, actor=SystemActor.CAMERA
        ).info.id
        self.sightings, self.listed = one.key_id, self.vault.kept(KeyKind.WATCHLIST, "dep")[0].id
        self.rights = RightsService(self.engine, self.vault, self.trail, self.policy, self.clock)
        asked = NewRequest(RequestKind.ENQUIRY, "4 Rampant Horse Street", "Why me?")
        self.request = self.rights.take(asked, by=authenticated("Pat Planner")).reference
        self.page = OperatorView(self.engine, self.policy, self.vault, self.trail, self.clock)
        self.street = OfficerView(self.engine, self.policy, self.vault, self.trail, self.clock)
        self.compliance = ComplianceView(self.engine, self.policy, self.clock, self.home)
        folder = self.home / "quality" / "dep"
        folder.mkdir(parents=True)
        for name in ("index.html", "style.css"):
            (folder / name).write_text("subject of entry-1")

    def key(self, key_id: str, name: str) -> object:
        return self.vault.open_kept(key_id, actor=name, purpose="look")


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    with serving_vault(settings):
        engine = open_engine(settings.records_url)
        yield Harness(engine, EachProcess.of(settings), home)
        engine.dispose()


def now_ns() -> int:
    return time.time_ns()


def search_trail(harness: Harness, name: str, words: str, *, days: int = 0) -> tuple[AuditEntry, ...]:
    day = harness.compliance.now().astimezone(LONDON).date() + timedelta(days=days)
    return harness.compliance.trail(TrailSearch(day, day, words), authenticated(name))


READS: dict[str, tuple[Callable[[Harness, str], object], set[str]]] = {
    "alerts": (lambda h, name: read.alerts(h.engine, "dep", by=authenticated(name), now_ns=now_ns()), {OPERATOR}),
    "alert": (lambda h, name: read.alert(h.engine, h.alert, by=authenticated(name), now_ns=now_ns()), {OPERATOR}),
    "pictures": (
        lambda h, name: read.AlertCrops(h.engine, h.vault).open(h.alert, authenticated(name), "look"),
        {OPERATOR, STREET},
    ),
    "pictures nobody has judged": (
        lambda h, name: read.AlertCrops(h.engine, h.vault).open(h.waiting, authenticated(name), "look"),
        {OPERATOR},
    ),
    "alerts to engage": (
        lambda h, name: read.alerts_to_engage(h.engine, "dep", by=authenticated(name), now_ns=now_ns()),
        {OPERATOR, STREET},
    ),
    "alert to engage": (
        lambda h, name: read.alert_to_engage(h.engine, h.alert, by=authenticated(name), now_ns=now_ns()),
        {OPERATOR, STREET},
    ),
    "alert nobody has judged, to engage": (
        lambda h, name: read.alert_to_engage(h.engine, h.waiting, by=authenticated(name), now_ns=now_ns()),
        set(),
    ),
    "the phone's list": (lambda h, name: h.street.alerts("dep", authenticated(name)), {OPERATOR, STREET}),
    "page, waiting": (lambda h, name: h.page.next_alert("dep", authenticated(name), None), {OPERATOR}),
    "page, judged": (lambda h, name: h.page.judged("dep", authenticated(name)), {OPERATOR}),
    "page, one": (lambda h, name: h.page.alert(h.alert, authenticated(name)), {OPERATOR}),
    "receipt": (
        lambda h, name: issue_receipt(h.engine, h.trail, h.alert, by=authenticated(name), now_ns=now_ns()),
        {OPERATOR, STREET},
    ),
    "entries": (lambda h, name: list_entries(h.engine, "dep", by=authenticated(name), now_ns=now_ns()), {OPERATOR}),
    "footage": (lambda h, name: h.key(h.footage, name), {COMPLIANCE, OFFICER}),
    "request": (lambda h, name: h.rights.open(h.request, by=authenticated(name), purpose="look"), {COMPLIANCE}),
    "list's key": (lambda h, name: h.key(h.listed, name), set()),
    "broker's key": (lambda h, name: h.key(h.sightings, name), set()),
    "audit trail": (lambda h, name: search_trail(h, name, "operator.signed-on") or None, {COMPLIANCE, "Ada Auditor"}),
    "list's report": (
        lambda h, name: h.compliance.page(
            Report(ReportKind.WATCHLIST, "dep", utc_from_ns(now_ns()), ("index.html",)),
            "index.html",
            authenticated(name),
        ),
        {COMPLIANCE},
    ),
}
"""What is personal, and who alone may see it."""


@pytest.mark.parametrize("what", READS)
def test_what_is_personal_is_shown_to_whom_it_is_for_and_refused_to_everybody_else(harness: Harness, what: str) -> None:
    look, may = READS[what]
    shown = set()
    for name in LOOKERS:
        try:
            assert look(harness, name) is not None
        except Refused:
            continue
        shown.add(name)

    assert shown == may


def test_a_part_of_the_platform_opens_what_it_works_on_and_never_footage_or_requests(harness: Harness) -> None:
    keys = {info.kind: info.id for info in harness.vault.kept() if info.deployment in ("dep", "")}
    opened: dict[SystemActor, set[KeyKind]] = {part: set() for part in SystemActor}
    for part in SystemActor:
        for kind, key_id in keys.items():
            try:
                harness.vault.open_kept(key_id, actor=part, purpose="work")
            except Refused:
                continue
            opened[part].add(kind)

    assert set(keys) == set(KeyKind)
    assert opened == {part: set(PARTS.get(part, ())) for part in SystemActor}
    assert not set.union(*opened.values()) & {KeyKind.FOOTAGE, KeyKind.RIGHTS}
    assert [part for part, kinds in opened.items() if KeyKind.ALERT in kinds] == [SystemActor.RECORDER]


def len_of_trail(harness: Harness) -> int:
    with snapshot(harness.engine) as session:
        return newest_seq(session)


def test_making_a_key_is_no_way_round_opening_it(harness: Harness) -> None:
    alert, maker = harness.vault.kept(KeyKind.ALERT, "dep")[0], SystemActor.RECORDER
    again = (alert.kind, alert.deployment, alert.subject, alert.due_ns)
    trail = len_of_trail(harness)

    for other in set(SystemActor) - {maker}:
        with pytest.raises(Refused) as refused:
            harness.vault.make_key(*again, actor=other)
        assert refused.value.rule == "vault.not-for-you"
    assert len_of_trail(harness) == trail

    with pytest.raises(Refused) as refused:
        harness.vault.make_key(*again, actor=maker)
    assert refused.value.rule == "vault.key-exists"
    assert len_of_trail(harness) == trail
    assert harness.vault.open_kept(alert.id, actor=maker, purpose="a better picture").info.id == alert.id
    assert len_of_trail(harness) == trail + 1  # and it is known that it was, and what for


def test_a_sign_on_ends_by_itself_and_a_revocation_ends_it_for_good(harness: Harness) -> None:
    name = "Eve Evening"
    add_people(harness.engine, (name, Role.OPERATOR), trail=harness.trail)
    see = partial(read.alerts, harness.engine, "dep", by=authenticated(name))
    harness.signs.sign_on("dep", authenticated(name))
    assert see(now_ns=now_ns())
    with pytest.raises(Refused, match="hasn't signed on"):
        see(now_ns=now_ns() + SIGN_ON_H * 3_600 * 10**9)

    harness.people.revoke(name, why="left", by=authenticated(COMPLIANCE))
    harness.people.add(name, {Role.OPERATOR}, harness.people.list()[0].rank, by=authenticated(COMPLIANCE))
    with pytest.raises(Refused) as refused:
        see(now_ns=now_ns())
    assert refused.value.rule == "people.revoked"
    harness.signs.sign_on("dep", authenticated(name))
    assert see(now_ns=now_ns())
    harness.signs.sign_off("dep", authenticated(name))
    with pytest.raises(Refused):
        see(now_ns=now_ns())


@pytest.mark.parametrize("name", ["Joe Public", REVOKED, COMPLIANCE, "Pat Planner", "system:recorder", ""])
def test_only_a_registered_operator_signs_on(harness: Harness, name: str) -> None:
    with pytest.raises(Refused):
        harness.signs.sign_on("dep", authenticated(name))


def test_an_officers_phone_has_what_was_judged_and_says_what_was_done_and_nothing_else(harness: Harness) -> None:
    decisions, officer = DecisionService(harness.engine, harness.trail), authenticated(STREET)
    assert [one.alert.id for one in harness.street.alerts("dep", officer)] == [harness.alert]

    for refused in (
        lambda: decisions.judge(harness.waiting, Judgement.SAME, officer, shown=seen(harness.engine, harness.waiting)),
        lambda: decisions.review(harness.alert, Review.CONFIRMED_TRUE, officer),
        lambda: decisions.undo(harness.alert, Engagement.ENGAGED, officer),
        lambda: decisions.engage(harness.waiting, Engagement.ENGAGED, officer),
        lambda: decisions.engage(harness.alert, Engagement.EVADED, authenticated(STREET_IDLE), correct=True),
        lambda: decisions.outcome(harness.alert, EngagementOutcome.ARREST, authenticated(STREET_ELSEWHERE)),
        lambda: Attendance(harness.engine, harness.clock).record_heartbeat("dep", officer),
    ):
        with pytest.raises(Refused):
            refused()
    decisions.engage(harness.alert, Engagement.ENGAGED, officer, correct=True)
    decisions.outcome(harness.alert, EngagementOutcome.NO_ACTION, officer)


def test_an_answer_that_somebody_wrote_into_the_records_shows_no_officer_a_picture(harness: Harness) -> None:
    key = next(info.id for info in harness.vault.kept(KeyKind.ALERT, "dep") if info.subject == str(harness.waiting))

    def written(judgement: str | None) -> None:
        with overwriting(harness.engine) as session:
            row = session.get_one(AlertRow, harness.waiting)
            row.judgement, row.judged_by = judgement, None if judgement is None else OPERATOR
            session.add(row)

    written("same")
    try:
        with pytest.raises(Refused) as refused:
            harness.key(key, STREET)
    finally:
        written(None)
    assert refused.value.rule == "records.not-on-trail"


def test_everything_is_gone_from_the_phone_once_the_deployment_is_over(harness: Harness) -> None:
    name, store = "Pc Late", DeploymentStore(harness.engine, harness.vault, harness.trail)
    add_people(harness.engine, (name, Role.ENGAGING_OFFICER), trail=harness.trail)
    entries = (entry(),)
    store.create("brief", DeploymentKind.DEMO, name="brief", policy=harness.policy)
    store.attach_watchlist("brief", "contract", "gallery_brief", entries, held=held_by(entries))
    store.open("brief")
    recorder = Recorder(harness.engine, harness.policy.alerts, harness.clock, harness.vault, harness.trail)
    one = sighting(0.0, vault=harness.vault, sealed_ns=time.time_ns(), deployment="brief")
    (alert,) = recorder.record_sightings([one]).opened
    harness.signs.sign_on("brief", authenticated(OPERATOR))
    harness.signs.sign_on("brief", authenticated(name))
    decisions = DecisionService(harness.engine, harness.trail)
    decisions.judge(alert, Judgement.SAME, authenticated(OPERATOR), shown=seen(harness.engine, alert))
    crops = read.AlertCrops(harness.engine, harness.vault)
    crops.open(alert, authenticated(name), "look")
    key = next(info.id for info in harness.vault.kept(KeyKind.ALERT, "brief"))
    store.close("brief")

    looks: tuple[Callable[[], object], ...] = (
        lambda: harness.street.alerts("brief", authenticated(name)),
        lambda: crops.open(alert, authenticated(name), "look"),
        lambda: harness.key(key, name),
        lambda: decisions.engage(alert, Engagement.ENGAGED, authenticated(name)),
        lambda: harness.signs.sign_on("brief", authenticated(name)),
    )
    for look in looks:
        with pytest.raises(Refused) as refused:
            look()
        assert refused.value.rule == "officer.deployment-over"
    crops.open(alert, authenticated(OPERATOR), "look")


def test_the_trail_is_searched_by_words_and_days(harness: Harness) -> None:
    found = search_trail(harness, COMPLIANCE, "operator.signed-on")

    assert {each.rule for each in found} == {"operator.signed-on"}
    assert {each.seq for each in found} < {each.seq for each in search_trail(harness, COMPLIANCE, "")}
    assert found[0] in search_trail(harness, COMPLIANCE, found[0].actor)
    assert search_trail(harness, COMPLIANCE, "100%_") == ()
    assert search_trail(harness, COMPLIANCE, "", days=-1) == ()


def test_no_text_acts_as_the_platform(harness: Harness) -> None:
    store = DeploymentStore(harness.engine, harness.vault, harness.trail, ManualClock())
    rank = harness.people.list()[0].rank
    for act in (
        lambda by: store.cancel("dep", "x", by=by),
        lambda by: store.suspend("dep", "x", by=by),
        lambda by: store.close("dep", by=by),
        lambda by: harness.people.add("N. Body", {Role.OPERATOR}, rank, by=by),
    ):
        for part in SystemActor:
            with pytest.raises(Refused, match="log in"):
                act(cast("SystemActor", str(part)))
    with pytest.raises(Refused):
        harness.trail.prepare("system:flows")
    with pytest.raises(ValueError, match="is not a valid"):
        SystemActor("system:flows")
