"""Draws the form that registers a compliance document. Rules and refusals are the register's."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from apps.acts import keep_result, say_not_done
from apps.plain_words import plain_words
from apps.planner.act_html import documents_html
from apps.planner.new_document import NewDocument
from apps.planner.open_panel import open_panel
from apps.planner.remedies import Act
from apps.planner.view import PlannerView
from apps.pressed import draw_button
from apps.typed.choices import choose_one, set_day
from apps.typed.keeper import note_sent
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.deployments.compliance_documents.register import LARGEST_BYTES
from lfr_core.deployments.readiness import DeploymentOverview

__all__ = ["show_document_panel"]

_KEY = "planner-document-"
_TURN = f"{_KEY}turn"
"""Of the session's state: ends the fields' keys, so that they are empty once a document was registered."""


def show_document_panel(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    """Draw it, with what is missing first. What was typed stays when it is refused."""
    found = view.documents(one.view.id)
    wanting = [*found.missing, *(each.kind for each in found.expired)]
    st.html(documents_html(found))
    kinds = sorted(ComplianceDocumentKind, key=lambda kind: kind not in wanting)
    turn = (
        f"{one.view.id}-turn-{st.session_state.setdefault(_TURN, 0)}"  # what was typed for one isn't there for another
    )
    kind = choose_one("Which document", kinds, f"{_KEY}kind-{turn}", words=lambda each: each.value)
    title = st.text_input("Title, as the public reads it", key=f"{_KEY}title-{turn}", persist_state="page")
    version, day = st.columns(2)
    number = version.text_input("Version", key=f"{_KEY}version-{turn}", placeholder="as 2.1", persist_state="page")
    with day:
        review_by = set_day("Good until (review by)", f"{_KEY}review-{turn}", view.now().date() + timedelta(days=180))
    file = st.file_uploader(
        "The document: PDF, HTML, Markdown or text",
        key=f"{_KEY}file-{turn}",
        max_upload_size=LARGEST_BYTES // 1_000_000,
    )
    if not draw_button("Register the document", key=f"act-document-{turn}"):
        return
    if file is None:
        say_not_done("Choose the document's own file.")
    given = NewDocument(kind, title.strip(), number.strip(), review_by, file.name, file.getvalue())
    try:
        view.add_document(one.view.id, given, by=by)
    except LfrError as error:
        say_not_done(f"Not registered: {plain_words(str(error))}.")
    st.session_state[_TURN] += 1
    note_sent(_KEY)
    if len(wanting) > 1:
        open_panel(one.view.id, Act.DOCUMENT)  # the next that is missing
    keep_result(f"Registered: the {kind.value}, version {given.version}.")
    st.rerun()
