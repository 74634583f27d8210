"""Who may authorise a deployment, on which documents and evaluation, and what takes an authority back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lfr_core.custody.people import Rank, Role
from lfr_core.deployments.application import Authority
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind, ComplianceDocumentRegister
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.locking import lock_deployment
from lfr_core.deployments.reading import open_calls, read_authority
from lfr_core.domain.claims import faces_needed
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.gate import Condition
from lfr_core.storage.engine import reading
from tests.support.people import authenticated
from tests.support.planning import COMPLIANCE, OFFICER, OTHER_OFFICER, PLANNER, PlanningHarness, form
from tests.support.planning_acts import red, refused, status

S = DeploymentStatus


def decide(harness: PlanningHarness, by: str) -> None:
    why = "necessary and proportionate"
    harness.deployments.authorise("dep", by=authenticated(by), reason=why, revision=1, claim_not_shown=True)


def test_the_planner_never_authorises_the_same_deployment(harness: PlanningHarness) -> None:
    harness.deployments.plan(
        "dep", DeploymentKind.OPERATIONAL, form(harness.start()), by=authenticated(OFFICER)
    )  # an officer who also plans
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep")

    refused("deployment.same-person", lambda: decide(harness, OFFICER.upper()))
    refused("people.wrong-role", lambda: decide(harness, PLANNER))
    decide(harness, OTHER_OFFICER)

    assert status(harness) is S.AUTHORISED


def test_an_officer_signs_that_no_evaluation_shows_the_public_claim(harness: PlanningHarness) -> None:
    harness.plan()
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep")

    def sign(*, claim_not_shown: bool) -> Authority:
        return harness.deployments.authorise(
            "dep", by=authenticated(OFFICER), reason="necessary", revision=1, claim_not_shown=claim_not_shown
        )

    reported = refused("deployment.claim-not-shown", lambda: sign(claim_not_shown=False))
    assert "1 false alert in 100,000 faces" in reported
    given = sign(claim_not_shown=True)

    assert (given.claim_not_shown, given.expected_false_alerts) == (True, None)


def test_an_authority_states_who_with_which_rank_and_for_which_limit(harness: PlanningHarness) -> None:
    harness.walk(S.AUTHORISED, list_cap=1_000)
    harness.plan("large", place="Great Yarmouth", list_cap=10_000, cameras=("east",))
    harness.authorise("large")

    with reading(harness.engine) as session:
        small, large = read_authority(session, "dep"), read_authority(session, "large")
    assert small is not None
    assert large is not None
    assert (small.by, small.rank, small.granted) == (OFFICER, Rank.SUPERINTENDENT, True)
    assert (small.false_alerts_one_in, large.false_alerts_one_in) == (100_000, 10_000)


def test_an_officer_who_is_revoked_doesn_t_open_a_gate_any_more(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE)
    harness.people.revoke(OFFICER, why="left the force", by=authenticated("Dee Compliance"))

    assert Condition.AUTHORITY in red(harness)
    refused("people.revoked", lambda: harness.deployments.suspend("dep", "x", by=authenticated(OFFICER)))
    people, rank = harness.people, Rank.SUPERINTENDENT
    people.add(OFFICER, {Role.AUTHORISING_OFFICER}, rank, by=authenticated("Dee Compliance"), again=True)
    assert Condition.AUTHORITY in red(harness)  # what was done before doesn't come back with the name


def test_an_expired_or_missing_document_blocks_the_authority_and_shuts_the_gate(harness: PlanningHarness) -> None:
    made = harness.plan()
    reported = refused("deployment.documents", lambda: decide(harness, OFFICER))
    assert "community" in reported
    last = made.ends_at.date()
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep", review_by=last)
    decide(harness, OFFICER)
    assert Condition.DOCUMENTS_IN_DATE not in red(harness)

    harness.wait_until(made.ends_at + timedelta(days=1))

    assert Condition.DOCUMENTS_IN_DATE in red(harness)


def test_moving_a_deployment_takes_its_authority_and_announcement_back(harness: PlanningHarness) -> None:
    harness.walk(S.AUTHORISED)
    later = form(harness.start(9))

    harness.deployments.plan("dep", DeploymentKind.OPERATIONAL, later, by=authenticated(PLANNER))

    assert status(harness) is S.APPLIED
    assert {Condition.AUTHORITY, Condition.ANNOUNCED, Condition.WITHIN_HOURS} <= red(harness)
    refused("watchlist.attached", harness.compile)
    with reading(harness.engine) as session:
        assert read_authority(session, "dep") is None
        assert lock_deployment(session, "dep").closes_at is None


def test_a_refused_application_says_why_and_may_be_revised(harness: PlanningHarness) -> None:
    harness.plan()
    harness.deployments.refuse("dep", by=authenticated(OFFICER), reason="the footprint takes in a school")

    assert status(harness) is S.DRAFT
    (asked,) = open_calls(harness.engine, frozenset({Role.PLANNER}))
    assert "takes in a school" in asked.why
    harness.deployments.plan(
        "dep", DeploymentKind.OPERATIONAL, form(harness.start(), footprint="The market"), by=authenticated(PLANNER)
    )
    assert open_calls(harness.engine, frozenset({Role.PLANNER})) == ()
    harness.authorise()


def test_a_measured_evaluation_authorises_without_the_signature_where_and_only_where_it_carries_the_claim(
    harness: PlanningHarness,
) -> None:
    made = form(harness.start())
    for deployment, cap in (("dep", made.list_cap), ("far", 10_000)):
        harness.plan(deployment, list_cap=cap, cameras=(f"of-{deployment}",), place=deployment)
        harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment=deployment)
    row = Evaluation(
        contract="model",
        threshold=made.threshold,
        probes=faces_needed(100_000),
        list_people=made.list_cap,
        false_matches=0,
        source="passes of people who weren't listed",
        indicative=False,
    )

    def sign(deployment: str, *evaluations: Evaluation) -> Authority:
        planning = harness.service(evaluations=evaluations)
        return planning.authorise(deployment, by=authenticated(OFFICER), reason="necessary", revision=1)

    one_fewer = row.model_copy(update={"probes": row.probes - 1})
    refused("deployment.claim-not-shown", lambda: sign("dep", one_fewer))
    refused(
        "deployment.claim-not-shown", lambda: sign("far", row)
    )  # a list ten times as long as the one that was measured
    given = sign("dep", row)

    assert (given.claim_not_shown, given.expected_false_alerts) == (False, 0.0)


@pytest.mark.parametrize(
    ("model", "threshold", "words"),
    [("", None, "another model"), ("another", None, "another model"), ("model", 0.6, "must be 0.6 alike")],
)
def test_an_equality_assessment_of_something_else_shuts_the_way_to_authorities_until_it_is_renewed(
    harness: PlanningHarness, model: str, threshold: float | None, words: str
) -> None:
    made = harness.plan()
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep")

    def assess(version: str, of: float | None) -> None:
        file = harness.home / f"equality-{version}.md"
        file.write_text("# Equality\n\nBy group.\n", encoding="utf-8")
        folder, policy = harness.home / "papers", harness.policy.documents
        register = ComplianceDocumentRegister(
            harness.engine, harness.trail, harness.clock, folder, policy, model="model", threshold=of
        )
        register.add(
            ComplianceDocumentKind.EQUALITY,
            file,
            title="Equality",
            version=version,
            review_by=harness.now.date() + timedelta(days=100),
            by=authenticated(COMPLIANCE),
        )

    def sign(in_use: str) -> Authority:
        planning = harness.service(model=in_use)
        return planning.authorise(
            "dep", by=authenticated(OFFICER), reason="necessary", revision=1, claim_not_shown=True
        )

    assess("2", threshold)
    assert words in refused("deployment.equality", lambda: sign(model))
    assess("3", made.threshold)
    assert sign("model").granted
