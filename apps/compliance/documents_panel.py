"""The assessments and policies in force, and a form that registers a new version, on compliance's page."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from apps.acts import act, form_key, say_not_done
from apps.compliance.actions import ComplianceActions
from apps.compliance.view import ComplianceView
from apps.pressed import draw_submit
from apps.sign_in import PageSession
from apps.tables import text_table_html
from apps.typed.choices import choose_one, set_day
from apps.typed.keeper import typed_form
from lfr_core.custody.people import Role
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.deployments.compliance_documents.register import LARGEST_BYTES
from lfr_core.domain.working_days import LONDON

__all__ = ["draw"]

_FORM = "compliance-document"


def draw(view: ComplianceView, actions: ComplianceActions, session: PageSession) -> None:
    """List what is in force, what is overdue first; for compliance with the form."""
    today, labels = view.now().astimezone(LONDON).date(), {"": "None: it is the force's"} | view.labels()
    rows = [
        (
            one.title,
            one.kind.value,
            labels.get(one.deployment, "one that has gone") if one.deployment else "",
            one.version,
            f"{one.review_by.day} {one.review_by:%B %Y}{', OVERDUE' if one.review_by < today else ''}",
        )
        for one in sorted(actions.documents(), key=lambda one: one.review_by)
    ]
    heads = ("Document", "Kind", "Deployment", "Version", "To be reviewed by")
    st.html(text_table_html(heads, rows, words="Documents in force", empty="None is registered."))
    if Role.COMPLIANCE not in session.person.roles:
        return
    with typed_form(form_key(_FORM)) as form:
        kinds = list(ComplianceDocumentKind)
        kind = choose_one("Which document", kinds, f"{form}-which", words=lambda each: each.value)
        title = st.text_input("Title, as the public reads it")
        version = st.text_input("Version", placeholder="as 2.1")
        review_by = set_day("Good until (review by)", f"{form}-review", today + timedelta(days=180))
        whose = "Deployment, of a community impact assessment"
        deployment = choose_one(whose, list(labels), f"{form}-of", words=labels.__getitem__)
        largest, kinds_of_file = LARGEST_BYTES // 1_000_000, "The document: PDF, HTML, Markdown or text"
        file = st.file_uploader(kinds_of_file, max_upload_size=largest, key=f"{form}-file")
        if not draw_submit("Register the document", form):
            return
    if file is None:
        say_not_done("Choose the document's own file.")
    act(
        lambda: actions.add_document(
            kind,
            file.name,
            file.getvalue(),
            title=title.strip(),
            version=version.strip(),
            review_by=review_by,
            deployment=deployment,
            by=session.use(),
        ),
        "The document is registered. The public site has it when it is next built.",
        form=_FORM,
    )
