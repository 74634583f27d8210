"""Draws the publication officer's page: alerts that nobody judged first, then preview, publish, correct, explain."""

from __future__ import annotations

from html import escape

import streamlit as st

from apps.acts import act, show_result
from apps.choosing import choose
from apps.compliance.panels import london
from apps.placeholders import warn_of_placeholders
from apps.pressed import draw_submit
from apps.publication.view import ROLES, Draft, PublicationView, said_before
from apps.say_why import not_current, show_or_say_why
from apps.sign_in import PageSession, draw_person, may_see
from apps.typed.keeper import typed_form
from lfr_core.common.errors import LfrError
from lfr_core.deployments.deadlines import ResultsDue, ResultsStatus
from lfr_core.domain.working_days import deadline_words

__all__ = ["page"]


def page(view: PublicationView, session: PageSession) -> None:
    """Draw it for a publication officer. What can't be read is said."""
    st.html("<h1>Publication</h1>")
    draw_person(session)
    if not may_see(session, ROLES):
        return
    warn_of_placeholders(view.installation.policy.force)
    show_result()
    try:
        due, places = view.due(), view.places()
    except LfrError as error:
        not_current(error)
        return
    if not due:
        st.text("No deployment has ended: there is nothing to publish.")
        return
    labels = {one.deployment: _label(one, places.get(one.deployment, one.deployment)) for one in due}
    chosen = choose("Deployment", labels, "publication-deployment")
    one = next(each for each in due if each.deployment == chosen)
    show_or_say_why(lambda: _draw_deployment(view, session, one))


def _label(one: ResultsDue, place: str) -> str:
    done = (
        "published"
        if one.published_at is not None
        else f"due by {deadline_words(one.schedule.due_at)}, {one.stands.value}"
    )
    return f"{place}, ended {london(one.ended_at)}: {done}"


def _draw_deployment(view: PublicationView, session: PageSession, one: ResultsDue) -> None:
    standing = view.published(one.deployment)
    with st.container():  # always there, as what follows: what comes and goes moves no field
        if one.stands in {ResultsStatus.OVERDUE, ResultsStatus.LATE} and one.explained_at is None:
            _explain(view, session, one)
    with st.container():
        if standing:
            st.html("<h2>What is published</h2>")
        for each in reversed(standing):
            why = f" Why: {escape(each.reason)}" if each.reason else ""
            moment = london(each.published_at)
            st.html(f"<p><strong>Revision {each.revision}, {moment}.</strong> {view.words(each.record)}{why}</p>")
    draft = view.draft(one.deployment)
    with st.container():
        said = said_before(draft, standing)
        if draft.unanswered and not said:
            can = view.still_to_decide(one.deployment) or "They are deleted by now, and nobody can judge them any more."
            st.warning(f"Nobody has judged {draft.unanswered:,} of the alerts. {can} Say below why, of what is left.")
    with st.container():
        if standing and draft.words == view.words(standing[-1].record):
            st.text("Nothing has changed since: there is nothing to correct.")
        else:
            st.html(f"<h2>What would be published now</h2><p>{draft.words}</p>")
    if not standing:
        _publish(view, session, one, draft, "", corrects=False)
        return
    with st.expander("Correct what is published", key=f"publication-correct-{one.deployment}"):
        _publish(view, session, one, draft, said, corrects=True)


def _publish(
    view: PublicationView, session: PageSession, one: ResultsDue, draft: Draft, said: str, *, corrects: bool
) -> None:
    """Ask for what it takes. `said`: why nobody judged those that nobody judged, as it is published already."""
    with typed_form(f"publication-{one.deployment}") as form:
        because = ""
        if draft.unanswered:
            because = st.text_input("Why nobody judged them (published)", said)
        if corrects:
            reason = st.text_input("Why it is corrected (published)")
            if draw_submit("Correct", form):
                act(
                    lambda: view.correct(draft, one.deployment, reason, because, session.use()),
                    "It is corrected. The public site shows it when it is next built.",
                )
        elif draw_submit("Publish", form, type="primary"):
            act(
                lambda: view.publish(draft, one.deployment, because, session.use()),
                "It is published. The public site shows it when it is next built.",
            )


def _explain(view: PublicationView, session: PageSession, one: ResultsDue) -> None:
    st.error("These results are late, and nobody has said why: no new deployment is authorised meanwhile.")
    with typed_form(f"explain-{one.deployment}") as form:
        why = st.text_input("Why they were late (published, and it stays)")
        if draw_submit("Explain", form):
            act(lambda: view.explain(one.deployment, why, session.use()), "It is explained in public.")
