"""Whether the equality impact assessment is of what is to be deployed: this model, rule, quality gate and threshold.

docs/domain.md M7: the equality duty continues, so another model or threshold is tested anew (Bridges, 175 to 182). What
an assessment was of is kept with the version that is registered; another one shuts the way to new authorities until
a version is registered that is of it.
"""

from __future__ import annotations

import hashlib
import math

from sqlmodel import Session, col, select

from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.settings import Settings
from lfr_core.deployments.application import Application
from lfr_core.deployments.compliance_documents.kinds import ComplianceDocumentKind
from lfr_core.domain.policy import Policy
from lfr_core.recognition.accuracy.cache import quality_gate_id
from lfr_core.recognition.faces.pack.opening import open_pack
from lfr_core.storage.tables.documents import ComplianceDocumentRow

__all__ = ["check_equality", "read_model_in_use"]


def read_model_in_use(settings: Settings, policy: Policy) -> str:
    """Name model, rule of agreeing shots and quality gate in one: SHA-256 (hex); "" where no model is installed."""
    try:
        pack = open_pack(settings.pack_folder, acknowledge_licence=settings.acknowledge_model_licence)
    except LfrError:
        return ""
    terms = f"{pack.contract_id} {policy.alerts.agreeing_shots} {quality_gate_id(policy.faces)}"
    return hashlib.sha256(terms.encode()).hexdigest()


def check_equality(session: Session, made: Application, model: str) -> None:
    """See that the newest equality impact assessment is of what is applied for.

    One that was registered before this was kept says nothing of it, and counts until its review is due.

    Args:
        session: of the records.
        made: what is applied for.
        model: `read_model_in_use`.

    Raises:
        Refused: `deployment.equality`: it was made of another model, rule, gate or threshold.
    """
    query = (
        select(ComplianceDocumentRow)
        .where(ComplianceDocumentRow.kind == ComplianceDocumentKind.EQUALITY.value)
        .order_by(col(ComplianceDocumentRow.id).desc())
    )
    newest = session.exec(query).first()
    if newest is None or not newest.assessed_model:
        return
    advice = "assess it anew, by group (`lfr accuracy evaluate --groups`), then `lfr documents add equality ...`"
    if newest.assessed_model != model:
        raise Refused(
            "deployment.equality",
            f"the equality impact assessment (version {newest.version}) is of another model, rule of agreeing shots or "
            f"quality gate than the one in use: {advice}",
        )
    assessed = newest.assessed_threshold
    if assessed is not None and not math.isclose(assessed, made.threshold, abs_tol=1e-9):
        raise Refused(
            "deployment.equality",
            f"the equality impact assessment (version {newest.version}) is of faces that must be {assessed:g} "
            f"alike, and {made.threshold:g} is applied for: apply for that, or {advice}",
        )
