"""The staff's page where somebody else acts on a request meanwhile."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from apps.typed.store import TypedText
from lfr_core.publication.rights.answering import answer, close
from lfr_core.publication.rights.types import RequestContext, RequestKind
from tests.support.drawn_page import press, sign_in, texts
from tests.support.people import authenticated
from tests.support.rights import OFFICER, RightsHarness
from tests.support.rights_page import app, harness

__all__ = ["app", "harness"]


def test_an_answer_that_was_typed_while_somebody_else_answered_is_still_there_to_read(
    harness: RightsHarness, app: AppTest
) -> None:
    taken = harness.take(RequestKind.ENQUIRY, RequestContext())
    answer(harness.rights, taken.reference, "In other words.", by=authenticated(OFFICER))
    app.session_state["kept"] = {f"rights-answer-{taken.reference} Answer": TypedText("In my own words.", "")}
    sign_in(app, OFFICER)

    assert f"{OFFICER} answered it meanwhile." in texts(app)
    assert "In my own words." in texts(app)

    app.session_state["kept"] = {}
    press(app, "Forget what I had typed")
    assert "In my own words." not in texts(app)


def test_a_closed_complaint_stays_on_the_list_until_its_hold_is_confirmed(harness: RightsHarness, app: AppTest) -> None:
    harness.record(60)
    taken = harness.take()
    answer(harness.rights, taken.reference, "We were wrong.", by=authenticated(OFFICER))
    close(harness.rights, taken.reference, by=authenticated(OFFICER))
    sign_in(app, OFFICER)
    assert taken.reference in texts(app)

    press(app, "Confirm the hold")

    assert "No request is open." in texts(app)
