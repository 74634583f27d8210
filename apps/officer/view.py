"""What the engaging officer's page asks and does; it knows no Streamlit. Who may see what is the services' to say."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from apps.operator.pictures import Pictures
from lfr_core.alerts import read
from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import SealingTrail
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.custody.people.sign_on import SignOns, signed_on
from lfr_core.custody.vault.port import Vault
from lfr_core.domain.alerts import Engagement, EngagementOutcome
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import Category, Response
from lfr_core.publication.rights.receipt_page import receipt_pdf, receipt_qr
from lfr_core.publication.rights.receipts import issue_receipt
from lfr_core.storage.engine import reading

__all__ = ["ROLES", "OfficerView", "StopReceipt"]

ROLES = frozenset({Role.ENGAGING_OFFICER})
"""Whom the page is for."""
_PURPOSE = "engaging officer looks at the pair before approaching"


@dataclass(frozen=True, slots=True)
class StopReceipt:
    """The receipt of a stop: to be shown, scanned, printed or sent. It has no name, and no picture."""

    alert: UUID
    reference: str
    qr_svg: str
    """A code that leads to the public site; "" where its address isn't known."""
    pdf: bytes


class OfficerView:
    """Each method raises Retryable when the records or the vault are away, and Refused as the services it asks."""

    def __init__(self, engine: Engine, policy: Policy, vault: Vault, trail: SealingTrail, clock: Clock) -> None:
        self._engine = engine
        self._policy = policy
        self._trail = trail
        self._clock = clock
        self._crops = read.AlertCrops(engine, vault)
        self._looks = Consultations(engine, trail, clock)
        self._sign_ons = SignOns(engine, trail, clock)
        self._decisions = DecisionService(engine, trail, clock)

    def live(self) -> tuple[read.DeploymentSummary, ...]:
        """List the deployments that are live now."""
        return tuple(one for one in read.deployments(self._engine) if one.view.is_live)

    def sign_on(self, deployment: str, by: AuthenticatedPerson) -> None:
        self._sign_ons.sign_on(deployment, by)

    def in_hand(self, by: AuthenticatedPerson) -> str:
        """Find the live deployment that this person has signed on to and hasn't put down; "" if none.

        A phone forgets its pages whenever it likes: nobody starts anew for that.
        """
        live = [one.view.id for one in self.live()]
        with reading(self._engine) as session:
            for deployment in live:
                with suppress(Refused):
                    signed_on(session, deployment, by, utc_from_ns(self.now_ns()), ROLES)
                    return deployment
        return ""

    def sign_off(self, deployment: str, by: AuthenticatedPerson) -> None:
        self._sign_ons.sign_off(deployment, by)

    def alerts(self, deployment: str, by: AuthenticatedPerson) -> tuple[read.AlertSummary, ...]:
        """Read the judged alerts of the deployment, the newest first."""
        return read.alerts_to_engage(self._looks, deployment, by=by, now_ns=self.now_ns())

    def standing(self, deployment: str) -> tuple[str, bool]:
        """Return its name, and whether no new alert comes because somebody, or the watch, has suspended it."""
        one = read.deployment(self._engine, deployment)
        if one is None:
            return "", False
        return one.name, one.view.status is DeploymentStatus.SUSPENDED

    def pictures(self) -> Pictures:
        """Make an empty store of pictures, for one session of the page."""

        def look(alert: UUID, by: AuthenticatedPerson, _purpose: str, shown: str) -> read.OpenedCrops:
            return self._crops.open(alert, by, _PURPOSE, shown)

        return Pictures(look, self._clock, self._policy.alerts.retention_h)

    def engage(self, alert: UUID, answer: Engagement, by: AuthenticatedPerson, *, correct: bool = False) -> None:
        """Record what the officers did; `correct`: in place of what stands."""
        self._decisions.engage(alert, answer, by, correct=correct)

    def record_outcome(
        self, alert: UUID, answer: EngagementOutcome, by: AuthenticatedPerson, *, correct: bool = False
    ) -> None:
        """Record what came of it; `correct`: in place of what stands."""
        self._decisions.record_outcome(alert, answer, by, correct=correct)

    def receipt(self, alert: UUID, by: AuthenticatedPerson) -> StopReceipt:
        """Issue the receipt of a stop; asked again, the same."""
        receipt = issue_receipt(
            self._engine,
            self._trail,
            alert,
            by=by,
            now_ns=self.now_ns(),
            retention_h=self._policy.alerts.retention_h,
        )
        return StopReceipt(
            alert, receipt.reference, receipt_qr(receipt, self._policy), receipt_pdf(receipt, self._policy)
        )

    def response(self, category: Category) -> Response:
        """Return what was agreed for this category in the briefing."""
        return self._policy.responses.to(category)

    def now_ns(self) -> int:
        return self._clock.time_ns()
