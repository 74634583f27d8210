"""Printed documents for tests, with everything in them that a page could stumble over."""

from __future__ import annotations

from lfr_core.deployments.compliance_documents.forms import (
    RULES,
    FormKind,
    FormSection,
    FormSignature,
    Line,
    PrintedForm,
    Table,
)

__all__ = ["EVIL", "printed"]

EVIL = "<script>alert('x')</script>\"&<img src=//example.org/x>"


def printed(kind: FormKind, text: str = "Because it is needed.\nAnd for no longer.", notice: str = "") -> PrintedForm:
    """A document with lines, tables, signatures, and `text` wherever a text may stand."""
    table = Table(f"Forecast {text}", ("Figure", f"Forecast {text}"), (("Faces", text), ("False alerts", "1.2")))
    return PrintedForm(
        kind=kind,
        deployment="high-street-0412",
        title=f"High Street, 4 December 2026 {text}",
        force="Norfolk & Co",
        revision=2,
        made_at="23 November 2026, 12:00 GMT",
        sections=(
            FormSection("Who, where, when, why", ("A4", "A5"), (Line("Place", text), Line("Threshold", ""))),
            FormSection("Figures", tuple(RULES), tables=(table,)),
            FormSection(f"Anything else {text}", ()),
        ),
        signed=(FormSignature("Authorising officer", text, "superintendent", "23 November 2026, 12:00 GMT"),),
        notice=notice,
    )
