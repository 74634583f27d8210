"""Each read of what is personal, for each kind of person, over a vault at its socket and real records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import cast

import pytest

from apps.compliance.view import Report, ReportKind, TrailSearch
from lfr_core.alerts import read
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.read import entries, read_newest_seq, snapshot
from lfr_core.custody.people import Role
from lfr_core.custody.people.consultations import ONE_LOOK_S, Consultations
from lfr_core.custody.vault.access import PARTS
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.compliance_documents.forms import FormKind
from lfr_core.deployments.list_thumbnails import PURPOSE
from lfr_core.deployments.reading import show_timeline
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.printing import print_form
from lfr_core.publication.rights.receipts import issue_receipt
from lfr_core.retention.footage.listing import list_holds, list_segments, show_hold, show_segment
from lfr_core.storage.tables.deployments import PlannedDeploymentRow
from lfr_core.watchlists.listing import list_entries
from tests.support.deployments import deployment_service
from tests.support.looking import (
    COMPLIANCE,
    LOGGED_OUT,
    OFFICER,
    OPERATOR,
    OVERDUE,
    PEOPLE,
    REVOKED,
    STREET,
    Harness,
    looking_at,
    now_ns,
)
from tests.support.overwriting import overwriting
from tests.support.records import ManualClock

LOOKERS = ("", "Joe Public", *PEOPLE, *(str(part) for part in SystemActor))


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with looking_at(tmp_path_factory) as harness:
        yield harness


def search_trail(harness: Harness, name: str, words: str, *, days: int = 0) -> tuple[AuditEntry, ...]:
    day = harness.compliance.now().astimezone(LONDON).date() + timedelta(days=days)
    return harness.compliance.trail(TrailSearch(day, day, words), harness.login(name))


def attend(harness: Harness, name: str) -> bool:
    harness.page.check_signed_on("dep", harness.login(name))
    return True


LISTING = {COMPLIANCE, OFFICER, "Ada Auditor"}
"""Who sees which footage, holds and requests there are."""
STAFF_HERE = set(PEOPLE) - {REVOKED, LOGGED_OUT, OVERDUE}
READS: dict[str, tuple[Callable[[Harness, str], object], set[str]]] = {
    "alerts": (lambda h, name: read.alerts(h.looks, "dep", by=h.login(name), now_ns=now_ns()), {OPERATOR}),
    "alert": (lambda h, name: read.alert(h.looks, h.alert, by=h.login(name), now_ns=now_ns()), {OPERATOR}),
    "pictures": (
        lambda h, name: read.AlertCrops(h.engine, h.vault).open(h.alert, h.login(name), "look"),
        {OPERATOR, STREET},
    ),
    "pictures nobody has judged": (
        lambda h, name: read.AlertCrops(h.engine, h.vault).open(h.waiting, h.login(name), "look"),
        {OPERATOR},
    ),
    "alerts to engage": (
        lambda h, name: read.alerts_to_engage(h.looks, "dep", by=h.login(name), now_ns=now_ns()),
        {OPERATOR, STREET},
    ),
    "alert to engage": (
        lambda h, name: read.alert_to_engage(h.looks, h.alert, by=h.login(name), now_ns=now_ns()),
        {OPERATOR, STREET},
    ),
    "alert nobody has judged, to engage": (
        lambda h, name: read.alert_to_engage(h.looks, h.waiting, by=h.login(name), now_ns=now_ns()),
        set(),
    ),
    "the phone's list": (lambda h, name: h.street.alerts("dep", h.login(name)), {OPERATOR, STREET}),
    "page": (lambda h, name: h.page.poll("dep", h.login(name), {h.alert}), {OPERATOR}),
    "page, attended": (attend, {OPERATOR}),
    "receipt": (
        lambda h, name: issue_receipt(h.engine, h.trail, h.alert, by=h.login(name), now_ns=now_ns(), retention_h=24),
        {OPERATOR, STREET},
    ),
    "entries": (lambda h, name: list_entries(h.looks, "dep", by=h.login(name), now_ns=now_ns()), {OPERATOR}),
    "footage": (lambda h, name: h.key(h.footage, name), {COMPLIANCE, OFFICER}),
    "request": (lambda h, name: h.rights.open(h.request, by=h.login(name), purpose="look"), {COMPLIANCE}),
    "timeline": (lambda h, name: show_timeline(h.looks, "dep", by=h.login(name)), STAFF_HERE),
    "printed form": (
        lambda h, name: print_form(
            h.looks,
            "planned",
            FormKind.APPLICATION,
            h.policy,
            (),
            by=h.login(name),
            now=utc_from_ns(now_ns()),
            tpm=None,
        ),
        STAFF_HERE,
    ),
    "segments": (lambda h, name: list_segments(h.looks, "dep", by=h.login(name)), LISTING),
    "segment": (lambda h, name: show_segment(h.looks, h.segment, by=h.login(name)), LISTING),
    "holds": (lambda h, name: list_holds(h.looks, by=h.login(name)), LISTING),
    "hold": (lambda h, name: show_hold(h.looks, h.hold, by=h.login(name)), LISTING),
    "requests": (lambda h, name: h.rights.list(by=h.login(name)), LISTING),
    "request, found": (lambda h, name: h.rights.find(h.request, by=h.login(name)), LISTING),
    "photographs of a list that waits for approval": (lambda h, name: h.look_at_list(name), {OFFICER}),
    "photographs of a list that waits for nobody": (lambda h, name: h.look_at_list(name, "dep"), set()),
    "key of a list that waits for approval": (lambda h, name: h.key(h.waiting_list, name), {OFFICER}),
    "list's key": (lambda h, name: h.key(h.listed, name), set()),
    "broker's key": (lambda h, name: h.key(h.sightings, name), set()),
    "audit trail": (lambda h, name: search_trail(h, name, "operator.signed-on") or None, {COMPLIANCE, "Ada Auditor"}),
    "reports": (lambda h, name: h.compliance.reports(h.login(name)), {COMPLIANCE, "Ada Auditor"}),
    "list's report": (
        lambda h, name: h.compliance.page(
            Report(ReportKind.WATCHLIST, "dep", utc_from_ns(now_ns()), ("index.html",)),
            "index.html",
            h.login(name),
        ),
        {COMPLIANCE},
    ),
}
"""What is personal, and who alone may see it."""
KEYS = {"footage", "key of a list that waits for approval", "list's key", "broker's key"}
"""What the vault is asked for by a name: it knows no login (docs/security.md); who asks it has asked the register."""


@pytest.mark.parametrize("what", READS)
def test_what_is_personal_is_shown_to_whom_it_is_for_and_refused_to_everybody_else(harness: Harness, what: str) -> None:
    look, may = READS[what]
    shown = set()
    for name in LOOKERS if what not in KEYS else (each for each in LOOKERS if each not in {LOGGED_OUT, OVERDUE}):
        try:
            assert look(harness, name) is not None
        except Refused:
            continue
        shown.add(name)

    assert shown == may


LOOKS = {
    "alerts": (OPERATOR, "alert.listed"),
    "alert": (OPERATOR, "alert.shown"),
    "page": (OPERATOR, "alert.listed"),
    "the phone's list": (STREET, "alert.listed"),
    "alert to engage": (STREET, "alert.shown"),
    "entries": (OPERATOR, "watchlist.shown"),
    "list's report": (COMPLIANCE, "watchlist.report-shown"),
    "audit trail": (COMPLIANCE, "audit.shown"),
    "printed form": (OFFICER, "deployment.form-printed"),
    "segments": (OFFICER, "footage.listed"),
    "segment": (OFFICER, "footage.shown"),
    "holds": (OFFICER, "footage.holds-listed"),
    "hold": (OFFICER, "footage.hold-shown"),
    "requests": (COMPLIANCE, "rights.listed"),
    "request, found": (COMPLIANCE, "rights.shown"),
}
"""What a look stands as on the trail. Pictures, footage and requests that are opened stand there by the vault."""


def looks_on_trail(harness: Harness, name: str, rule: str) -> int:
    actor = f"person:{harness.vault.pseudonym(name)}"
    return sum(each.actor == actor and each.rule == rule for each in entries(harness.engine, limit=10_000))


@pytest.mark.parametrize("what", LOOKS)
def test_a_look_is_on_the_trail_once_for_each_person_thing_and_ten_minutes(harness: Harness, what: str) -> None:
    who, rule = LOOKS[what]
    look, before = READS[what][0], looks_on_trail(harness, who, rule)
    for ten_minutes in (1, 2):
        harness.clock.passed_s += ONE_LOOK_S + 1
        for _ in range(3):  # a page draws itself anew each second
            look(harness, who)

        assert looks_on_trail(harness, who, rule) == before + ten_minutes


def test_looks_at_a_list_that_waits_are_one_entry_of_the_vaults(harness: Harness) -> None:
    for _ in range(3):
        harness.look_at_list(OFFICER)

    assert looks_on_trail(harness, OFFICER, PURPOSE) == 1  # for ten minutes of the vault's own clock


def test_a_list_that_is_said_to_wait_by_nobody_on_the_trail_is_not_shown(harness: Harness) -> None:
    with overwriting(harness.engine) as session:
        row = session.get_one(PlannedDeploymentRow, "planned")
        compiler, row.compiler = row.compiler, "Nobody"
    try:
        with pytest.raises(Refused) as refused:
            harness.look_at_list(OFFICER)
    finally:
        with overwriting(harness.engine) as session:
            session.get_one(PlannedDeploymentRow, "planned").compiler = compiler

    assert refused.value.rule == "records.not-on-trail"
    harness.look_at_list(OFFICER)


def test_what_cannot_be_put_on_the_trail_is_not_shown(harness: Harness) -> None:
    class Away:
        def prepare(self, _: object) -> None:
            raise Retryable("the vault is away")

        def append(self, _: object, __: object) -> None:
            raise AssertionError

    looks = Consultations(harness.engine, Away(), harness.clock)
    with pytest.raises(Retryable):
        read.alerts(looks, "dep", by=harness.login(OPERATOR), now_ns=now_ns())
    with pytest.raises(Retryable):
        list_holds(looks, by=harness.login(OFFICER))


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
        return read_newest_seq(session)


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


def test_the_trail_is_searched_by_words_and_days(harness: Harness) -> None:
    found = search_trail(harness, COMPLIANCE, "operator.signed-on")

    assert {each.rule for each in found} == {"operator.signed-on"}
    assert {each.seq for each in found} < {each.seq for each in search_trail(harness, COMPLIANCE, "")}
    assert found[0] in search_trail(harness, COMPLIANCE, found[0].actor)
    assert search_trail(harness, COMPLIANCE, "100%_") == ()
    assert search_trail(harness, COMPLIANCE, "", days=-1) == ()


def test_no_text_acts_as_the_platform(harness: Harness) -> None:
    store = deployment_service(harness.engine, harness.vault, harness.trail, ManualClock())
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
