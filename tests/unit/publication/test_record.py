from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lfr_core.common.errors import Poison, Refused
from lfr_core.domain.alerts import Decision, Engagement, Judgement
from lfr_core.domain.figures import Figures, Notice
from lfr_core.domain.watchlists import Category
from lfr_core.publication.record import SCHEMA_FILE, BlueList, DeploymentRecord, Outcomes, schema_text
from lfr_core.publication.record_builder import corrected, from_figures
from lfr_core.publication.record_v1 import read_record
from lfr_core.publication.suppression import WITHHELD, suppress_count, suppress_counts
from lfr_core.publication.tabular import NATIONAL_COLUMNS, OUR_COLUMNS, csv_text, percent
from tests.support.publication import ENDED, POLICY, alert, figures

ALERTS = [
    alert("TC", "a", "arrest"),
    alert("TC", "a"),  # the same person again
    alert("TC", "b", "none"),
    alert("TC", "c"),
    alert("TU", "d"),
    alert("FC", "e", "none", minutes=4.0),
    alert("FU", "f"),
    alert("unanswered", "g"),
]
DATA = Path(__file__).resolve().parents[2] / "data" / "publication"
PUBLISHED = ENDED + timedelta(days=2)


def made(given: Figures | None = None) -> DeploymentRecord:
    return from_figures(given or figures(ALERTS), policy=POLICY, published_at=PUBLISHED)


def test_every_alert_is_in_exactly_one_figure_and_one_nobody_judged_is_not_decided() -> None:
    alerts = made().alerts

    assert (alerts.true_confirmed, alerts.true_unconfirmed) == (4, 1)
    assert (alerts.false_confirmed, alerts.false_unconfirmed, alerts.not_decided) == (1, 1, 1)
    assert (alerts.total, alerts.operator_dismissed, alerts.unanswered, alerts.cant_tell) == (8, 1, 1, 0)
    assert alerts.duplicate_of_same_person == 1


def test_outcomes_are_counted_once_for_each_person_and_reconcile_with_confirmed_alerts() -> None:
    outcomes = made().outcomes
    assert isinstance(outcomes, Outcomes)

    assert (outcomes.arrest, outcomes.other_disposal, outcomes.no_action) == (1, 0, 1)
    assert (outcomes.repeat_alerts, outcomes.without_outcome) == (1, 1)
    assert outcomes.after_other_alerts_no_action == 1
    assert made().engagements.median_minutes_false == 4.0


def test_the_blue_list_counts_in_no_figure_but_its_own() -> None:
    seeded = [alert("TC", f"blue-{i}", category=Category.BLUE_LIST) for i in range(3)]
    with_seeded = made(figures([*ALERTS, *seeded]))

    assert with_seeded == made()
    assert isinstance(with_seeded.blue_list, BlueList)
    assert with_seeded.blue_list.true_recognition_rate.point == 0.9
    assert made(figures(ALERTS, blue_list=None)).blue_list == "not recorded"


def test_rates_use_faces_compared_and_faces_seen_stand_beside() -> None:
    record = made()

    assert (record.rates.false_alerts_per_face.k, record.rates.false_alerts_per_face.n) == (2, 12_400)
    assert (record.faces_seen, record.faces_quality_rejected) == (13_000, 600)
    assert record.rates.in_words == "of 12,400 faces, 8 alerts, 2 wrong, 1 not decided"


def test_dates_are_local_and_iso_and_the_deadline_is_five_working_days() -> None:
    written = json.loads(made().model_dump_json())

    assert (written["date"], written["start_local"], written["end_local"]) == ("2026-11-23", "10:47:00", "17:00:00")
    assert written["duration_min"] == 373
    assert made().due_at.astimezone(UTC).date() == date(2026, 12, 1)  # midnight after Monday the 30th
    assert made().on_time
    late = from_figures(figures(ALERTS), policy=POLICY, published_at=ENDED + timedelta(days=9))
    assert not late.on_time


def test_few_people_are_suppressed_and_false_alerts_never() -> None:
    alerts = [
        *(alert("TC", f"a{i}", "arrest", group="A") for i in range(9)),
        alert("TC", "b", "arrest", group="B"),
        alert("FC", "c", "none", group="B"),
    ]
    record = made(figures(alerts, demographics_method="operator-perceived"))

    assert record.watchlist.under_18 == "1-4"
    assert [(g.group, g.alerts_true, g.alerts_false) for g in record.demographics] == [
        ("A", WITHHELD, 0),  # 10 true alerts less 9 would give the one away
        ("B", "1-4", 1),
    ]
    assert record.alerts.false_confirmed == 1


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12), min_size=2), st.integers(3, 8))
def test_no_small_cell_can_be_worked_out_from_the_total_and_what_is_printed(counts: dict[str, int], below: int) -> None:
    printed = suppress_counts(counts, below)
    total = sum(counts.values())
    if all(value == WITHHELD for value in printed.values()):
        return

    hidden = {name: value for name, value in printed.items() if isinstance(value, str)}
    left = total - sum(value for value in printed.values() if isinstance(value, int))
    for name, value in hidden.items():
        if value == WITHHELD:
            continue
        fits = {
            own for own in range(1, below) if can_be(left - own, [v for n, v in hidden.items() if n != name], below)
        }
        assert len(fits) > 1


def can_be(total: int, others: list[str], below: int) -> bool:
    """Whether hidden cells can add up to `total`: small ones 1 to below - 1, withheld ones `below` and more."""
    withheld = others.count(WITHHELD)
    small = len(others) - withheld
    low = small + below * withheld
    return total >= low if withheld else low <= total <= (below - 1) * small


def test_counts_of_nobody_are_printed() -> None:
    assert [suppress_count(count, 5) for count in (0, 1, 4, 5)] == [0, "1-4", "1-4", 5]
    assert suppress_counts({"a": 0, "b": 900}, 5) == {"a": 0, "b": 900}
    assert suppress_counts({"a": 3, "b": 40, "c": 900}, 5) == {"a": "1-4", "b": WITHHELD, "c": 900}


def test_a_correction_supersedes_says_what_changed_and_keeps_whether_it_was_on_time() -> None:
    first = made()
    later = figures([*ALERTS[:-1], alert("TC", "g", "arrest")])
    when = PUBLISHED + timedelta(days=30)
    second = corrected(first, later, policy=POLICY, corrected_at=when, reason="an alert was reviewed")

    assert (second.record_id, second.revision, second.supersedes) == (first.record_id, 2, 1)
    assert second.on_time
    assert second.alerts.true_confirmed == 5
    assert second.corrections[0].changed == ("alerts", "not_decided", "engagements", "outcomes", "rates")
    assert DeploymentRecord.model_validate_json(second.model_dump_json()) == second


@pytest.mark.parametrize(
    ("changed", "reason", "rule"),
    [
        (figures(ALERTS), "typo", "record.nothing-to-correct"),
        (figures(ALERTS[:3]), " ", "record.correction-without-reason"),
        (figures(ALERTS, session="another"), "typo", "record.other-deployment"),
    ],
)
def test_a_correction_that_corrects_nothing_is_refused(changed: Figures, reason: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        corrected(made(), changed, policy=POLICY, corrected_at=PUBLISHED, reason=reason)

    assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"ended_at": ENDED - timedelta(days=1)}, "ends before it starts"),
        ({"started_at": ENDED.replace(tzinfo=None)}, "time zone"),
        ({"notice": Notice()}, "published at a time or withheld"),
        ({"cameras": replace(figures().cameras, faces_compared=13_001)}, "faces_quality_rejected"),
        ({"watchlist": replace(figures().watchlist, size_people=7)}, "the list 7"),
        ({"model": replace(figures().model, sha256="x")}, "model_sha256"),
    ],
)
def test_figures_that_contradict_each_other_make_no_record(fault: dict[str, object], says: str) -> None:
    with pytest.raises(Poison, match=says):
        made(replace(figures(ALERTS), **fault))  # type: ignore[arg-type]  # one field a case


def test_a_record_whose_totals_do_not_add_up_cannot_be_read() -> None:
    written = json.loads(made().model_dump_json())
    written["alerts"]["total"] += 1

    with pytest.raises(ValidationError, match="not the sum"):
        DeploymentRecord.model_validate_json(json.dumps(written))


def test_the_committed_schema_is_the_models() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()  # else: python scripts/record_schema.py


def test_the_csv_has_the_sixteen_national_columns_first_and_ours_behind() -> None:
    (row,) = csv.DictReader(io.StringIO(csv_text([made()])))

    assert tuple(row) == (*NATIONAL_COLUMNS, *OUR_COLUMNS)
    assert len(NATIONAL_COLUMNS) == 16
    assert (row["Date"], row["Duration"], row["False Alert Rate"]) == ("2026-11-23", "6h 13m", "0.0161%")
    assert (row["session_id"], row["counting_method"]) == ("high-street-2311", "tracks")


def test_text_that_a_spreadsheet_would_run_stays_text() -> None:
    (row,) = csv.DictReader(io.StringIO(csv_text([made(figures(ALERTS, location="=1+1"))])))

    assert row["Deployment Location"] == "'=1+1"


def test_percentages_keep_three_digits_however_small() -> None:
    assert [percent(1, 3_940), percent(1, 3_147_436), percent(0, 9), percent(0, 0)] == [
        "0.0254%",
        "0.0000318%",
        "0%",
        "",
    ]


def undecided(count: int) -> DeploymentRecord:
    return made(
        figures([alert("FU", "a"), *(alert("TU", str(i)) for i in range(2)), *[alert("unanswered", "b")] * count])
    )


def test_alerts_that_nobody_judged_are_in_no_rate_and_their_number_stands_beside() -> None:
    record = undecided(137)
    rates = record.rates

    assert (record.alerts.false, record.alerts.not_decided) == (1, 137)
    assert rates.in_words == "of 12,400 faces, 140 alerts, 1 wrong, 137 not decided"
    assert (rates.false_alerts_per_face.k, rates.false_share_of_alerts.n, rates.precision_all.k) == (1, 3, 2)
    assert (rates.most_false_per_face.k, rates.most_false_per_face.n) == (138, 12_400)
    (row,) = csv.DictReader(io.StringIO(csv_text([record])))
    assert (row["Total Alerts"], row["False Alerts Unconfirmed"], row["not_decided"]) == ("140", "1", "137")
    assert (row["alerts_decided"], row["false_share_of_alerts"]) == ("3", "1 of 3")


def test_whose_word_it_is_that_alerts_were_not_judged_is_in_the_record_also_nobodys() -> None:
    nobodys = undecided(2).not_decided
    officers = from_figures(
        figures([alert("unanswered", "a")]), policy=POLICY, published_at=PUBLISHED, not_decided_because="he fell ill"
    ).not_decided

    assert nobodys is not None
    assert (nobodys.alerts, nobodys.said_by) == (2, "nobody")
    assert officers is not None
    assert (officers.alerts, officers.said_by, officers.because) == (1, "publication officer", "he fell ill")
    assert undecided(0).not_decided is None
    written = json.loads(undecided(2).model_dump_json())
    with pytest.raises(ValidationError, match="nobody's word"):
        DeploymentRecord.model_validate_json(json.dumps(written | {"not_decided": None}))


def test_an_operator_who_could_not_tell_has_not_called_it_wrong_and_the_stop_is_distinguished() -> None:
    cant_tell = replace(alert("FU", "a"), decision=Decision(Judgement.CANT_TELL, Engagement.ENGAGED))
    record = made(figures([cant_tell]))

    assert (record.alerts.false, record.alerts.not_decided, record.alerts.cant_tell) == (0, 1, 1)
    assert record.not_decided is None  # somebody looked
    assert (record.engagements.following_false, record.engagements.following_not_decided) == (0, 1)
    assert isinstance(record.outcomes, Outcomes)
    assert record.outcomes.after_other_alerts_without_outcome == 1


def test_stops_that_nobody_recorded_are_not_published_as_none() -> None:
    assert made(figures([alert("TU", "a"), alert("FU", "b")])).engagements.not_recorded == 1


def test_complaints_that_nobody_counted_are_not_none() -> None:
    assert made(figures([])).complaints_received is None


def test_a_record_published_in_version_1_is_read_with_its_unanswered_alerts_not_decided() -> None:
    body = (DATA / "record-version-1.json").read_text(encoding="utf-8")
    before, record = json.loads(body), read_record(body)

    assert (before["schema_version"], before["alerts"]["false_unconfirmed"], before["alerts"]["unanswered"]) == (
        "1.0",
        2,
        1,
    )
    assert (record.alerts.false_unconfirmed, record.alerts.not_decided, record.alerts.cant_tell) == (1, 1, None)
    assert record.rates.in_words == "of 12,400 faces, 8 alerts, 2 wrong, 1 not decided"
    assert record.not_decided is not None
    assert record.not_decided.said_by == "nobody"
    assert read_record(record.model_dump_json()) == record
