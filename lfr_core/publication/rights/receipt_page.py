"""The receipt to print, to show or to scan: a page of HTML, a PDF, and a code that leads to the public site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lfr_core.common.counts import counted
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.qr import QUIET, qr_cells, qr_svg
from lfr_core.publication.rights.paper import render_paper
from lfr_core.publication.rights.receipts import Receipt
from lfr_core.publication.rights.wording import REASONS

if TYPE_CHECKING:
    from fpdf import FPDF

__all__ = ["receipt_html", "receipt_pdf", "receipt_qr"]


_CODE_MM = 40.0
"""Side of the printed code, with the white around it."""


def receipt_html(receipt: Receipt, policy: Policy) -> str:
    """Write the receipt as one page, in the force's own name; its addresses and numbers are the policy's."""
    minute = receipt.minute_at.astimezone(LONDON)
    return render_paper("receipt.html", policy, receipt=receipt, reason=REASONS[receipt.category], minute=minute)


def receipt_qr(receipt: Receipt, policy: Policy) -> str:
    """Draw the code that leads to the public site, in SVG: black on white; "" where its address isn't known."""
    address = _address(receipt, policy)
    return qr_svg(address, "Where your rights stand, as a code to scan") if address else ""


def _address(receipt: Receipt, policy: Policy) -> str:
    """Return where the public site says what the person may ask; the reference stays on their phone: after # it isn't
    sent.
    """
    return f"{policy.force.public_site}/contact.html#{receipt.reference}" if policy.force.public_site else ""


def receipt_pdf(receipt: Receipt, policy: Policy) -> bytes:
    """Print the receipt on one page of A4, with the code where there is one.

    Letters that the standard fonts lack are printed as "?".
    """
    from fpdf import FPDF  # with the fonts' tools: a page that draws no receipt waits for none

    minute, force = receipt.minute_at.astimezone(LONDON), policy.force
    pdf = FPDF(format="A4")
    pdf.set_title(f"Receipt {receipt.reference}")
    pdf.set_lang("en-GB")
    pdf.add_page()

    def write(text: str, size: int = 11, style: str = "") -> None:
        pdf.set_font("Helvetica", style, size)
        plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").encode("latin-1", "replace").decode("latin-1")
        pdf.multi_cell(0, size / 2, plain, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(2)

    write(force.name)
    write("You were stopped after a suggestion by live facial recognition", 16, "B")
    write(f"Your reference: {receipt.reference}", 14, "B")
    write("Keep it: with it alone you can ask or complain, without saying who you are.")
    if address := _address(receipt, policy):
        write("The code leads to your rights on our public site, and how to ask and complain. They stand below too.")
        _draw_qr(pdf, address)
    else:
        write("Your rights, and how to ask and complain, stand below.")
    where = f" Place: {receipt.place}." if receipt.place else ""
    write(f"When: {minute.day} {minute:%B %Y, %H:%M}.{where}")
    write(
        f"Reason: the system suggested that you might be somebody on a list of {REASONS[receipt.category]}. A person "
        "compared the pictures, and officers decided to speak to you."
    )
    write("A suggestion can be wrong. It is no evidence that you have done anything. Software stops nobody.")
    write(
        "The pictures and data of this suggestion are deleted after "
        f"{counted(policy.alerts.retention_h, 'hour')}, the camera "
        f"footage after {counted(policy.footage.retention_days, 'day')} unless it is held as evidence or for a "
        "complaint."
    )
    write(
        "You may ask how your data is used and get a copy of it, ask for it to be corrected or erased, and complain. "
        "You are answered within one month."
    )
    write(f"Ask: {force.enquiries}")
    write(f"Complain: {force.complaints}")
    write(f"If you aren't content with the answer: {force.appeals}")
    write(f"Data protection officer: {force.data_protection}")
    if force.public_site:
        write(f"When the faces of that day were forgotten, and all else we publish: {force.public_site}")
    return bytes(pdf.output())


def _draw_qr(pdf: FPDF, text: str) -> None:
    cells = qr_cells(text)
    side_mm = _CODE_MM / (len(cells) + 2 * QUIET)
    left, top = pdf.l_margin + QUIET * side_mm, pdf.get_y() + QUIET * side_mm
    for y, x in np.argwhere(cells):
        pdf.rect(left + x * side_mm, top + y * side_mm, side_mm, side_mm, style="F")
    pdf.set_y(top + (len(cells) + QUIET) * side_mm)
