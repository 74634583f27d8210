"""Draws compliance's page into the Streamlit app that calls `page(view, actions, session)`.

A report's pages are shown in a frame of their own origin that may run nothing and ask nobody (`data:`), because
Streamlit serves no local folders; so they need no second server and are seen by whoever may see this page.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import time
from functools import partial

import streamlit as st

from apps.acts import act, form_key, show_result
from apps.choosing import choose
from apps.compliance import documents_panel, panels, people_panel
from apps.compliance.actions import ComplianceActions
from apps.compliance.view import MOST_ENTRIES, ROLES, ComplianceView, Report, TrailSearch
from apps.compliance.waits import (
    CERTIFICATES,
    DELETION,
    DOCUMENTS,
    HELD,
    PEOPLE,
    PROMISES,
    QUALITY,
    RESULTS,
    TRAIL,
    read_waits,
)
from apps.parts import choose_part
from apps.placeholders import warn_of_placeholders
from apps.plain_words import plain_sentences
from apps.pressed import draw_button, draw_submit
from apps.rights import holds_panel
from apps.rights.holds_view import holds_view
from apps.say_why import show_or_say_why
from apps.sign_in import PageSession, draw_person, may_see
from apps.supervisor.state import read_differences
from apps.tables import text_table_html
from apps.typed.choices import choose_one
from apps.typed.keeper import note_sent, typed_form
from lfr_core.common.counts import counted
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.domain.working_days import LONDON, deadline_words
from lfr_core.publication.promises.port import Result

__all__ = ["page"]

_FRAME_PX = 900


def page(view: ComplianceView, actions: ComplianceActions, session: PageSession) -> None:
    """Draw the page for somebody of compliance or an auditor. What can't be read is said."""
    st.html("<h1>Compliance</h1>")
    draw_person(session)
    if not may_see(session, ROLES):
        return
    warn_of_placeholders(view.policy.force)
    with st.container():
        for each in read_differences(view.home):
            st.error(f"Changed behind the platform: {plain_sentences(each)}.")
    show_result()
    holds = holds_view(actions.installation)
    draws: Mapping[str, Callable[[], None]] = {
        PROMISES: partial(_ledger, view, actions, session),
        HELD: partial(holds_panel.draw, holds, session),
        RESULTS: partial(_due, view),
        DELETION: partial(_retention, view),
        CERTIFICATES: partial(_certificates, view, actions),
        QUALITY: partial(_reports, view, by=session.person),
        TRAIL: partial(_trail, view, actions, by=session.person),
        DOCUMENTS: partial(documents_panel.draw, view, actions, session),
        PEOPLE: partial(people_panel.draw, actions, session),
    }
    part = choose_part(list(draws), read_waits(view, actions, holds), "compliance-part")
    st.html(f"<h2>{part}</h2>")
    show_or_say_why(draws[part])


def _reports(view: ComplianceView, by: AuthenticatedPerson) -> None:
    found = view.reports(by)
    if not found:
        st.text("There is no report: one is made when a list is enrolled and when a record is published.")
        return
    labels = view.labels()
    report = st.selectbox("Report", found, format_func=lambda one: _name(one, labels), key="compliance-report")
    titles = {each: view.title(report, each, by) for each in report.pages}
    name = st.selectbox("Page", report.pages, format_func=titles.__getitem__, key="compliance-page")
    text = view.page(report, name, by)
    st.iframe(f"data:text/html;base64,{base64.b64encode(text.encode()).decode()}", height=_FRAME_PX)
    st.download_button(
        "Keep this page",
        text,
        f"{report.kind.heading.lower().replace(' ', '-')}-{report.deployment}-{name}",
        "text/html",
    )


def _name(report: Report, labels: Mapping[str, str]) -> str:
    whose = labels.get(report.deployment, "a deployment that has gone")
    return f"{report.kind.heading} of {whose}; made {panels.london(report.made_at)}"


def _due(view: ComplianceView) -> None:
    labels = view.labels()
    rows = [
        (
            labels.get(one.deployment, "one that has gone"),
            one.stands.value,
            deadline_words(one.schedule.due_at),
            "; ".join(filter(None, (one.late_because, one.late_detail, one.explanation))),
        )
        for one in view.due()
    ]
    heads = ("Deployment", "Stands", "Due by", "Why")
    st.html(text_table_html(heads, rows, words="Results and when they are due", empty="No deployment has ended."))


def _certificates(view: ComplianceView, actions: ComplianceActions) -> None:
    found = view.certificates()
    if not found:
        st.text("None yet.")
        return
    names = view.labels()
    labels = {
        one.number: f"{one.number}: {names.get(one.deployment, 'one that has gone')}; "
        f"issued {panels.london_ns(one.issued_ns)}, "
        f"{'the search found nothing that should be gone' if one.search.passed else 'NOT PASSED'}"
        for one in found
    }
    number = choose("Certificate", labels, "compliance-certificate")
    one = next(each for each in found if each.number == number)
    st.html("<h3>What was destroyed</h3>")
    heads = ("Data", "Keys", "The last", "At most late by", "Left")
    st.html(text_table_html(heads, panels.destroyed_rows(one), words="What was destroyed", empty="Nothing."))
    st.html("<h3>What was searched, and what was found</h3>")
    heads = ("Place", "Files", "Bytes", "Test records", "Parts not read")
    st.html(text_table_html(heads, panels.searched_rows(one), words="What was searched", empty="Nothing."))
    if one.without_canary:
        st.text(f"No test record was put among: {', '.join(each.words for each in one.without_canary)}.")
    if one.vouched:
        st.text(one.vouched)
    if draw_button("Verify all certificates", key="compliance-verify"):
        faults = actions.verify_certificates()
        if faults:
            rows = [(str(each.number or "?"), each.what) for each in faults]
            st.html(text_table_html(("Certificate", "What is wrong"), rows, words="What is wrong"))
        else:
            st.success(
                f"{counted(len(found), 'certificate')}, as signed; each follows the one before, and none is missing."
            )


def _ledger(view: ComplianceView, actions: ComplianceActions, session: PageSession) -> None:
    entries = view.ledger().entries
    heads = ("Promise", "Stands", "Seen", "For staff", "The public is told")
    rows = panels.promise_rows(entries, view.labels())
    st.text(panels.looked_at_words(entries))
    st.html(text_table_html(heads, rows, words="Promises and how they stand", empty="No promises."))
    broken = {
        each.promise.id: each.promise.sentence
        for each in entries
        if each.finding is not None and each.finding.result is Result.BROKEN
    }
    if not broken or Role.COMPLIANCE not in session.person.roles:
        return
    with typed_form(form_key("compliance-doing")) as form:
        promise = choose_one("Broken promise", list(broken), f"{form}-promise", words=broken.__getitem__)
        text = st.text_area("What is being done, for the public")
        if draw_submit("Tell the public", form):
            done = "The public site says so when it is next built."
            act(lambda: actions.say(promise, text, by=session.use()), done, form="compliance-doing")


def _retention(view: ComplianceView) -> None:
    st.text("How long the oldest of each kind of data is past its end. An empty bar is as it should be.")
    st.html(panels.clock_html(view.retention(), view.policy.retention.overdue_after_s))


def _trail(view: ComplianceView, actions: ComplianceActions, by: AuthenticatedPerson) -> None:
    today, labels = view.now().astimezone(LONDON).date(), {"": "All"} | view.labels()
    with typed_form("compliance-trail") as form:
        words = st.text_input("Words of the reason, or a person's name or number")
        deployment = str(
            st.selectbox("Deployment", list(labels), format_func=labels.__getitem__, key="compliance-trail-of")
        )
        days = st.columns(4)
        first = days[0].date_input("From", value=today, format="DD/MM/YYYY", key="compliance-trail-from")
        begin = days[1].time_input("At", value=time(), step=60, key="compliance-trail-begin")
        last = days[2].date_input("To", value=today, format="DD/MM/YYYY", key="compliance-trail-to")
        end = days[3].time_input("Until", value=time(23, 59), step=60, key="compliance-trail-end")
        if not draw_submit("Search", form):
            return
    note_sent(form)
    meant = actions.people_meant(words)
    found = view.trail(TrailSearch(first, last, words, meant, deployment, begin, end), by)
    heads = ("Entry", "When", "Who", "Did", "Why", "Deployment", "About")
    rows = panels.trail_rows(found, view.names(found, actions.people_named(found)))
    st.html(text_table_html(heads, rows, words="Entries of the audit trail", empty="Nothing of this time fits."))
    st.caption("What has no name of its own is numbered: among these entries the same number is the same thing.")
    if len(found) == MOST_ENTRIES:
        st.text(f"Only the newest {MOST_ENTRIES} are shown: choose a shorter time.")
