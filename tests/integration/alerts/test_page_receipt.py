"""The receipt on the operator's page: offered once somebody is recorded as engaged, issued once, kept by nobody."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from apps.operator.snapshot import SETTLE_S
from apps.operator.view import OperatorView, ReceiptPage
from lfr_core.common.errors import Refused
from lfr_core.domain.alerts import Engagement, Judgement
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.rights import ReceiptRow
from tests.support.alert_harness import AlertHarness
from tests.support.people import authenticated
from tests.support.shown_pictures import seen

ASK, OPERATOR = "Receipt for the person", "Ann Operator"


def shown(view: object, operator: object) -> None:
    """As the page does."""
    import streamlit as st

    from apps.operator.alerts import AlertsView

    if "alerts" not in st.session_state:
        st.session_state["alerts"] = AlertsView(view, operator, lambda: None)  # type: ignore[arg-type]  # its annotation is read where nothing is imported
    st.session_state["alerts"].draw(view.header(None).deployment)  # type: ignore[attr-defined]  # the same


@pytest.fixture
def alert(harness: AlertHarness) -> UUID:
    opened = harness.alert()
    harness.decisions.judge(opened, Judgement.SAME, authenticated(OPERATOR), shown=seen(harness.engine, opened))
    return opened


def page(harness: AlertHarness, operator: str = OPERATOR) -> AppTest:
    view = OperatorView(harness.engine, load_policy(), harness.vault, harness.trail, harness.clock)
    app = AppTest.from_function(
        shown, kwargs={"view": view, "operator": authenticated(operator)}, default_timeout=20
    ).run()
    assert not app.exception
    return app


def receipts(harness: AlertHarness) -> list[str]:
    with reading(harness.engine) as session:
        return list(session.exec(select(ReceiptRow.reference)))


def labels(app: AppTest) -> list[str]:
    assert not app.exception
    return [each.label for each in app.button] + [each.proto.label for each in app.get("download_button")]


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [each for each in app.button if each.label == label]
    return button.click().run()


def settled(harness: AlertHarness, app: AppTest) -> AppTest:
    """A second later."""
    harness.clock.advance(SETTLE_S)
    return app.run()


def test_a_receipt_is_offered_once_engaged_and_issued_once_however_often_the_page_is_drawn(
    harness: AlertHarness, alert: UUID
) -> None:
    app = page(harness)
    assert ASK not in labels(app)
    settled(harness, press(app, "Engaged"))
    assert (ASK in labels(app), receipts(harness)) == (True, [])

    press(app, ASK)
    for _ in range(3):
        app.run()

    (reference,) = receipts(harness)
    assert f"Save receipt {reference}" in labels(app)
    kept: ReceiptPage = app.session_state["receipt"]
    assert (kept.alert, reference in kept.html, OPERATOR in kept.html) == (alert, True, False)
    assert len([body for body in harness.audited("disclose") if "rights.receipt" in body]) == 1


@pytest.mark.parametrize("name", ["", "Joe Public"])
def test_nobody_but_an_operator_who_has_signed_on_is_issued_a_receipt(
    harness: AlertHarness, alert: UUID, name: str
) -> None:
    harness.decisions.engage(alert, Engagement.ENGAGED, authenticated(OPERATOR))
    view = OperatorView(harness.engine, load_policy(), harness.vault, harness.trail, harness.clock)

    with pytest.raises(Refused):
        view.receipt(alert, authenticated(name))

    assert receipts(harness) == []


def test_a_receipt_goes_from_the_page_with_its_alert(harness: AlertHarness, alert: UUID) -> None:
    harness.decisions.engage(alert, Engagement.ENGAGED, authenticated(OPERATOR))
    app = press(page(harness), ASK)
    assert "receipt" in app.session_state

    harness.after_retention()
    harness.sign_on(OPERATOR)
    harness.expire()
    app.run()

    assert not app.exception
    assert "receipt" not in app.session_state


def test_a_receipt_asked_for_too_late_is_refused_in_words(harness: AlertHarness, alert: UUID) -> None:
    harness.decisions.engage(alert, Engagement.ENGAGED, authenticated(OPERATOR))
    app = page(harness)
    harness.after_retention()
    harness.sign_on(OPERATOR)
    harness.expire()

    press(app, ASK)

    assert "after 24 hours an alert is deleted" in " ".join(each.proto.body for each in app.get("html"))
    assert receipts(harness) == []
