"""What each step of a planned deployment keeps, takes back and says; and the table, as it was agreed, a second time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.state_machine import DeploymentState, StepActor, transition
from lfr_core.deployments.steps import RULES, TRIAL_RULES, Step
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus as S

START = datetime(2026, 11, 27, 10, tzinfo=UTC)
END = START + timedelta(hours=6)
PAT = StepActor("Pat", frozenset({Role.PLANNER}))
PIA = StepActor("Pia", frozenset({Role.PLANNER}))
CASS = StepActor("Cass", frozenset({Role.AUTHORISING_OFFICER}))
OLU = StepActor("Olu", frozenset({Role.OPERATOR}))
LIST = {"list_digest": "one", "approved_digest": "one"}
IN_ORDER = {**LIST, "announced": True, "signage": True, "briefing": True}


def planned(status: S, **changes: object) -> DeploymentState:
    made = DeploymentState(deployment="market", status=status, revision=3, planner="Pat", starts_at=START, ends_at=END)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def refusal(
    before: DeploymentState, step: Step, actor: StepActor, now: datetime = START, *, digest: str = "one"
) -> tuple[str, str]:
    """The rule and the words."""
    with pytest.raises(Refused) as refused:
        transition(before, step, actor, now, digest=digest)
    return refused.value.rule, str(refused.value)


def test_a_revision_belongs_to_whoever_planned_it_and_has_no_officer() -> None:
    before = planned(S.AUTHORISED, officer="Cass")
    assert transition(before, Step.PLAN, PIA, START) == replace(
        before, status=S.DRAFT, revision=4, planner="Pia", officer=""
    )


def test_who_authorises_is_kept_and_who_refuses_is_not() -> None:
    before = planned(S.APPLIED)
    assert transition(before, Step.AUTHORISE, CASS, START) == replace(before, status=S.AUTHORISED, officer="Cass")
    assert transition(before, Step.REFUSE, CASS, START) == replace(before, status=S.DRAFT)


def test_a_list_that_is_compiled_anew_is_its_compiler_s_and_nobody_s_approval_stands() -> None:
    before = planned(S.LIST_BUILT, compiler="Pat", list_digest="old", approved_digest="old", approver="Cass")
    assert transition(before, Step.COMPILE, PIA, START, digest="new") == replace(
        before, compiler="Pia", list_digest="new", approved_digest="", approver=""
    )


def test_who_approves_the_list_is_kept_with_the_digest_that_was_approved() -> None:
    before = planned(S.LIST_BUILT, compiler="Pia", list_digest="one")
    after = transition(before, Step.APPROVE_LIST, CASS, START, digest="one")
    assert after == replace(before, status=S.LIST_APPROVED, approved_digest="one", approver="Cass")
    assert after.list_is_approved


@pytest.mark.parametrize(("step", "by"), [(Step.ANNOUNCE, PAT), (Step.WITHHOLD, CASS)])
def test_announcing_and_withholding_say_that_the_hours_are_spoken_for_and_move_nothing(
    step: Step, by: StepActor
) -> None:
    before = planned(S.AUTHORISED)
    assert transition(before, step, by, START) == replace(before, announced=True)


@pytest.mark.parametrize(
    ("step", "status", "to"),
    [(Step.READY, S.LIST_APPROVED, S.READY), (Step.OPEN, S.READY, S.LIVE), (Step.CLOSE, S.LIVE, S.ENDED)],
)
def test_ready_open_and_close_change_nothing_but_where_it_stands(step: Step, status: S, to: S) -> None:
    before = planned(status, **IN_ORDER)
    assert transition(before, step, OLU, START) == replace(before, status=to)


@pytest.mark.parametrize(
    ("missing", "rule", "words"),
    [
        ({"list_digest": ""}, "deployment.list-changed", "the list of market as it is was not approved"),
        ({"approved_digest": ""}, "deployment.list-changed", "was not approved"),
        ({"list_digest": "two"}, "deployment.list-changed", "was not approved"),
        ({"announced": False}, "deployment.not-announced", "market was neither announced nor withheld"),
        ({"signage": False}, "deployment.not-confirmed", "signs stand at all approaches of market"),
        ({"briefing": False}, "deployment.not-confirmed", "officers are briefed"),
    ],
)
def test_each_thing_that_is_missing_keeps_it_from_ready_by_itself(
    missing: dict[str, object], rule: str, words: str
) -> None:
    reported = refusal(planned(S.LIST_APPROVED, **IN_ORDER | missing), Step.READY, PAT)
    assert reported[0] == rule
    assert words in reported[1]


@pytest.mark.parametrize(
    ("step", "status", "actor"),
    [
        (Step.AUTHORISE, S.APPLIED, CASS),
        (Step.COMPILE, S.AUTHORISED, PAT),
        (Step.READY, S.LIST_APPROVED, PAT),
        (Step.OPEN, S.READY, OLU),
        (Step.RESUME, S.SUSPENDED, CASS),
    ],
)
def test_what_leads_to_recognition_is_refused_from_the_last_moment_on(step: Step, status: S, actor: StepActor) -> None:
    before = planned(status, **IN_ORDER)
    transition(before, step, actor, END - timedelta(microseconds=1), digest="one")
    rule, words = refusal(before, step, actor, END)
    assert (rule, "the hours of market ended at 2026-11-27 16:00 UTC" in words) == ("deployment.hours-over", True)


def test_nothing_opens_a_moment_too_early_and_it_says_when_its_hours_begin() -> None:
    rule, words = refusal(planned(S.READY), Step.OPEN, OLU, START - timedelta(microseconds=1))
    assert (rule, words) == ("deployment.too-early", "the hours of market begin at 2026-11-27 10:00 UTC")


def test_a_list_without_an_entry_is_none() -> None:
    rule, words = refusal(planned(S.AUTHORISED), Step.COMPILE, PAT, digest="")
    assert (rule, words) == ("deployment.no-list", "deployment market needs a list with at least one entry")


@pytest.mark.parametrize(
    ("before", "step", "did"),
    [
        (planned(S.APPLIED, planner="Cass"), Step.AUTHORISE, "planned"),
        (planned(S.APPLIED, planner="Cass"), Step.REFUSE, "planned"),
        (planned(S.LIST_BUILT, planner="Cass", list_digest="one"), Step.APPROVE_LIST, "planned"),
        (planned(S.LIST_BUILT, compiler="CASS", list_digest="one"), Step.APPROVE_LIST, "compiled the list of"),
        (planned(S.SUSPENDED, planner="cass"), Step.RESUME, "planned"),
    ],
)
def test_whoever_may_not_decide_for_their_own_part_in_it_reads_which(
    before: DeploymentState, step: Step, did: str
) -> None:
    words = f"Cass {did} deployment market: another authorising officer has to decide this"
    assert refusal(before, step, CASS) == ("deployment.same-person", words)


def test_an_officer_who_saw_another_list_reads_the_first_16_characters_of_this_one_s_digest() -> None:
    rule, words = refusal(planned(S.LIST_BUILT, list_digest="0123456789abcdefX"), Step.APPROVE_LIST, CASS)
    assert rule == "deployment.list-changed"
    assert words == "the list of market isn't the one you saw (digest 0123456789abcdef): look at it again"


def test_a_refusal_names_what_is_needed_and_who_may() -> None:
    assert refusal(planned(S.READY), Step.CLOSE, OLU) == (
        "deployment.wrong-state",
        "deployment market is ready: close needs one that is live, suspended",
    )
    assert refusal(planned(S.READY), Step.OPEN, CASS) == (
        "deployment.wrong-role",
        "Cass can't open a deployment: that is for a operator or planner",
    )
    assert refusal(planned(S.LIVE, rules=TRIAL_RULES), Step.CANCEL, CASS) == (
        "deployment.trial",
        "market is a trial: `lfr deployment close` ends it",
    )
    assert refusal(planned(S.LIVE, rules=TRIAL_RULES), Step.APPLY, PAT) == (
        "deployment.trial",
        "market is a trial: it has no application, so apply isn't for it",
    )


P, A, OP, U, C = Role.PLANNER, Role.AUTHORISING_OFFICER, Role.OPERATOR, Role.PUBLICATION_OFFICER, Role.COMPLIANCE
T = Role.TRIALS_SERVICE
FLOWS, WATCH, RETENTION, LFR = SystemActor.FLOWS, SystemActor.WATCH, SystemActor.RETENTION, SystemActor.LFR
WITH_AUTHORITY = {S.AUTHORISED, S.LIST_BUILT, S.LIST_APPROVED, S.READY}
PLANNED = {
    Step.PLAN: ({S.DRAFT, S.APPLIED, S.AUTHORISED}, S.DRAFT, {P}),
    Step.APPLY: ({S.DRAFT}, S.APPLIED, {P}),
    Step.AUTHORISE: ({S.APPLIED}, S.AUTHORISED, {A}),
    Step.REFUSE: ({S.APPLIED}, S.DRAFT, {A}),
    Step.COMPILE: ({S.AUTHORISED, S.LIST_BUILT}, S.LIST_BUILT, {P, FLOWS}),
    Step.APPROVE_LIST: ({S.LIST_BUILT}, S.LIST_APPROVED, {A}),
    Step.ANNOUNCE: (WITH_AUTHORITY, None, {P, U, FLOWS}),
    Step.WITHHOLD: (WITH_AUTHORITY, None, {A}),
    Step.READY: ({S.LIST_APPROVED}, S.READY, {P, OP}),
    Step.OPEN: ({S.READY}, S.LIVE, {P, OP, FLOWS}),
    Step.SUSPEND: ({S.LIVE, S.SUSPENDED}, S.SUSPENDED, {P, A, OP, C, WATCH}),
    Step.RESUME: ({S.SUSPENDED}, S.LIVE, {A}),
    Step.SHORTEN: ({S.LIVE, S.SUSPENDED}, None, {P, A, OP}),
    Step.EXTEND: ({S.LIVE, S.SUSPENDED}, None, {A}),
    Step.CLOSE: ({S.LIVE, S.SUSPENDED}, S.ENDED, {P, A, OP, FLOWS, RETENTION}),
    Step.CANCEL: (WITH_AUTHORITY | {S.DRAFT, S.APPLIED}, S.CANCELLED, {P, A, FLOWS, RETENTION}),
}
TRIAL = {
    Step.COMPILE: ({S.DRAFT}, S.READY, {P, A, OP, T, LFR}),
    Step.OPEN: ({S.READY}, S.LIVE, {P, A, OP, T, LFR}),
    Step.SUSPEND: ({S.LIVE, S.SUSPENDED}, S.SUSPENDED, {P, A, OP, T, C, LFR, WATCH}),
    Step.RESUME: ({S.SUSPENDED}, S.LIVE, {P, A, OP, T, LFR}),
    Step.CLOSE: ({S.DRAFT, S.READY, S.LIVE, S.SUSPENDED}, S.ENDED, {P, A, OP, T, LFR, RETENTION}),
}
"""From where, to where, by whom. Who changes the lifecycle of a deployment changes it here too, knowingly."""


def test_both_lines_are_those_that_were_agreed() -> None:
    for rules, agreed in ((RULES, PLANNED), (TRIAL_RULES, TRIAL)):
        assert {
            step: (set(rule.froms), rule.to, {*rule.roles, *rule.systems}) for step, rule in rules.items()
        } == agreed


def test_the_audit_trail_names_authority_collection_and_erasure_and_calls_the_rest_decisions() -> None:
    named = {
        Step.AUTHORISE: Verb.AUTHORISE,
        Step.REFUSE: Verb.AUTHORISE,
        Step.APPROVE_LIST: Verb.AUTHORISE,
        Step.OPEN: Verb.AUTHORISE,
        Step.COMPILE: Verb.COLLECT,
        Step.CLOSE: Verb.ERASE,
    }
    for rule in (*RULES.values(), *TRIAL_RULES.values()):
        assert rule.verb is named.get(rule.step, Verb.DECIDE)
    assert {rule.audited for rule in RULES.values()} == {""}
    assert [rule.audited for rule in TRIAL_RULES.values()] == [
        "watchlist.attached",
        "deployment.opened",
        "deployment.suspended",
        "deployment.resumed",
        "deployment.closed",
    ]
