"""What is typed in the planner's form, and every sentence that is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from apps.planner.drafts import FormValues, check_values, explanations, first_draft, values_of
from lfr_core.deployments.application import Application
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy

POLICY = load_policy()
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SENTENCE = "People wanted by the courts are expected at this market."


def filled(**changes: object) -> FormValues:
    texts = dict.fromkeys(("sought", "necessity", "proportionality", "grounds"), SENTENCE)
    values = (
        {"id": "market-1", "place": "Norwich", "footprint": "Gentleman's Walk", "purpose": "find people"}
        | texts
        | {"cameras": "north\nsouth"}
    )
    return replace(first_draft(POLICY, now=NOW), **(values | changes))  # type: ignore[arg-type]


def test_a_filled_form_is_an_application_in_londons_hours() -> None:
    found = check_values(filled(start_day=date(2027, 6, 1), end_day=date(2027, 6, 1)), POLICY, now=NOW)

    assert found.faults == ()
    assert found.form is not None
    assert found.form.starts_at == datetime(2027, 6, 1, 9, 0, tzinfo=UTC)  # summer time
    assert found.form.cameras == ("north", "south")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    nothing = check_values(first_draft(POLICY, now=NOW), POLICY, now=NOW)

    assert nothing.form is None
    for output in (
        "Short name: ",
        "Place: fill it in",
        "Purpose: fill it in",
        "Why it is necessary: say it in a sentence",
    ):
        assert any(fault.startswith(output) for fault in nothing.faults), output
    assert "Cameras: name at least one." in nothing.faults

    against_policy = filled(
        start_day=date(2026, 11, 1), end_day=date(2026, 11, 4), threshold=0.5, list_cap=POLICY.watchlist.max_entries + 1
    )
    said_too = check_values(against_policy, POLICY, now=NOW).faults
    assert len(said_too) == 4
    assert all(any(word in fault for fault in said_too) for word in ("past", "hours", "cap", "alike"))


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ({"start": time(16), "end": time(10)}, "its end is not after its start"),
        ({"cameras": "north, north"}, "named twice"),
        ({"cameras": "north side!"}, "letters, digits"),
        ({"start": None}, "Start: give a day and a time"),
        ({"start_day": date(2027, 3, 28), "end_day": date(2027, 3, 28), "start": time(1, 30)}, "isn't one moment"),
        ({"end_day": date(2027, 10, 31), "end": time(1, 30)}, "End: the clocks change on 31 October 2027"),
        (
            {"start_day": date(2027, 3, 27), "end_day": date(2027, 3, 28), "start": time(22), "end": time(5)},
            "clocks change between",
        ),
        ({"place": "x" * 121}, "Place: too long"),
        ({"purpose": "find\x07people"}, "can't be printed"),
        ({"id": "two words"}, "can't be a deployment's short name"),
        ({"id": " "}, "Short name: fill it in"),
    ],
)
def test_each_bad_input_has_its_sentence(changes: dict[str, object], output: str) -> None:
    found = check_values(filled(**changes), POLICY, now=NOW)

    assert found.form is None
    assert any(output in fault for fault in found.faults), found.faults
    assert all(fault.endswith(".") for fault in found.faults)


def test_each_fault_stands_beside_its_own_field() -> None:
    nothing = check_values(first_draft(POLICY, now=NOW), POLICY, now=NOW).beside
    past = check_values(filled(start_day=date(2026, 11, 1), end_day=date(2026, 11, 1)), POLICY, now=NOW).beside
    no_time = check_values(filled(start=None, threshold=0.5), POLICY, now=NOW).beside

    assert {"id", "place", "footprint", "purpose", "cameras", "sought", "necessity"} <= nothing.keys()
    assert list(past) == ["start"]
    assert no_time.keys() == {"start", "threshold_reason"}


def test_an_application_comes_back_into_the_fields_as_it_was_typed() -> None:
    typed = filled(name="Market", threshold=0.5, threshold_reason="a large list")
    form = check_values(typed, POLICY, now=NOW).form
    assert form is not None
    made = Application(**form.model_dump(), deployment="market-1", revision=1, applied_by="Pat", applied_at=NOW)

    assert values_of(made, "Market", DeploymentKind.OPERATIONAL) == typed


def test_the_sentences_beside_the_fields_carry_the_policys_own_numbers() -> None:
    stricter = POLICY.model_copy(
        update={
            "planning": POLICY.planning.model_copy(update={"notice_h": 71.0}),
            "vault": POLICY.vault.model_copy(update={"max_open_h": 7.5}),
            "watchlist": POLICY.watchlist.model_copy(update={"max_entries": 1234}),
            "alerts": POLICY.alerts.model_copy(update={"threshold": 0.61}),
        }
    )
    output = explanations(stricter)

    for field, number in (("start", "71 hours"), ("end", "7.5 hours"), ("list_cap", "1,234"), ("threshold", "0.61")):
        assert number in output[field]
        assert number not in explanations(POLICY)[field]
