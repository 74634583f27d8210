"""The record out of the database, announcements, and revisions that stay, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlmodel import text

from lfr_core.alerts import read
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.expiry import expire_alerts
from lfr_core.common.errors import Fatal, Refused
from lfr_core.domain.alerts import Cell, Engagement, EngagementOutcome, Review
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.watchlists import Category
from lfr_core.publication.published import read_published_records, read_revisions
from lfr_core.publication.record_figures import PackFacts
from lfr_core.publication.tabular import csv_text
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.publishing import announcing, ended_deployment, planned
from tests.support.record_publisher import figures, publisher
from tests.support.records import NOW_NS, alerts_of, entry, live_deployment, store_of
from tests.support.vaults import trail_of, vault_of


def test_the_numbers_of_the_record_are_those_of_the_stream(engine: Engine) -> None:
    clock = ended_deployment(engine)
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    record = publisher(engine, clock).publish("dep", figures(engine), by=authenticated("A. Okafor")).record
    counts = read.counts(engine, "dep")

    assert (record.faces_seen, record.faces_compared) == (counts.tracks_started, counts.faces_compared) == (44, 40)
    assert record.alerts.total == counts.alerts.total == 6
    printed = record.alerts.model_dump()
    assert {cell: printed[cell.value] for cell in Cell} == {cell: counts.alerts.cells.get(cell, 0) for cell in Cell}
    assert record.alerts.unanswered == counts.alerts.undecided == 1
    assert record.engagements.total == counts.alerts.engagements[Engagement.ENGAGED] == 2
    assert record.alerts.duplicate_of_same_person == 4
    assert record.watchlist.size_people == 2
    assert record.watchlist.by_category == {"high_risk_missing": "withheld", "wanted_by_courts": "withheld"}


def test_deleting_the_alerts_on_schedule_changes_no_count(engine: Engine) -> None:
    clock = ended_deployment(engine)
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    publish = publisher(engine, clock)
    before = publish.publish("dep", figures(engine), by=authenticated("A. Okafor")).record
    later = NOW_NS + 25 * 3_600 * 10**9
    gone = expire_alerts(engine, vault_of(engine), trail_of(engine), now_ns=later, retention_h=24)
    after = publish.correct("dep", figures(engine), reason="after the deletion", by=authenticated("A. Okafor")).record

    assert len(gone) == 7
    assert after.alerts.model_copy(update={"duplicate_of_same_person": 4}) == before.alerts
    assert after.alerts.duplicate_of_same_person is None  # on whom they were is deleted; it isn't guessed
    assert (after.engagements, after.rates) == (before.engagements, before.rates)
    assert after.blue_list == "not recorded"


def test_what_nobody_recorded_is_not_printed_as_nought(engine: Engine) -> None:
    clock = ended_deployment(engine)
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    record = publisher(engine, clock).publish("dep", figures(engine), by=authenticated("A. Okafor")).record
    row = dict(zip(*(line.split(",") for line in csv_text([record]).splitlines()), strict=False))

    assert record.outcomes == "not recorded"
    assert record.complaints_received == 0
    assert record.watchlist.under_18 == "not recorded"
    assert record.engagements.median_minutes_false is None
    assert (record.algorithm.model_sha256, record.algorithm.contract) == ("", "contract")
    assert (row["Outcome - Arrest"], row["No action"]) == ("", "")


@pytest.mark.parametrize(
    ("ages", "printed"),
    [((17, 40), "1-4"), ((18, 40), 0), ((17, None), "not recorded")],
    ids=["minor", "none", "unknown"],
)
def test_minors_on_a_list_are_counted_in_public_and_a_few_are_not_told_apart(
    engine: Engine, ages: tuple[int | None, int | None], printed: object
) -> None:
    clock = ended_deployment(engine, ages=ages)
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))

    assert (
        publisher(engine, clock)
        .publish("dep", figures(engine), by=authenticated("A. Okafor"))
        .record.watchlist.under_18
        == printed
    )


def test_what_came_of_engagements_is_published_and_outlives_the_alerts(engine: Engine) -> None:
    clock = ended_deployment(engine)
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    results = DecisionService(engine, trail_of(engine), clock)
    confirmed, mistaken = (
        next(one.id for one in alerts_of(engine, "dep") if one.decision.review is review and one.engaged)
        for review in (Review.CONFIRMED_TRUE, Review.CONFIRMED_FALSE)
    )
    results.record_outcome(confirmed, EngagementOutcome.ARREST, authenticated("C. Officer"))
    results.record_outcome(mistaken, EngagementOutcome.NO_ACTION, authenticated("C. Officer"), minutes=4.0)
    publish = publisher(engine, clock)
    before = publish.publish("dep", figures(engine), by=authenticated("A. Okafor")).record
    expire_alerts(engine, vault_of(engine), trail_of(engine), now_ns=NOW_NS + 25 * 3_600 * 10**9, retention_h=24)
    after = publish.correct("dep", figures(engine), reason="after the deletion", by=authenticated("A. Okafor")).record
    row = dict(zip(*(line.split(",") for line in csv_text([before]).splitlines()), strict=False))

    assert not isinstance(before.outcomes, str)
    assert (before.outcomes.arrest, before.outcomes.after_other_alerts_no_action) == (1, 1)
    assert row["Outcome - Arrest"] == "1"
    assert before.engagements.median_minutes_false == 4.0
    assert not isinstance(after.outcomes, str)
    assert (after.outcomes.arrest, after.engagements) == (1, before.engagements)


def test_the_pack_at_hand_is_named_only_where_it_is_the_one_that_recognised(engine: Engine) -> None:
    clock = ended_deployment(engine)
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    own = figures(engine, pack=PackFacts("contract", "open-pack", "a" * 64))
    other = figures(engine, pack=PackFacts("another", "open-pack", "a" * 64))

    assert (own.model.name, own.model.sha256) == ("open-pack", "a" * 64)
    assert (other.model.name, other.model.sha256) == ("not recorded", "")


def test_nothing_is_published_of_a_deployment_that_goes_on_or_was_never_announced(engine: Engine) -> None:
    live_deployment(engine, "live")
    store_of(engine).create("draft", DeploymentKind.DEMO, name="Draft")
    store_of(engine).close("draft")
    ended_deployment(engine)

    for name, rule in (
        ("live", "record.not-ended"),
        ("draft", "record.never-opened"),
        ("dep", "announcement.none"),
        ("nobody", "deployment.unknown"),
        ("nul\x00", "deployment.unknown"),
    ):
        with pytest.raises(Refused) as refused:
            figures(engine, name)
        assert refused.value.rule == rule


def test_a_list_destroyed_before_compositions_were_kept_has_no_record_rather_than_an_invented_one(
    engine: Engine,
) -> None:
    clock = ended_deployment(engine)
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    with overwriting(engine) as session:
        session.execute(text("DELETE FROM watchlist_composition"))
    with pytest.raises(Refused) as refused:
        figures(engine)

    assert refused.value.rule == "record.composition-unknown"


def test_a_correction_supersedes_with_its_reason_and_the_old_revision_stays(engine: Engine) -> None:
    clock = ended_deployment(engine)
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    publish = publisher(engine, clock)
    first = publish.publish("dep", figures(engine), by=authenticated("A. Okafor"))
    again = publish.publish("dep", figures(engine), by=authenticated("A. Okafor"))
    with pytest.raises(Refused) as nothing:
        publish.correct("dep", figures(engine), reason="none", by=authenticated("A. Okafor"))
    changed = figures(engine)
    changed = replace(changed, cameras=replace(changed.cameras, count=2))
    second = publish.correct("dep", changed, reason="a camera\nwas left out", by=authenticated("A. Okafor"))

    assert again == first
    assert nothing.value.rule == "record.nothing-to-correct"
    assert (second.revision, second.reason, second.record.supersedes) == (2, "a camera was left out", 1)
    assert read_revisions(engine, "dep") == read_published_records(engine) == (first, second)
    reported = [event.facts["sha256"] for event in trail_of(engine).events if event.rule == "record.published"]
    assert reported == [first.sha256, second.sha256]


def test_what_cannot_be_audited_is_not_published(engine: Engine) -> None:
    clock = ended_deployment(engine)
    trail_of(engine).full = True
    with pytest.raises(Refused):
        announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    trail_of(engine).full = False
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    trail_of(engine).full = True
    with pytest.raises(Refused):
        publisher(engine, clock).publish("dep", figures(engine), by=authenticated("A. Okafor"))

    assert read_revisions(engine, "dep") == ()


def test_a_published_record_that_was_changed_in_the_database_is_found(engine: Engine) -> None:
    clock = ended_deployment(engine)
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    publisher(engine, clock).publish("dep", figures(engine), by=authenticated("A. Okafor"))
    with overwriting(engine) as session:
        session.execute(text("UPDATE published_record SET body = replace(body, '\"faces_compared\": 40', '\"x\": 1')"))

    with pytest.raises(Fatal, match="was changed"):
        read_revisions(engine, "dep")


def test_test_subjects_are_no_part_of_the_list_that_is_published(engine: Engine) -> None:
    live_deployment(engine, "dep", (entry("one"), entry("us", category=Category.BLUE_LIST)))
    store_of(engine).close("dep")
    announcing(engine).publish("dep", planned(), by=authenticated("A. Okafor"))
    listed = figures(engine).watchlist

    assert (listed.size_people, listed.size_images) == (1, 1)
    assert listed.by_category == {Category.WANTED_BY_COURTS: 1}
