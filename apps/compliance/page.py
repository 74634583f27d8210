"""Draws compliance's page into the Streamlit app that calls `page(view)`.

A report's pages are shown in a frame of their own origin that may run nothing and ask nobody (`data:`), because
Streamlit serves no local folders; so they need no second server and are seen by whoever may see this page.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from apps.compliance.view import ROLES, ComplianceView, Report
from apps.sign_in import PageSession, draw_person, may_see
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.publication.promises.ledger import LedgerEntry

__all__ = ["page"]

_FRAME_PX = 900


def page(view: ComplianceView, session: PageSession) -> None:
    """Draw the page for somebody of compliance or an auditor. What can't be read is said."""
    st.html("<h1>Compliance</h1>")
    draw_person(session)
    if not may_see(session, ROLES):
        return
    for title, show in (
        ("Data quality", partial(_reports, by=session.person)),
        ("Results and their deadlines", _due),
        ("Certificates of erasure", _certificates),
        ("Promises", _ledger),
    ):
        st.html(f"<h2>{title}</h2>")
        _or_say_why(lambda show=show: show(view))  # type: ignore[misc]


def _or_say_why(show: Callable[[], None]) -> None:
    try:
        show()
    except LfrError as error:
        st.error("This can't be shown now.")
        st.text(str(error))


def _reports(view: ComplianceView, by: AuthenticatedPerson) -> None:
    found = view.reports(by)
    if not found:
        st.text("There is no report: one is made when a list is enrolled and when a record is published.")
        return
    report = st.selectbox("Report", found, format_func=_name, key="compliance-report")
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


def _name(report: Report) -> str:
    return f"{report.kind.heading}: {report.deployment}, {report.made_at:%Y-%m-%d %H:%M} UTC"


def _due(view: ComplianceView) -> None:
    rows = [
        (
            one.deployment,
            one.stands.value,
            f"{one.moments.due_at:%Y-%m-%d %H:%M}",
            "; ".join(filter(None, (one.late_because, one.late_detail, one.explanation))),
        )
        for one in view.due()
    ]
    _table(("Deployment", "Stands", "Due (UTC)", "Why"), rows, "No deployment has ended.")


def _certificates(view: ComplianceView) -> None:
    rows = [
        (
            str(one.number),
            one.deployment,
            f"{one.issued_at:%Y-%m-%d %H:%M}",
            "passed" if one.passed else "NOT PASSED",
            one.digest,
        )
        for one in view.certificates()
    ]
    _table(("Number", "Deployment", "Issued (UTC)", "Search", "SHA-256"), rows, "None yet.")


def _ledger(view: ComplianceView) -> None:
    _table(
        ("Promise", "Status", "Seen", "For staff"), [_promise(each) for each in view.ledger().entries], "No promises."
    )


def _promise(entry: LedgerEntry) -> tuple[str, ...]:
    found = entry.finding
    if found is None:
        status = "not checked yet" if entry.promise.check else "no automatic check"
        return (entry.promise.sentence, status, entry.promise.why_no_check, "")
    staff = "; ".join(filter(None, (", ".join(found.subjects), found.detail)))
    return (entry.promise.sentence, found.result.value, found.message, staff)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], empty: str) -> None:
    if not rows:
        st.text(empty)
        return
    heading = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    st.html(f"<table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>")
