"""The read model of the operator's page, and the services it writes through.

No SQL and no rule lives in the page: figures come from `lfr_core.alerts.read`, rules from `lfr_core.domain.alerts`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from apps.operator.claims import AlertClaims
from apps.operator.parts import SilentPart
from apps.operator.pictures import Pictures
from apps.operator.snapshot import AlertSnapshot
from apps.operator.values import ConsoleLook, Dashboard, Header, OpenQuestions, open_questions
from apps.response_words import response_to
from lfr_core.alerts import read
from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import SealingTrail
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.custody.vault.port import Vault
from lfr_core.custody.vault.reachability import VaultReachability
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.gate_reading import read_shut_because
from lfr_core.deployments.monitoring.store import last_proven_ns
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import Policy
from lfr_core.domain.thumbnails import Thumbnail
from lfr_core.domain.watchlists import Response
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights.receipt_page import receipt_html
from lfr_core.publication.rights.receipts import issue_receipt
from lfr_core.retention.status import ClassStatus, read_retention_status
from lfr_core.storage.engine import reading

__all__ = [
    "Dashboard",
    "Header",
    "OpenQuestions",
    "OperatorView",
    "ReceiptPage",
    "clock_words",
    "local_time",
    "open_questions",
]

_SHARED_S = 1.0
_RETENTION_S = 10.0
_HEADER_S, _MOST_HEADERS = 0.5, 64
_RESUME_S = 60.0
"""[proposal] Who loads the page anew within this goes on with the deployment that they had in hand."""
_ATTENDANCE_TIMES = 4
"""How often attendance is reported in what the policy lets pass in silence."""
JUDGED_SHOWN = 6
QUEUE_SHOWN = 100
"""Alerts of the queue that are named; the heading counts them all."""
_URGENCY = (Response.SAFEGUARD, Response.ARREST, Response.SPEAK_TO, Response.RECORD_ONLY)
"""The most urgent first: somebody in danger before somebody wanted."""


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """The receipt of a stop, ready to print. It has no name, and no picture."""

    alert: UUID
    reference: str
    html: str


def local_time(time_ns: int) -> datetime:
    """Convert a time of the stream to England's clocks."""
    return utc_from_ns(time_ns).astimezone(LONDON)


def clock_words(time_ns: int) -> str:
    """Write a time of the stream as England's clocks show it; in the autumn hour that comes twice, which of the two."""
    local = local_time(time_ns)
    comes_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M:%S %Z}" if comes_twice else f"{local:%H:%M:%S}"


class OperatorView:
    """Everything the page shows. Each method raises Retryable when the records are away."""

    def __init__(
        self,
        engine: Engine,
        policy: Policy,
        vault: Vault,
        trail: SealingTrail,
        clock: Clock,
        silent_parts: Callable[[], tuple[SilentPart, ...]] = tuple,
        thumbnails: Callable[[str], Mapping[str, Thumbnail]] = lambda _deployment: {},
    ) -> None:
        """`silent_parts`: says which parts of the platform answer nothing; `thumbnails`: reads a deployment's."""
        self._silent_parts = silent_parts
        self._thumbnails = thumbnails
        self._engine = engine
        self._policy = policy
        self._clock = clock
        self._trail = trail
        self._crops = read.AlertCrops(engine, vault)
        self._attendance = Attendance(engine, trail, clock)
        self._looks = Consultations(engine, trail, clock)
        self._vault = VaultReachability(vault, clock)
        self._sign_ons = SignOns(engine, trail, clock)
        self._attended_s: dict[tuple[str, AuthenticatedPerson], float] = {}
        self._dashboards: dict[str, tuple[float, Dashboard]] = {}
        self._headers: dict[str | None, tuple[float, Header]] = {}
        self._retention: tuple[float, tuple[ClassStatus, ...]] | None = None
        self.claims = AlertClaims(clock)
        self.decisions = DecisionService(engine, trail, clock)

    def header(self, wanted: str | None) -> Header:
        """Find the deployment asked for; else the live one opened last; else the newest."""
        found = read.deployments(self._engine)
        live = sorted(
            (one for one in found if one.view.is_live),
            key=lambda one: one.opened_at or one.created_at,
            reverse=True,
        )
        if wanted:
            shown = next((one for one in found if one.view.id == wanted), None)
        else:
            shown = next(iter([*live, *found]), None)
        here = shown.view.id if shown else ""
        with reading(self._engine) as session:
            proven_ns = last_proven_ns(session, here) if here else None
        now_ns = self._clock.time_ns()
        return Header(
            deployment=shown,
            also_live=tuple((one.view.id, one.name) for one in live if one.view.id != here),
            now=local_time(now_ns),
            proven_s=None if proven_ns is None else max(0.0, (now_ns - proven_ns) / 1e9),
        )

    def shared_header(self, wanted: str | None) -> Header:
        """Return `header` as it was read within the last half second, with the time of now: it is nobody's own."""
        now_s = self._clock.monotonic()
        kept = self._headers.get(wanted)
        if kept is None or not 0 <= now_s - kept[0] < _HEADER_S:
            kept = (now_s, self.header(wanted))
            self._headers = {wanted: kept} if len(self._headers) >= _MOST_HEADERS else self._headers | {wanted: kept}
        return replace(kept[1], now=self.local_now())

    def shared_dashboard(self, deployment: read.DeploymentSummary) -> Dashboard:
        """Return what `dashboard` read within the last second, for whoever looks: nothing in it is one person's."""
        now_s, key = self._clock.monotonic(), deployment.view.id
        kept = self._dashboards.get(key)
        if kept is None or not 0 <= now_s - kept[0] < _SHARED_S:
            kept = self._dashboards[key] = (now_s, self.dashboard(deployment))
        return kept[1]

    def dashboard(self, deployment: read.DeploymentSummary) -> Dashboard:
        """Read the deployment's cameras and totals."""
        shut = None
        now_ns = self._clock.time_ns()
        max_age_s = self._policy.live.frame_max_age_s
        if deployment.view.is_live:
            shut = read_shut_because(self._engine, deployment.view.id, self._policy, now_ns=now_ns)
        return Dashboard(
            cameras=read.cameras(
                self._engine,
                deployment.view.id,
                now_ns=now_ns,
                limits=read.limits_of(self._policy, live_only=deployment.view.live_only),
            ),
            counts=read.counts(self._engine, deployment.view.id),
            waiting=read.count_waiting(self._engine, deployment.view.id),
            latency=read.latency(self._engine, deployment.view.id),
            max_age_ms=max_age_s * 1000.0,
            now_ns=now_ns,
            vault=self._vault.check(),
            refused=read.refused_records(self._engine, now_ns=now_ns, hours=2),
            is_live=deployment.view.live_only,
            shut_why=shut.why if shut else "",
            shut_who=shut.who if shut else "",
            silent=self._silent_parts(),
        )

    def sign_on(self, deployment: str, by: AuthenticatedPerson) -> None:
        """Take its alerts in hand, on the audit trail. Raises as `SignOns.sign_on`."""
        self._sign_ons.sign_on(deployment, by)

    def resumes(self, deployment: str, operator: AuthenticatedPerson) -> bool:
        """Return whether this person attended it here a moment ago, hasn't put it down, and may go on: a page that
        is loaded anew, as after F5, asks for no second click.
        """
        attended_s = self._attended_s.get((deployment, operator))
        if attended_s is None or self._clock.monotonic() - attended_s > _RESUME_S:
            return False
        try:
            self.check_signed_on(deployment, operator)
        except Refused:
            return False
        return True

    def check_signed_on(self, deployment: str, operator: AuthenticatedPerson) -> None:
        """Raise Refused as `lfr_core.custody.people.sign_on.signed_on`: nothing more is shown then."""
        self._sign_ons.check(deployment, operator)

    def poll(self, deployment: str, operator: AuthenticatedPerson, shown: Collection[UUID] = ()) -> ConsoleLook:
        """Read the alerts that wait, those judged last, what those that are `shown` are by now, and what cameras see.

        Those that wait stand by the urgency of the response agreed for them, the newest first of each. Who looks is
        found in the register once. Raises Refused as `check_signed_on`.
        """
        found = read.console_alerts(
            self._looks,
            deployment,
            by=operator,
            now_ns=self.now_ns(),
            most=(QUEUE_SHOWN, JUDGED_SHOWN),
            also=shown,
        )
        waiting = sorted(found.waiting, key=lambda each: _URGENCY.index(self.response(each)))
        return ConsoleLook(replace(found, waiting=tuple(waiting)), self._thumbnails(deployment))

    def snapshot(self) -> AlertSnapshot:
        """Make an empty one, for one part of one session of the page."""
        return AlertSnapshot(self._clock)

    def pictures(self) -> Pictures:
        """Make an empty store of pictures, for one session of the page."""
        return Pictures(self._crops.open, self._clock, self._policy.alerts.retention_h)

    def receipt(self, alert: UUID, operator: AuthenticatedPerson) -> ReceiptPage:
        """Issue the receipt for the person engaged on an alert, on the audit trail. Raises as `issue_receipt`."""
        issued = issue_receipt(
            self._engine,
            self._trail,
            alert,
            by=operator,
            now_ns=self._clock.time_ns(),
            retention_h=self._policy.alerts.retention_h,
        )
        return ReceiptPage(alert, issued.reference, receipt_html(issued, self._policy))

    def attend(self, deployment: read.DeploymentSummary, operator: AuthenticatedPerson | None) -> None:
        """Say that the operator watches this deployment, a few times in what the policy lets pass in silence.

        Nothing is said of a deployment that can't recognise, nor without a name. Who closes the page, or leaves it
        for another tab, is reported no more, and the gate shuts.

        Raises:
            Refused: as `lfr_core.custody.people.sign_on.signed_on`: the operator may see nothing more.
        """
        if not operator or deployment.view.status not in {DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED}:
            return
        key, now_s = (deployment.view.id, operator), self._clock.monotonic()
        if now_s - self._attended_s.get(key, float("-inf")) >= self._policy.vault.attendance_s / _ATTENDANCE_TIMES:
            self.check_signed_on(*key)
            self._attendance.record_heartbeat(*key)
            self._attended_s[key] = now_s

    def sign_off(self, deployment: str, operator: AuthenticatedPerson) -> None:
        """Sign the operator off: the gate shuts at once, unless another attends; nothing is shown until a sign-on."""
        for attended, name in [key for key in self._attended_s if key[1] == operator]:
            self._attendance.record_departure(attended, name)
            del self._attended_s[attended, name]
        self._sign_ons.sign_off(deployment, operator)

    def tally(self, deployment: str) -> tuple[int, int]:
        """Count the alerts that wait for a person, and those judged; test subjects among them."""
        counts = read.counts(self._engine, deployment)
        judged = sum(each.total - each.undecided for each in (counts.alerts, counts.blue_list))
        return read.count_waiting(self._engine, deployment), judged

    def response(self, alert: read.AlertSummary) -> Response:
        """Return what was agreed for its category before the deployment; an arrest is never shown of a child."""
        return response_to(self._policy.responses.to(alert.category), alert.age)

    def retention(self) -> tuple[ClassStatus, ...]:
        """Read how late each class of data is with its deletion."""
        return read_retention_status(self._engine, self._policy.retention, now_ns=self._clock.time_ns())

    def shared_retention(self) -> tuple[ClassStatus, ...]:
        """Return what `retention` read within the last ten seconds: an alarm is minutes in the making."""
        now_s = self._clock.monotonic()
        if self._retention is None or not 0 <= now_s - self._retention[0] < _RETENTION_S:
            self._retention = (now_s, self.retention())
        return self._retention[1]

    def local_now(self) -> datetime:
        """Return London time."""
        return local_time(self._clock.time_ns())

    def now_ns(self) -> int:
        """Return the page's time, nanoseconds since the epoch."""
        return self._clock.time_ns()
