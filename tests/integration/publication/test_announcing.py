"""An announcement, its place and its time: what may be replaced, withheld and taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Refused
from lfr_core.deployments.announcement import NOT_RELEASED, ReasonClass, announcement_of, announcements, plan
from lfr_core.deployments.withholding import approve_withholding, ask_to_withhold, find_pending, refuse_withholding
from lfr_core.deployments.withholding_requests import WithholdingRequest
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.figures import UseCase
from tests.support.people import authenticated
from tests.support.publishing import announcing, ended_deployment, planned, withhold
from tests.support.record_publisher import figures, publisher
from tests.support.records import ManualClock, entry, store_of


def test_an_announcement_may_be_replaced_until_the_deployment_opens_and_shows_when_it_was_made(engine: Engine) -> None:
    clock = ManualClock()
    store = store_of(engine, clock)
    store.create("dep", DeploymentKind.DEMO, name="High Street")
    announce = announcing(engine, clock)
    announce.publish("dep", planned(), by=authenticated("A. Okafor"))
    clock.advance(60)
    second = announce.publish("dep", planned("Thorpe Road, Norwich"), by=authenticated("A. Okafor"))
    store.attach_watchlist("dep", "contract", "gallery_dep", (entry(),))
    store.open("dep")
    with pytest.raises(Refused) as late:
        announce.publish("dep", planned(), by=authenticated("A. Okafor"))

    assert late.value.rule == "announcement.too-late"
    assert announcement_of(engine, "dep") == second
    assert (second.revision, second.plan.place) == (2, "Thorpe Road, Norwich")
    assert second.notice.published_at == datetime(2026, 11, 23, 12, 1, tzinfo=UTC)
    assert second.plan.starts_at == datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_a_withheld_deployment_names_its_place_only_once_released_and_is_never_called_by_its_id(engine: Engine) -> None:
    clock = ended_deployment(engine, "thorpe-road")
    announce = announcing(engine, clock)
    made = withhold(announce, "thorpe-road", planned("Thorpe Road"), by="A. Okafor", approved_by="Supt B")
    publish = publisher(engine, clock)
    first = publish.publish("thorpe-road", figures(engine, "thorpe-road"), by=authenticated("A. Okafor"))
    announce.release("thorpe-road", by=authenticated("Supt B"))
    second = publish.correct(
        "thorpe-road", figures(engine, "thorpe-road"), reason="the place is released", by=authenticated("A. Okafor")
    )

    assert made.public_id == "withheld-0123456789ab"
    assert first.record.advance_notice.withheld_because == "threat to life"
    assert first.record.location_text == NOT_RELEASED
    assert "thorpe" not in first.body.lower()
    assert second.record.location_text == "Thorpe Road"
    assert second.record.record_id == first.record.record_id
    assert [one.place_is_public for one in announcements(engine)] == [True]


def test_a_place_that_took_the_place_of_the_one_the_officer_read_is_not_withheld(engine: Engine) -> None:
    store_of(engine).create("dep", DeploymentKind.DEMO, name="High Street")
    announce, because = announcing(engine), ReasonClass.NATIONAL_SECURITY
    asker, officer = authenticated("A. Okafor"), authenticated("Supt B")
    read = ask_to_withhold(announce, "dep", because=because, by=asker, plan=planned("Thorpe Road"))
    with pytest.raises(Refused) as over:
        ask_to_withhold(announce, "dep", because=because, by=asker, plan=planned("Castle Meadow"))
    refuse_withholding(announce, "dep", by=asker, reason="another place")
    ask_to_withhold(announce, "dep", because=because, by=asker, plan=planned("Castle Meadow"))

    with pytest.raises(Refused) as replaced:
        approve_withholding(announce, "dep", request=read.name, by=officer)

    assert (over.value.rule, replaced.value.rule) == ("announcement.withholding-asked", "approval.other-request")
    assert "Castle Meadow" in find_pending(announce, "dep").words
    assert announcements(engine) == ()


def test_nobody_approves_their_own_withholding_and_what_is_public_is_not_taken_back(engine: Engine) -> None:
    store_of(engine).create("dep", DeploymentKind.DEMO, name="High Street")
    announce = announcing(engine)
    because, officer = ReasonClass.NATIONAL_SECURITY, authenticated("Supt B")

    def ask(by: str) -> WithholdingRequest:
        return ask_to_withhold(announce, "dep", because=because, by=authenticated(by), plan=planned())

    asked = ask("Supt B")
    with pytest.raises(Refused) as same:
        approve_withholding(announce, "dep", request=asked.name, by=authenticated("supt.  B"))
    with pytest.raises(Refused) as waits:
        announce.publish("dep", planned(), by=authenticated("A. Okafor"))
    refuse_withholding(announce, "dep", by=officer, reason="another officer is away")
    announce.publish("dep", planned(), by=authenticated("A. Okafor"))
    with pytest.raises(Refused) as public:
        ask("A. Okafor")
    with pytest.raises(Refused) as none:
        approve_withholding(announce, "dep", request=asked.name, by=officer)
    with pytest.raises(Refused) as nothing:
        announce.release("dep", by=authenticated("A. Okafor"))

    found = [one.value.rule for one in (same, waits, public, none, nothing)]
    assert found == [
        "announcement.same-person",
        "announcement.withholding-asked",
        "announcement.is-public",
        "announcement.nothing-asked",
        "announcement.nothing-to-release",
    ]


@pytest.mark.parametrize("place", ["", " ", "two\nlines", "x" * 121, "nul\x00", "bi\u2028di"])
def test_a_place_that_would_break_a_feed_is_refused(place: str) -> None:
    with pytest.raises(Refused) as refused:
        planned(place)

    assert refused.value.rule == "announcement.bad-text"


def test_a_time_that_the_clock_skips_is_refused_and_a_night_ends_the_next_day() -> None:
    def of(day: date, start: time, end: time) -> datetime:
        made = plan(place="a", day=day, start=start, end=end, purpose="b", use_case=UseCase.CRIME_HOTSPOT)
        return made.ends_at

    with pytest.raises(Refused) as refused:
        of(date(2026, 3, 29), time(1, 30), time(4, 0))

    assert refused.value.rule == "announcement.bad-time"
    assert of(date(2026, 7, 1), time(22, 0), time(2, 0)) == datetime(2026, 7, 2, 1, 0, tzinfo=UTC)
