"""The operator's page run without a browser: its alert, its buttons, its words."""

from __future__ import annotations

import re
from uuid import UUID

from streamlit.testing.v1 import AppTest

from apps.operator.snapshot import SETTLE_S
from apps.operator.view import OperatorView
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.policy import load_policy
from tests.support.alert_harness import AlertHarness
from tests.support.people import authenticated
from tests.support.records import alert_of

__all__ = ["ANN", "BOB", "again", "buttons", "drawn", "judged", "page", "pictured", "press", "settled", "words"]

ANN, BOB = "Ann Operator", "Bob Operator"


def drawn(view: object, operator: object) -> None:
    """As the page does."""
    import streamlit as st

    from apps.operator.alerts import AlertsView

    if "alerts" not in st.session_state:
        st.session_state["alerts"] = AlertsView(view, operator, lambda: None)  # type: ignore[arg-type]  # its annotation is read where nothing is imported
    st.session_state["alerts"].draw(view.header(None).deployment)  # type: ignore[attr-defined]  # the same


def page(harness: AlertHarness, operator: str = ANN) -> AppTest:
    view = OperatorView(harness.engine, load_policy(), harness.vault, harness.trail, harness.clock)
    return again(
        AppTest.from_function(drawn, kwargs={"view": view, "operator": authenticated(operator)}, default_timeout=20)
    )


def again(app: AppTest) -> AppTest:
    """The page draws itself anew."""
    assert not app.run().exception
    return app


def settled(harness: AlertHarness, app: AppTest) -> AppTest:
    """A second after an act."""
    harness.clock.advance(SETTLE_S)
    return again(app)


def press(app: AppTest, label: str, part: str = "") -> AppTest:
    """The first of that label whose key is of `part`."""
    button = next(each for each in app.button if each.label == label and part in (each.key or ""))
    assert not button.disabled
    assert not button.click().run().exception
    return app


def words(app: AppTest) -> str:
    return " ".join(each.proto.body for each in app.get("html"))


def pictured(app: AppTest) -> list[str]:
    """The alerts whose pictures are shown, from above."""
    return re.findall(r'data-alert="([0-9a-f-]+)"', words(app))


def buttons(app: AppTest) -> list[tuple[str, str]]:
    """What the answers under them would be recorded for."""
    return [(each.label, each.key or "") for each in app.button if (each.key or "").startswith("judge-")]


def judged(harness: AlertHarness, alert: UUID) -> Judgement | None:
    found = alert_of(harness.engine, alert)
    assert found is not None
    return found.decision.judgement
