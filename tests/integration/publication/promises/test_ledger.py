"""The ledger: every promise looked at, kept, audited, read back, and shown without what is for staff."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from sqlmodel import select

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.audit.read import entries
from lfr_core.custody.people.roles import Role
from lfr_core.publication.promises.build import checks_of
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.ledger import PromiseLedger, history, read_ledger
from lfr_core.publication.promises.port import Result
from lfr_core.publication.promises.render import render
from lfr_core.publication.promises.statements import PromiseStatements
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.promises import PromiseStateRow
from tests.support.breaking_plans import asked
from tests.support.overwriting import overwriting
from tests.support.people import add_people, authenticated
from tests.support.promise_harness import DAY_S, PromiseHarness
from tests.support.vaults import MemoryTrail, MemoryVault

CLAIMS = {"accuracy.large-list", "accuracy.small-list"}
OF_NONE = {
    *("cameras.live-only", "list.gone", "list.lawful", "list.only-listed", "people.authorised"),
    *("public.announced", "public.answers", "public.results"),
}
"""With one trial under way, of which no alert is there any more."""


def good(harness: PromiseHarness) -> PromiseHarness:
    """A deployment under way, after a day on which everything was done that has to be."""
    harness.frame()
    harness.segment("first")
    harness.alert()
    harness.clock.advance(16)
    harness.vault.run_timers()
    harness.clock.advance(DAY_S)
    harness.vault.run_timers()
    harness.expire()
    harness.deployments.close("dep")
    harness.gallery.drop("gallery_dep")
    harness.certify()
    harness.sweep_recorded()
    harness.sign_trail()
    return harness


def test_after_a_day_of_the_ordinary_services_every_promise_holds_but_the_claims_that_need_more_faces(
    harness_on_each: PromiseHarness,
) -> None:
    view = good(harness_on_each).ledger().check()

    results = {each.promise.id: each.finding.result for each in view.entries if each.finding}
    assert {id_ for id_, result in results.items() if result is Result.UNCHECKED} == CLAIMS
    assert {id_ for id_, result in results.items() if result is Result.NOTHING} == OF_NONE
    assert {results[each] for each in results.keys() - CLAIMS - OF_NONE} == {Result.HOLDS}
    assert view.broken == ()


def test_what_holds_is_said_as_a_person_says_it(harness: PromiseHarness) -> None:
    asked(harness)
    good(harness)

    found = {each: harness.check(each) for each in ("public.answers", "recognition.gated")}
    assert {each.result for each in found.values()} == {Result.HOLDS}
    assert {each: one.message for each, one in found.items()} == {
        "public.answers": "nobody waits longer than a month: 1 request, none answered",
        "recognition.gated": "no deployment recognised outside its hours in the last 31 days",
    }


def test_a_look_is_on_the_audit_trail_with_its_counts_and_no_name(harness: PromiseHarness) -> None:
    good(harness).ledger().check()

    (entry,) = [each for each in entries(harness.engine, verb=Verb.CONSULT) if each.rule == "promises.checked"]
    assert (entry.actor, entry.subject) == ("system:promises", "promises:ledger")
    assert (entry.facts["broken"], entry.facts["unchecked"]) == (0, 2)
    assert len(str(entry.facts["digest"])) == 64


def test_history_has_a_line_for_each_change_and_none_for_the_same_again(harness_on_each: PromiseHarness) -> None:
    harness = good(harness_on_each)
    ledger = harness.ledger()
    ledger.check()
    first_ns = harness.clock.time_ns()
    harness.clock.advance(1)
    ledger.check()
    harness.change(DeploymentRow, "dep", contract_id="")
    harness.clock.advance(1)
    view = ledger.check()

    past = history(harness.engine, "accuracy.threshold-bound")
    assert [each.result for each in past] == [Result.BROKEN, Result.HOLDS]
    assert past[1].at_ns == first_ns
    standing = {each.promise.id: each for each in view.entries}
    assert standing["accuracy.threshold-bound"].since_ns == harness.clock.time_ns()
    assert standing["list.new"].since_ns == first_ns
    assert standing["list.new"].at_ns == harness.clock.time_ns()
    assert view == read_ledger(harness.engine, promises(harness.policy), now_ns=harness.clock.time_ns())


def test_what_is_away_is_unchecked_and_everything_else_is_looked_at(harness: PromiseHarness) -> None:
    good(harness)
    harness.asked = MemoryVault(away=True)

    view = harness.ledger().check()

    results = {each.promise.id: each.finding for each in view.entries if each.finding}
    unchecked = {id_ for id_, found in results.items() if found.result is Result.UNCHECKED}
    # with nothing under way the gate has nobody to ask the vault about
    assert unchecked == CLAIMS | {"list.new", "list.gone", "alerts.gone", "footage.gone"}
    assert results["alerts.gone"].detail == "the vault is away"
    assert results["alerts.gone"].message == "what it is checked on couldn't be read"


def test_what_is_of_nothing_yet_isnt_said_to_hold(harness: PromiseHarness) -> None:
    found = {each: harness.check(each) for each in {one.check for one in promises(harness.policy) if one.check}}

    assert [each for each in found.values() if re.search(r"\b(each|all|none) of 0\b|\b0 of 0\b", each.message)] == []
    operational = {"people.authorised", "public.announced", "public.results", "cameras.live-only"}
    nothing = {id_ for id_, each in found.items() if each.result is Result.NOTHING}
    assert nothing >= operational | {"list.only-listed", "people.decide", "public.answers", "list.gone"}


def test_before_the_first_sweep_and_the_first_certificate_nothing_is_claimed(harness: PromiseHarness) -> None:
    assert harness.check("deletion.in-time").result is Result.UNCHECKED
    assert harness.check("deletion.certified").result is Result.UNCHECKED
    assert harness.check("audit.verifies").result is Result.UNCHECKED  # no head is remembered yet


def test_what_cant_be_audited_isnt_kept(harness: PromiseHarness) -> None:
    ledger = PromiseLedger(
        harness.engine,
        MemoryTrail(full=True),
        harness.clock,
        promises(harness.policy),
        checks_of(harness.state(), harness.policy),
    )

    with pytest.raises(Refused, match="audit trail"):
        ledger.check()

    with reading(harness.engine) as session:
        assert session.exec(select(PromiseStateRow)).all() == []


def test_without_the_records_nothing_is_said(harness: PromiseHarness) -> None:
    ledger = harness.ledger()
    harness.engine.dispose()
    path = harness.engine.url.database
    assert path is not None
    database = harness.sqlite()
    database.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(Retryable):
            _ledger_with_short_timeout(harness).check()
    finally:
        database.close()
    assert ledger.check().entries


def _ledger_with_short_timeout(harness: PromiseHarness) -> PromiseLedger:
    """The same ledger on an engine that waits for nobody."""
    from lfr_core.storage.engine import open_engine

    engine = open_engine(str(harness.engine.url), busy_timeout_ms=50)
    return PromiseLedger(
        engine, harness.trail, harness.clock, promises(harness.policy), checks_of(harness.state(), harness.policy)
    )


@pytest.mark.slow
def test_the_public_sees_no_id_of_a_deployment_an_alert_or_a_key(harness: PromiseHarness) -> None:
    harness.deployments.close("dep")
    harness.change(DeploymentRow, "dep", contract_id="", kind="operational", live_only=False)
    view = harness.ledger().check()

    assert {each.promise.id for each in view.broken} >= {"cameras.live-only", "accuracy.threshold-bound"}
    subjects = [each for entry in view.entries if entry.finding for each in entry.finding.subjects]
    assert "deployment:dep" in subjects
    shown = json.dumps([[line.message, line.evidence] for line in render(view)])
    assert not any(re.search(rf"\b{re.escape(each.partition(':')[2])}\b", shown) for each in subjects)


def test_a_result_of_more_than_a_day_ago_is_no_result_but_a_breach_stays_one(harness: PromiseHarness) -> None:
    harness.deployments.close("dep")
    harness.change(DeploymentRow, "dep", contract_id="")
    harness.ledger().check()
    harness.clock.advance(DAY_S + 1)

    view = read_ledger(harness.engine, promises(harness.policy), now_ns=harness.clock.time_ns())

    status = {line.promise: line.status for line in render(view)}
    assert status["list.lawful"] == "not checked for over a day"
    assert status["accuracy.threshold-bound"] == "broken"
    assert Counter(status.values())["no automatic check"] == 1


def test_held_footage_is_kept_longer_and_nothing_is_broken_by_that(harness: PromiseHarness) -> None:
    import datetime as dt

    from lfr_core.retention.footage.hold_service import HoldService
    from lfr_core.retention.footage.holds import HoldGround, HoldRequest

    harness.segment("wanted")
    officers = (("DC Ask", Role.COMPLIANCE), ("Insp Allow", Role.AUTHORISING_OFFICER))
    add_people(harness.engine, *officers, clock=harness.clock, trail=harness.trail)
    holds = HoldService(harness.engine, harness.vault, harness.trail, harness.policy.footage, harness.clock)
    holds.place(
        HoldRequest(
            segments=("wanted",),
            ground=HoldGround.CRIMINAL_INVESTIGATION,
            reference="36/1234/26",
            review_on=dt.datetime.fromtimestamp(harness.clock.time_ns() / 1e9, tz=dt.UTC).date()
            + dt.timedelta(days=28),
        ),
        by=authenticated("DC Ask"),
    )
    harness.clock.advance(40 * DAY_S)

    found = harness.check("footage.gone")

    assert (found.result, found.evidence["held"]) == (Result.HOLDS, 1)


def test_evidence_of_another_model_isnt_pooled_and_few_faces_show_nothing(harness: PromiseHarness) -> None:
    harness.evaluation(people=10_000, faces=12_400)

    found = harness.check("accuracy.large-list")

    assert found.result is Result.UNCHECKED
    assert "not yet shown: 12,400 of 29,956 faces" in found.message


def test_what_is_being_done_is_public_while_the_promise_is_broken_and_gone_once_it_holds(
    harness: PromiseHarness,
) -> None:
    add_people(harness.engine, ("Dee Protection", Role.COMPLIANCE), clock=harness.clock, trail=harness.trail)
    known, by = promises(harness.policy), authenticated("Dee Protection")
    statements = PromiseStatements(harness.engine, harness.trail, harness.clock, known)

    def look(result: str) -> dict[str, str]:
        nothing = {"said": "", "evidence": "{}", "subjects": "[]", "detail": ""}
        at_ns = harness.clock.time_ns()
        with overwriting(harness.engine) as session:
            row = session.get(PromiseStateRow, "footage.gone")
            since_ns = row.since_ns if row is not None and row.result == result else at_ns
            session.merge(
                PromiseStateRow(promise="footage.gone", result=result, at_ns=at_ns, since_ns=since_ns, **nothing)
            )
        harness.clock.advance(60)
        lines = render(read_ledger(harness.engine, known, now_ns=harness.clock.time_ns()))
        return {line.promise: line.doing for line in lines if line.doing}

    with pytest.raises(Refused, match="isn't broken"):
        statements.say("footage.gone", "The disk is being replaced.", by=by)
    assert look("broken") == {}
    for said in ("", "x" * 601, "a\x07b", "The disk is being replaced."):
        if said.startswith("The disk"):
            statements.say("footage.gone", said, by=by)
        else:
            with pytest.raises(Refused, match="1 to 600 characters"):
                statements.say("footage.gone", said, by=by)
    assert look("broken") == {"footage.gone": "The disk is being replaced."}
    assert look("holds") == {}
    assert look("broken") == {}  # another breach: nothing is said of it yet
