from __future__ import annotations

from uuid import UUID

from sqlalchemy import Engine

from lfr_core.alerts import read
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Poison, Refused
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.policy import load_policy
from tests.support.audit import audit_trail
from tests.support.people import add_operators, authenticated, sign_on
from tests.support.records import (
    NOW_NS,
    ManualClock,
    alert_of,
    alerts_of,
    entry,
    live_deployment,
    recorder_of,
    sighting,
)
from tests.support.shown_pictures import seen
from tests.support.vaults import trail_of, vault_of

ALERTS = load_policy().alerts
MERGE_S = ALERTS.merge_s


def recorder(engine: Engine) -> Recorder:
    return recorder_of(engine, ManualClock(NOW_NS + 5))


def pictures(engine: Engine, alert: UUID) -> tuple[bytes, list[bytes]]:
    """Probe and references, as a person gets to see them."""
    sign_on(engine, trail_of(engine), "Ann Operator")
    opened = read.AlertCrops(engine, vault_of(engine)).open(alert, authenticated("Ann Operator"), "a test")
    return opened.probe.reveal(), [reference.jpeg.reveal() for reference in opened.references]


def test_the_first_sighting_opens_an_alert_with_what_a_person_needs_to_decide(engine: Engine) -> None:
    live_deployment(engine)

    recorded = recorder(engine).record_sightings([sighting(0.0, probe=b"the probe")])

    found = alert_of(engine, recorded.opened[0])
    assert found is not None
    assert recorded.failures == ()
    assert pictures(engine, found.id) == (b"the probe", [b"reference crop"])
    assert found.subject == "subject of entry-1"
    assert found.opened_ns == NOW_NS + 5
    assert found.undecided


def test_sightings_within_the_merge_time_of_the_first_are_one_alert_and_later_ones_another(engine: Engine) -> None:
    live_deployment(engine)

    recorder(engine).record_sightings([sighting(0.0), sighting(MERGE_S / 2), sighting(MERGE_S)])
    recorder(engine).record_sightings([sighting(MERGE_S + 0.1)])

    spans = sorted((a.first_ns - NOW_NS, a.last_ns - NOW_NS, a.sightings) for a in alerts_of(engine, "dep"))
    assert spans == [
        (0, round(MERGE_S * 1e9), 3),
        (round((MERGE_S + 0.1) * 1e9), round((MERGE_S + 0.1) * 1e9), 1),
    ]


def test_an_alert_is_stretched_by_no_number_of_sightings(engine: Engine) -> None:
    live_deployment(engine)

    recorder(engine).record_sightings([sighting(step * MERGE_S / 3) for step in range(40)])
    backwards = [sighting(-step * MERGE_S / 3, sequence=1000 - step) for step in range(1, 20)]
    recorder(engine).record_sightings(backwards)

    assert all(a.last_ns - a.first_ns <= round(MERGE_S * 1e9) for a in alerts_of(engine, "dep"))
    assert sum(a.sightings for a in alerts_of(engine, "dep")) == 59


def test_a_late_sighting_joins_the_alert_it_precedes(engine: Engine) -> None:
    live_deployment(engine)

    recorder(engine).record_sightings([sighting(20.0)])
    recorder(engine).record_sightings([sighting(20.0 - MERGE_S)])

    (alert,) = alerts_of(engine, "dep")
    assert (alert.first_sequence, alert.last_sequence) == (1000 + round((20 - MERGE_S) * 25), 1500)


def test_another_camera_and_another_entry_have_alerts_of_their_own(engine: Engine) -> None:
    live_deployment(engine, entries=(entry("entry-1"), entry("entry-2")))

    recorder(engine).record_sightings(
        [sighting(0.0), sighting(0.0, camera="south"), sighting(0.0, entry="entry-2"), sighting(0.04)]
    )

    found = sorted((a.camera, a.entry, a.sightings) for a in alerts_of(engine, "dep"))
    assert found == [("north", "entry-1", 2), ("north", "entry-2", 1), ("south", "entry-1", 1)]


def test_a_sighting_delivered_twice_changes_nothing(engine: Engine) -> None:
    live_deployment(engine)
    sightings = [sighting(0.0), sighting(1.0, similarity=0.7)]

    recorder(engine).record_sightings(sightings)
    before = alerts_of(engine, "dep")
    again = recorder(engine).record_sightings([*sightings, *sightings])

    assert (again.opened, again.failures) == ((), ())
    assert alerts_of(engine, "dep") == before


def test_the_best_probe_is_shown(engine: Engine) -> None:
    live_deployment(engine)

    for at_s, similarity, probe in ((0.0, 0.5, b"worse"), (1.0, 0.8, b"best"), (2.0, 0.6, b"middling")):
        recorder(engine).record_sightings([sighting(at_s, similarity=similarity, probe=probe)])

    (found,) = alerts_of(engine, "dep")
    assert (pictures(engine, found.id)[0], found.similarity, found.sightings) == (b"best", 0.8, 3)


def test_what_cannot_be_recorded_is_reported_and_the_rest_is_recorded(engine: Engine) -> None:
    live_deployment(engine)
    bad = [sighting(0.0, deployment="nowhere"), sighting(0.0, entry="nobody"), sighting(0.0, camera="a\x00b")]

    recorded = recorder(engine).record_sightings([bad[0], sighting(0.0), bad[1], bad[2]])

    assert [s.id for s, _ in recorded.failures] == [s.id for s in bad]
    assert all(isinstance(error, Poison) for _, error in recorded.failures)
    assert len(alerts_of(engine, "dep")) == 1


def test_a_sighting_of_an_ended_deployment_is_refused_but_one_delivered_again_is_not(engine: Engine) -> None:
    store = live_deployment(engine)
    recorder(engine).record_sightings([sighting(0.0)])
    store.close("dep")

    recorded = recorder(engine).record_sightings([sighting(0.0), sighting(1.0)])

    ((refused, error),) = recorded.failures
    assert refused.id == sighting(1.0).id
    assert isinstance(error, Refused)
    assert error.rule == "sighting.deployment-not-live"
    assert alerts_of(engine, "dep")[0].sightings == 1


def test_an_entry_that_expires_while_the_deployment_is_live_gives_no_alert_from_the_next_day_on(engine: Engine) -> None:
    last_day = utc_from_ns(NOW_NS).date()
    live_deployment(engine, entries=(entry(expires_on=last_day),))

    recorded = recorder(engine).record_sightings([sighting(0.0), sighting(86_400.0)])

    ((refused, error),) = recorded.failures
    assert refused.id == sighting(86_400.0).id
    assert isinstance(error, Refused)
    assert error.rule == "watchlist.entry-expired"
    assert [alert.sightings for alert in alerts_of(engine, "dep")] == [1]


def test_who_passes_after_an_answer_is_another_alert_and_what_was_taken_before_it_joins(engine: Engine) -> None:
    live_deployment(engine)
    (alert,) = recorder(engine).record_sightings([sighting(0.0)]).opened
    add_operators(engine, "Ann Operator")
    DecisionService(engine, audit_trail(), ManualClock(NOW_NS + 10**9)).judge(
        alert, Judgement.DIFFERENT, authenticated("Ann Operator"), shown=seen(engine, alert)
    )

    (another,) = recorder(engine).record_sightings([sighting(0.5), sighting(2.0)]).opened

    first, second = alert_of(engine, alert), alert_of(engine, another)
    assert first is not None
    assert second is not None
    assert (first.sightings, first.decision.judgement) == (2, Judgement.DIFFERENT)
    assert (second.sightings, second.undecided) == (1, True)


def test_an_alert_keeps_its_reference_when_the_watchlist_is_destroyed(engine: Engine) -> None:
    store = live_deployment(engine)
    (alert,) = recorder(engine).record_sightings([sighting(0.0)]).opened

    store.close("dep")

    assert pictures(engine, alert)[1] == [b"reference crop"]
    assert store.references("dep") == 0
