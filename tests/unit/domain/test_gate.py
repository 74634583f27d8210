"""The gate of a planned deployment: one function, and every one of its conditions can shut it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lfr_core.common.errors import Refused
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import (
    TO_BE_OPENED,
    TO_BE_READY,
    TRIAL,
    Condition,
    GateFacts,
    GateLimits,
    PlannedFacts,
    check_gate,
    gate,
)
from lfr_core.domain.policy import load_policy

NOW_NS = 1_795_435_200 * 10**9
HOUR_NS = 3_600 * 10**9
LIMITS = GateLimits.of(load_policy())
PLANNED = PlannedFacts(
    authorised_by="Sue",
    officer_may=True,
    starts_ns=NOW_NS - HOUR_NS,
    documents_why="",
    list_digest="one",
    approved_digest="one",
    list_built_ns=NOW_NS - 4 * HOUR_NS,
    list_last_day=date(2026, 12, 1),
    today=date(2026, 11, 23),
    threshold_authorised=0.45,
    threshold=0.45,
    contract_approved="contract",
    contract="contract",
    announced_ns=NOW_NS - 100 * HOUR_NS,
    withheld_by="",
    signage_by="Pat",
    briefing_by="Pat",
    proven_ns=NOW_NS - 60 * 10**9,
)
OPEN = GateFacts(
    deployment="d",
    status=DeploymentStatus.LIVE,
    opens_ns=NOW_NS - HOUR_NS,
    closes_ns=NOW_NS + HOUR_NS,
    gallery="lfr_d",
    suspended_why="",
    attended_ns=NOW_NS,
    audit_written_ns=NOW_NS,
    gallery_looked_ns=NOW_NS - 60 * 10**9,
    planned=PLANNED,
)
SHUT: list[tuple[Condition, dict[str, object]]] = [
    (Condition.AUTHORITY, {"authorised_by": ""}),
    (Condition.AUTHORITY, {"officer_may": False}),
    (Condition.DOCUMENTS_IN_DATE, {"documents_why": "the equality impact assessment was good until 2026-11-01"}),
    (Condition.LIST_IN_PLACE, {"gallery": ""}),
    (Condition.LIST_APPROVED, {"approved_digest": "two"}),
    (Condition.LIST_APPROVED, {"list_digest": "", "approved_digest": ""}),
    (Condition.LIST_FRESH, {"list_built_ns": NOW_NS - 25 * HOUR_NS}),
    (Condition.LIST_FRESH, {"list_built_ns": NOW_NS + 1}),
    (Condition.LIST_FRESH, {"list_last_day": date(2026, 11, 22)}),
    (Condition.GALLERY_UNCHANGED, {"gallery_why": "it is empty"}),
    (Condition.GALLERY_UNCHANGED, {"gallery_looked_ns": None}),
    (Condition.GALLERY_UNCHANGED, {"gallery_looked_ns": NOW_NS - 601 * 10**9}),
    (Condition.BOUND, {"threshold": 0.4}),
    (Condition.BOUND, {"contract": "another"}),
    (Condition.BOUND, {"contract": "", "contract_approved": ""}),
    (Condition.ANNOUNCED, {"announced_ns": None}),
    (Condition.ANNOUNCED, {"announced_ns": NOW_NS - 40 * HOUR_NS}),
    (Condition.SIGNAGE, {"signage_by": ""}),
    (Condition.BRIEFING, {"briefing_by": ""}),
    (Condition.PROVEN, {"proven_ns": None}),
    (Condition.PROVEN, {"proven_ns": NOW_NS - 601 * 10**9}),
    (Condition.AUDIT_WRITABLE, {"audit_written_ns": None}),
    (Condition.AUDIT_WRITABLE, {"audit_written_ns": NOW_NS - 31 * 10**9}),
    (Condition.RECORDS_ON_TRAIL, {"records_why": "authority/d/1 has no entry on the audit trail"}),
    (Condition.CLOCK_SANE, {"clock_why": "the clock jumped by an hour"}),
    (Condition.WITHIN_HOURS, {"closes_ns": NOW_NS}),
    (Condition.WITHIN_HOURS, {"closes_ns": None}),
    (Condition.WITHIN_HOURS, {"opens_ns": NOW_NS + 1}),
    (Condition.LIVE, {"status": DeploymentStatus.SUSPENDED}),
    (Condition.LIVE, {"status": DeploymentStatus.READY}),
    (Condition.OPERATOR_ATTENDING, {"attended_ns": None}),
    (Condition.OPERATOR_ATTENDING, {"attended_ns": NOW_NS - 11 * 10**9}),
]


def changed(change: dict[str, object]) -> GateFacts:
    inner = {name: value for name, value in change.items() if name in PlannedFacts.__slots__}
    outer = {name: value for name, value in change.items() if name not in inner}
    return replace(OPEN, **outer, planned=replace(PLANNED, **inner))  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(("condition", "change"), SHUT)
def test_the_gate_is_shut_by_any_one_condition_and_says_who_must_act(
    condition: Condition, change: dict[str, object]
) -> None:
    facts = changed(change)

    unmet = [finding for finding in gate(facts, LIMITS, now_ns=NOW_NS) if not finding.met]

    assert [finding.condition for finding in unmet] == [condition]
    assert unmet[0].who
    assert unmet[0].why
    with pytest.raises(Refused) as refused:
        check_gate(facts, "d", LIMITS, now_ns=NOW_NS)
    assert refused.value.rule == f"gate.{condition}"


def test_every_condition_that_there_is_can_shut_the_gate() -> None:
    assert {condition for condition, _ in SHUT} == set(Condition)


def test_with_everything_in_order_it_is_open_and_says_why_of_each() -> None:
    findings = gate(OPEN, LIMITS, now_ns=NOW_NS)

    assert [finding.condition for finding in findings] == list(Condition)
    assert all(finding.met and finding.why for finding in findings)
    check_gate(OPEN, "d", LIMITS, now_ns=NOW_NS)


def test_a_withheld_notice_needs_no_time_before_the_start() -> None:
    facts = changed({"announced_ns": NOW_NS - HOUR_NS, "withheld_by": "Sue"})

    check_gate(facts, "d", LIMITS, now_ns=NOW_NS)


def test_a_trial_is_asked_for_no_more_than_its_own() -> None:
    findings = gate(replace(OPEN, planned=None), LIMITS, now_ns=NOW_NS)

    assert {finding.condition for finding in findings} == TRIAL


def test_what_opening_and_being_ready_ask_for_are_parts_of_the_same_list() -> None:
    assert TO_BE_READY < TO_BE_OPENED < set(Condition)
    shut = changed({"signage_by": ""})
    check_gate(shut, "d", LIMITS, now_ns=NOW_NS, only={Condition.LIVE})
    with pytest.raises(Refused):
        check_gate(shut, "d", LIMITS, now_ns=NOW_NS, only=TO_BE_READY)


EDGES: list[tuple[Condition, dict[str, object], dict[str, object]]] = [
    (Condition.LIST_FRESH, {"list_built_ns": NOW_NS - 24 * HOUR_NS}, {"list_built_ns": NOW_NS - 24 * HOUR_NS - 1}),
    (Condition.LIST_FRESH, {"list_built_ns": NOW_NS}, {"list_built_ns": None}),
    (Condition.LIST_FRESH, {"list_last_day": date(2026, 11, 23)}, {"list_last_day": None}),
    (
        Condition.GALLERY_UNCHANGED,
        {"gallery_looked_ns": NOW_NS - 600 * 10**9},
        {"gallery_looked_ns": NOW_NS - 600 * 10**9 - 1},
    ),
    (Condition.GALLERY_UNCHANGED, {"gallery_looked_ns": NOW_NS}, {"gallery_looked_ns": NOW_NS + 1}),
    (
        Condition.ANNOUNCED,
        {"announced_ns": NOW_NS - 49 * HOUR_NS},
        {"announced_ns": NOW_NS - 49 * HOUR_NS + 1000},  # the start is an hour ago
    ),
    (Condition.PROVEN, {"proven_ns": NOW_NS - 600 * 10**9}, {"proven_ns": NOW_NS - 600 * 10**9 - 1}),
    (Condition.PROVEN, {"proven_ns": NOW_NS}, {"proven_ns": NOW_NS + 1}),
    (
        Condition.AUDIT_WRITABLE,
        {"audit_written_ns": NOW_NS - 30 * 10**9},
        {"audit_written_ns": NOW_NS - 30 * 10**9 - 1},
    ),
    (Condition.WITHIN_HOURS, {"opens_ns": NOW_NS}, {"opens_ns": NOW_NS + 1}),
    (Condition.WITHIN_HOURS, {"closes_ns": NOW_NS + 1}, {"closes_ns": NOW_NS}),
    (
        Condition.OPERATOR_ATTENDING,
        {"attended_ns": NOW_NS - 10 * 10**9},
        {"attended_ns": NOW_NS - 10 * 10**9 - 1},
    ),
    (Condition.OPERATOR_ATTENDING, {"attended_ns": NOW_NS}, {"attended_ns": NOW_NS + 1}),
]


@pytest.mark.parametrize(("condition", "just_met", "just_not"), EDGES)
def test_each_limit_is_good_to_its_last_moment_and_no_further(
    condition: Condition, just_met: dict[str, object], just_not: dict[str, object]
) -> None:
    check_gate(changed(just_met), "d", LIMITS, now_ns=NOW_NS)
    with pytest.raises(Refused) as refused:
        check_gate(changed(just_not), "d", LIMITS, now_ns=NOW_NS)
    assert refused.value.rule == f"gate.{condition}"


def test_a_deployment_without_a_beginning_is_open_until_its_end() -> None:
    check_gate(changed({"opens_ns": None}), "d", LIMITS, now_ns=NOW_NS)


def test_a_deployment_that_there_is_not_is_refused() -> None:
    with pytest.raises(Refused, match="there is no deployment nowhere") as refused:
        check_gate(None, "nowhere", LIMITS, now_ns=NOW_NS)
    assert refused.value.rule == "gate.unknown"


def test_an_announcement_of_after_the_start_is_said_to_be_one() -> None:
    late = changed({"announced_ns": NOW_NS + HOUR_NS})

    why = next(each.why for each in gate(late, LIMITS, now_ns=NOW_NS) if each.condition is Condition.ANNOUNCED)

    assert why.startswith("it was announced after its hours began, the policy asks for")
