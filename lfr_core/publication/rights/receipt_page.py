"""The receipt as one page of HTML to print or to show: no script, nothing from elsewhere, everything escaped."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights.receipts import Receipt
from lfr_core.publication.rights.wording import REASONS

__all__ = ["receipt_html"]


def receipt_html(receipt: Receipt, policy: Policy) -> str:
    """One page, in the force's own name; its addresses and numbers are the policy's."""
    environment = Environment(
        loader=PackageLoader("lfr_core.publication.rights"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("receipt.html").render(
        receipt=receipt,
        reason=REASONS[receipt.category],
        minute=receipt.minute_at.astimezone(LONDON),
        policy=policy,
    )
