"""The staff's page, run by Streamlit's own test runner over real records and a real vault."""

from __future__ import annotations

import datetime as dt
import re
from unittest.mock import Mock

import pytest
from streamlit.testing.v1 import AppTest

from apps.rights.view import RightsView
from lfr_core.common.errors import Retryable
from lfr_core.custody.people import People, Rank, Role
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights.answering import ask_disclosure
from lfr_core.publication.rights.reading import requests
from lfr_core.publication.rights.types import RequestContext, RequestKind, RequestState
from lfr_core.publication.rights.wording import NEITHER
from lfr_core.retention.footage.hold_approval import PROVISIONAL_DAYS
from lfr_core.retention.footage.holds import holds
from tests.support.drawn_page import field, in_sight, press, sign_in, texts
from tests.support.people import add_people, authenticated, give_accounts
from tests.support.rights import APPROVER, CLERK, CONTACT, OFFICER, TEXT, RightsHarness
from tests.support.rights_page import app, harness

__all__ = ["app", "harness"]


def test_a_complaint_taken_confirmed_opened_answered_and_closed_on_the_page(
    harness: RightsHarness, app: AppTest
) -> None:
    harness.record(60)
    sign_in(app, CLERK)
    app.radio[0].set_value("Complaint")
    field(app, "How to answer (address, e-mail)").input(CONTACT)
    field(app, "In the person's words").input(TEXT)
    (deployment,) = [each for each in app.selectbox if each.label == "Or the deployment"]
    assert deployment.options[0] == "Not known"
    deployment.select_index(1)
    press(app, "Take it")
    assert "answer by 23 December 2026" in texts(app)
    until = r"is held for now: a second person has until 7 December 2026"
    assert re.search(rf"Footage of .*20\d\d, \d\d:\d\d {until}", texts(app))
    assert CONTACT not in texts(app)

    assert "Confirm the hold" not in [each.label for each in app.button]  # it needs two people
    sign_in(app, OFFICER)
    assert ("A second person confirms it with the" in texts(app), "Approve it" in str(app.button)) == (True, False)
    press(app, "Confirm the hold")
    assert f"confirmed by {OFFICER}" in texts(app)

    field(app, "Purpose of opening it").input("to answer")
    press(app, "Open")
    assert CONTACT in texts(app)
    field(app, "Answer").input("We got it wrong.")
    press(app, "Answer")
    assert CONTACT not in texts(app)
    press(app, "Close")
    assert re.search(r"R-2026-\S+ is closed\.", texts(app))  # the next of the list stands in its place
    assert "No request is open." in texts(app)


def test_a_request_about_no_known_deployment_is_given_one_on_the_page(harness: RightsHarness, app: AppTest) -> None:
    taken = harness.take(RequestKind.ENQUIRY, RequestContext(), asks_listed=True)
    sign_in(app, OFFICER)
    press(app, "Ask for it")
    assert "say which deployment first" in texts(app)

    press(app, "It is about this one")

    assert f"{taken.reference} is about " in texts(app)
    assert "It is about this one" not in [each.label for each in app.button]
    press(app, "Ask for it")
    assert "You have asked for it:" in texts(app)


def test_a_purpose_that_is_too_long_is_refused_in_words_and_stays(harness: RightsHarness, app: AppTest) -> None:
    harness.take(RequestKind.COMPLAINT, RequestContext())
    sign_in(app, OFFICER)
    assert "No footage is held for it yet. Say below" in texts(app)
    purpose = "to answer the complaint of this person, " * 15
    field(app, "Purpose of opening it").input(purpose)
    press(app, "Open")

    assert "say it in at most 200" in texts(app)
    assert field(app, "Purpose of opening it").value == purpose


def test_the_intake_and_what_was_typed_there_stay_while_the_records_are_away(
    harness: RightsHarness, app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(app, CLERK)
    field(app, "In the person's words").input(TEXT)
    for asked in ("labels", "receive"):
        monkeypatch.setattr(RightsView, asked, Mock(side_effect=Retryable("the records are away")))

    press(app, "Take it")

    assert "Not done: the records are away." in texts(app)
    assert field(app, "In the person's words").value == TEXT


def test_a_double_click_takes_one_request_and_what_was_typed_goes_with_it(harness: RightsHarness, app: AppTest) -> None:
    sign_in(app, CLERK)
    field(app, "How to answer (address, e-mail)").input(CONTACT)
    field(app, "In the person's words").input(TEXT)
    (button,) = [each for each in app.button if each.label == "Take it"]

    button.click().run()

    assert button.id not in [each.id for each in app.button]  # so that a second click reaches nothing
    assert len(RightsView(harness.rights).requests(authenticated(OFFICER), closed=True)) == 1
    assert field(app, "How to answer (address, e-mail)").value == ""
    assert not app.exception


def test_the_month_to_answer_counts_from_the_day_a_request_came_not_from_when_it_was_typed(
    harness: RightsHarness, app: AppTest
) -> None:
    sign_in(app, CLERK)
    field(app, "How to answer (address, e-mail)").input(CONTACT)
    field(app, "In the person's words").input(TEXT)
    (came,) = [each for each in app.date_input if each.label.startswith("The day it came")]
    came.set_value(dt.date(2026, 11, 24))
    press(app, "Take it")
    assert "not on 24 November 2026" in texts(app)  # tomorrow

    (came,) = [each for each in app.date_input if each.label.startswith("The day it came")]
    came.set_value(dt.date(2026, 11, 10))
    press(app, "Take it")

    (taken,) = RightsView(harness.rights).requests(authenticated(OFFICER), closed=False)
    assert (taken.received_on, taken.due_on) == (dt.date(2026, 11, 10), dt.date(2026, 12, 10))


def test_a_refused_request_loses_nothing_that_was_typed(harness: RightsHarness, app: AppTest) -> None:
    sign_in(app, CLERK)
    field(app, "In the person's words").input(TEXT)

    press(app, "Take it")

    assert [each[:9] for each in in_sight(app)] == ["Not done:"]  # below its button it would be out of a short screen
    assert field(app, "In the person's words").value == TEXT
    assert RightsView(harness.rights).requests(authenticated(OFFICER), closed=True) == ()


def test_what_was_typed_in_answer_to_one_is_not_there_for_another(harness: RightsHarness, app: AppTest) -> None:
    harness.take(RequestKind.COMPLAINT)
    harness.take(RequestKind.COMPLAINT)
    sign_in(app, OFFICER)
    chosen = app.selectbox(key="rights-chosen")
    field(app, "Answer").input("We got it wrong.")
    (button,) = [each for each in app.button if each.label == "The person has withdrawn it"]

    chosen.set_value(chosen.options[1]).run()
    assert field(app, "Answer").value == ""
    assert button.id not in [each.id for each in app.button]  # a late click closes neither


def test_was_i_on_a_list_shows_the_given_words_before_they_are_sent(harness: RightsHarness, app: AppTest) -> None:
    taken = harness.take(RequestKind.ENQUIRY, asks_listed=True)
    sign_in(app, OFFICER)
    assert NEITHER in texts(app)

    press(app, "Answer")

    assert f"{taken.reference} is answered." in texts(app)
    assert harness.rights.open(taken.reference, by=authenticated(OFFICER), purpose="look").answer == NEITHER


def test_two_people_decide_on_the_page_to_answer_plainly(harness: RightsHarness, app: AppTest) -> None:
    taken = harness.take(RequestKind.ENQUIRY, RequestContext("dep"), asks_listed=True)
    sign_in(app, OFFICER)
    press(app, "Ask for it")
    assert "You asked that it is answered plainly" in app.info[0].value
    assert "Approve the plain answer" not in [each.label for each in app.button]
    sign_in(app, APPROVER)
    assert [each.label for each in app.button][1:] == ["Approve the plain answer", "Take it", "Hold it"]
    press(app, "Approve the plain answer")

    (request,) = RightsView(harness.rights).requests(authenticated(OFFICER), closed=False)
    assert (request.reference, request.neither_confirm_nor_deny) == (taken.reference, False)
    sign_in(app, OFFICER)
    assert "Two people have decided to answer it plainly" in texts(app)
    assert field(app, "Reference of the person who asks, as lists give it")


def test_what_was_asked_for_anew_since_the_second_person_looked_is_not_approved_on_the_page(
    harness: RightsHarness, app: AppTest
) -> None:
    taken = harness.take(RequestKind.ENQUIRY, RequestContext("dep"), asks_listed=True)
    ask_disclosure(harness.rights, taken.reference, by=authenticated(OFFICER))
    third = "Dana Third"
    people = People(harness.engine, harness.trail, harness.clock)
    people.add(third, {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=authenticated(OFFICER))
    give_accounts(people, third, by=authenticated(OFFICER))
    sign_in(app, third)
    ask_disclosure(harness.rights, taken.reference, by=authenticated(CLERK))

    press(app, "Approve the plain answer")

    (request,) = requests(harness.engine, harness.rights.days, harness.rights.now())
    assert request.neither_confirm_nor_deny


def test_an_overdue_request_is_red_and_says_so_in_words(harness: RightsHarness, app: AppTest) -> None:
    harness.take(RequestKind.ENQUIRY)
    harness.clock.now_ns = round(dt.datetime(2026, 12, 26, 8, tzinfo=dt.UTC).timestamp()) * 10**9
    sign_in(app, OFFICER)

    assert "<td>OVERDUE by 3 days</td>" in texts(app)
    assert "1 overdue" in texts(app)


def test_what_is_refused_is_said_and_what_was_typed_stays(harness: RightsHarness, app: AppTest) -> None:
    sign_in(app, CLERK)
    field(app, "How to answer (address, e-mail)").input(CONTACT)
    press(app, "Take it")

    assert "the text is empty" in texts(app)
    assert field(app, "How to answer (address, e-mail)").value == CONTACT
    found = RightsView(harness.rights).requests(authenticated(OFFICER), closed=True)
    assert RequestState.OPEN not in [each.state for each in found]


def test_no_request_is_shown_to_whom_it_is_not_for(harness: RightsHarness, app: AppTest) -> None:
    taken = harness.take(RequestKind.ENQUIRY)
    add_people(harness.engine, ("Olu Operator", Role.OPERATOR), clock=harness.clock, trail=harness.trail)

    sign_in(app, "Olu Operator")

    assert taken.reference not in texts(app)
    assert "This page is for the role" in texts(app)


def test_footage_is_held_by_one_approved_by_another_and_let_go_on_the_page(
    harness: RightsHarness, app: AppTest
) -> None:
    harness.record(60)
    sign_in(app, CLERK)
    assert "Nothing is held" in texts(app)
    press(app, "Hold it")
    assert "give the reference of the case" in texts(app)
    field(app, "Camera (all of them, if empty)").input("south")
    field(app, "Reference of the case, complaint or request").input("36/1234/26")
    press(app, "Hold it")
    assert "no footage of that camera and time is kept" in texts(app)
    field(app, "Camera (all of them, if empty)").input("")
    press(app, "Hold it")
    assert "It is held. Somebody else has to approve it." in texts(app)
    assert "Approve it" not in [each.label for each in app.button]  # who asked doesn't
    last = holds(harness.engine)[0].placed_at.astimezone(LONDON) + dt.timedelta(PROVISIONAL_DAYS)
    assert f"it lapses on {last.day} {last:%B %Y}</td>" in texts(app)
    sign_in(app, APPROVER)
    press(app, "Approve it")
    assert f"<td>{APPROVER}</td>" in texts(app)
    (hold,) = holds(harness.engine)
    assert (hold.requested_by, hold.approved_by, len(hold.segments)) == (CLERK, APPROVER, 2)
    assert hold.id not in texts(app)
    assert not any(segment in texts(app) for segment in hold.segments)
    press(app, "It was reviewed")
    assert "It goes on until the next review." in texts(app)

    press(app, "Let go of it for good")
    assert "Nothing is held" in texts(app)
    assert holds(harness.engine) == ()
