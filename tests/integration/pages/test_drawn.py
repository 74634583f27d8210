"""The officer's, the publication officer's and compliance's page, drawn over real records and a real vault."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest.mock import Mock

import pytest
from streamlit.testing.v1 import AppTest

from apps.answer_words import ENGAGEMENT_WORDS
from apps.officer.panels import STOP_NOBODY
from apps.officer.view import OfficerView
from apps.response_words import response_words
from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.policy import load_policy
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.deployments import deployment_service
from tests.support.drawn_page import press, texts
from tests.support.drawn_staff import harness
from tests.support.looking import OFFICER, OPERATOR, STREET, Harness
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.publishing import announcing, ended_deployment, planned
from tests.support.record_publisher import compared
from tests.support.shown_pictures import seen
from tests.support.vaults import trail_of

__all__ = ["harness"]


def officer(view: object, engine: object, who: str) -> None:
    from apps.officer.page import page
    from tests.support.page_session import session_of

    page(view, session_of(engine, who))  # type: ignore[arg-type]  # annotations are read where nothing is imported


def publication(view: object, engine: object, who: str) -> None:
    from apps.publication.page import page
    from tests.support.page_session import session_of

    page(view, session_of(engine, who))  # type: ignore[arg-type]  # the same


def test_an_officer_signs_on_sees_the_judged_alert_says_what_came_of_it_and_gives_the_receipt(
    harness: tuple[Harness, Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    of, _ = harness
    given = {"view": of.street, "engine": of.engine, "who": STREET}
    app = AppTest.from_function(officer, kwargs=given, default_timeout=30).run()
    if "Your deployment" not in [each.label for each in app.selectbox]:
        press(app, "Leave this deployment")  # another test's officer went on with what was in hand
    app.selectbox(key="officer-choice").set_value("dep").run()
    press(app, "Start")

    assert len(app.selectbox(key="officer-alert").options) == 1  # of two alerts one is judged
    assert "An operator says it is the same person" in texts(app)
    with monkeypatch.context() as fault:
        fault.setattr(OfficerView, "record_outcome", Mock(side_effect=Retryable("another process holds it")))
        press(app, "No action")
    assert "Not recorded: another process holds it." in texts(app.run())  # also once it is drawn anew by itself
    press(app, "No action")
    assert "Not recorded" not in texts(app)
    press(app, "Arrest")  # a thumb on a phone: what was recorded last can be put right
    assert "<strong>Arrest</strong>" in texts(app)
    press(app, "Receipt for the person")
    assert "S-20" in texts(app)
    assert "Where to ask and complain stands in the PDF." in texts(
        app
    )  # no public address is set: a code leads nowhere
    press(app, "Leave this deployment")
    assert "An operator says" not in texts(app)


def test_an_officer_with_an_alert_in_hand_is_told_that_another_was_judged_and_that_it_is_suspended(
    harness: tuple[Harness, Installation],
) -> None:
    of, _ = harness
    clock, officer_in_charge = SystemClock(), authenticated(OFFICER)
    decisions = DecisionService(of.engine, of.trail, clock)
    deployments = deployment_service(of.engine, of.vault, of.trail, clock)
    of.street.sign_on("dep", authenticated(STREET))
    given = {"view": of.street, "engine": of.engine, "who": STREET}
    app = AppTest.from_function(officer, kwargs=given, default_timeout=30).run()
    assert "Show the newest" not in [each.label for each in app.button]

    decisions.judge(of.waiting, Judgement.SAME, authenticated(OPERATOR), shown=seen(of.engine, of.waiting))
    deployments.suspend("dep", "heavy rain", by=officer_in_charge)
    try:
        app.run()
        assert "1 new: " in texts(app)
        assert app.selectbox(key="officer-alert").value == of.alert
        assert "no new alert comes" in "\n".join(each.value for each in app.info)

        press(app, "Show the newest")
        assert app.selectbox(key="officer-alert").value == of.waiting
        assert "Show the newest" not in [each.label for each in app.button]
    finally:
        deployments.resume("dep", by=officer_in_charge)
        decisions.undo(of.waiting, Judgement.SAME, authenticated(OPERATOR))


def test_where_the_records_dont_agree_with_the_trail_an_officer_is_told_to_stop_nobody_and_nothing_else(
    harness: tuple[Harness, Installation],
) -> None:
    of, _ = harness
    word = response_words(of.street.response(Category.WANTED_BY_COURTS), 30)

    def write(judgement: str | None) -> None:
        with overwriting(of.engine) as session:
            row = session.get_one(AlertRow, of.waiting)
            row.judgement, row.judged_by = judgement, None if judgement is None else OPERATOR
            session.add(row)

    of.street.sign_on("dep", authenticated(STREET))
    given = {"view": of.street, "engine": of.engine, "who": STREET}
    write("same")
    try:
        app = AppTest.from_function(officer, kwargs=given, default_timeout=30).run()
        app.selectbox(key="officer-alert").set_value(of.waiting).run()
        shown = texts(app)
    finally:
        write(None)

    assert STOP_NOBODY in shown
    assert word not in shown
    assert "An operator says" not in shown
    assert [each.label for each in app.expander] == ["Officers acted on it before"]
    assert [each.label for each in app.expander[0].button] == list(ENGAGEMENT_WORDS.values())
    assert len([each for each in app.button if str(each.key).startswith("engage-")]) == len(ENGAGEMENT_WORDS)

    assert f"this alert is here no longer. {STOP_NOBODY}" in texts(app.run())  # nobody has judged it: it has gone
    assert "here no longer" not in texts(press(app, "Understood"))
    press(app, "Leave this deployment")


@pytest.mark.slow
def test_the_publication_officer_publishes_what_is_shown_and_corrects_only_what_is_another_now(
    sqlite_url: str, tmp_path: Path
) -> None:
    from apps.publication.view import PublicationView

    engine = open_engine(sqlite_url)
    clock = ended_deployment(engine, "dep")
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    with overwriting(engine) as session:
        row = session.get_one(DeploymentRow, "dep")
        assert row.ended_at is not None
        row.ended_at += timedelta(hours=6)
        session.add(row)
    clock.advance(6 * 3_600)
    installation = SimpleNamespace(
        engine=engine,
        policy=load_policy(),
        settings=Settings(home=tmp_path),
        clock=clock,
        trail=trail_of(engine),
        vault=SimpleNamespace(compare_records=compared(engine)),
        identity=ProcessIdentity.PAGES,
    )
    view = PublicationView(cast("Installation", installation))
    given = {"view": view, "engine": engine, "who": "A. Okafor"}
    app = AppTest.from_function(publication, kwargs=given, default_timeout=60).run()
    assert "40 faces were compared with the list. There were 6 alerts: 3 right, 2 wrong, 1 not decided." in texts(app)
    assert "Nobody has judged 1 of the alerts. 1 alert waits for a person's judgement: operators can" in texts(app)

    press(app, "Publish")
    assert "Not done:" in texts(app)
    assert view.published("dep") == ()
    (because,) = [each for each in app.text_input if each.label.startswith("Why nobody judged")]
    because.input("the operator fell ill")
    press(app, "Publish")
    assert "It is published." in texts(app)
    assert "Nobody has judged" not in texts(app)  # it is said, and in public
    assert "Nothing has changed since" in texts(app)
    (said,) = [each for each in app.text_input if each.label.startswith("Why nobody judged")]
    assert said.value == "the operator fell ill"
    (reason,) = [each for each in app.text_input if each.label.startswith("Why it is corrected")]
    reason.input("an alert was judged late")
    press(app, "Correct")
    assert "are as they were published" in texts(app)  # nothing is corrected that is the same
    assert [one.revision for one in view.published("dep")] == [1]
    engine.dispose()
