"""Where requests are taken, shown and confirmed. Every act is on the audit trail in its own transaction.

A request is taken from anybody, by anybody on our register. Answering, confirming and
closing are for compliance, where the force's data protection officer is registered.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import SERVICE_ROLES, AuthenticatedPerson, Role, principal_of
from lfr_core.custody.people.store import acting
from lfr_core.custody.vault.port import ErasureRule, Vault
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON, WorkingDays
from lfr_core.publication.rights import checks
from lfr_core.publication.rights import reading as read
from lfr_core.publication.rights.scope import find_request_scope
from lfr_core.publication.rights.sealed import (
    RequestContent,
    open_answer,
    open_asked,
    request_key,
    seal_asked,
    together,
)
from lfr_core.publication.rights.types import NewRequest, Opened, ReferenceKind, Request, RequestKind, new_reference
from lfr_core.retention.footage.complaint_holds import Scope, confirm_holds, find_kept_segments, place_hold
from lfr_core.retention.footage.hold_approval import check_two_people
from lfr_core.retention.footage.hold_reconciliation import send_holds_to_vault
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.rights import RightsRequestRow

__all__ = ["OFFICERS", "RightsService"]

TAKERS = frozenset(Role) - SERVICE_ROLES
"""Who takes a request: whomever somebody turns to."""
OFFICERS = frozenset({Role.COMPLIANCE})
"""Who answers. The data protection officer is one of them."""
SECOND = frozenset({Role.COMPLIANCE, Role.AUTHORISING_OFFICER})
"""Who may be the second person."""
MAY_LIST = OFFICERS | SECOND | {Role.AUDITOR}
"""Who sees which requests there are and how each stands, without who asked and what."""


class RightsService:
    """Takes requests, shows them, confirms their holds. `rights.answering` answers and closes them.

    Every method raises Retryable when database or vault is away, and Refused: `actor.not-authenticated`,
    `rights.bad-reference`, `rights.unknown`, `people.unknown`, `people.revoked`, `people.wrong-role`, and what each
    names itself.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        trail: Trail,
        policy: Policy,
        clock: Clock,
        below: Callable[[int], int] = secrets.randbelow,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self.engine = engine
        self.vault = vault
        self.trail = trail
        self.policy = policy
        self.clock = clock
        self.days = WorkingDays(policy.publication.extra_bank_holidays)
        self._looks = Consultations(engine, trail, clock)
        self._below = below
        self._new_id = new_id

    def now(self) -> datetime:
        """Return the time now, aware, in UTC."""
        return utc_from_ns(self.clock.time_ns())

    def take(self, asked: NewRequest, *, by: AuthenticatedPerson) -> Request:
        """Take an enquiry or a complaint. A complaint holds the footage it concerns, in the same transaction.

        Raises:
            Refused: also `rights.bad-text`, `rights.bad-day`, `rights.not-an-enquiry`, and as
                `lfr_core.publication.rights.scope.find_request_scope`. Nothing is taken then.
        """
        name, now = str(principal_of(by)), self.now()
        received_on = checks.received(asked.received_on, now.astimezone(LONDON).date())
        personal = RequestContent(
            checks.check_line("contact", asked.contact),
            checks.words("text", asked.text),
            checks.check_line("place", asked.about.place, needed=False),
        )
        is_complaint = asked.kind is RequestKind.COMPLAINT
        if is_complaint and asked.asks_listed:
            advice = 'take "was I on a list" as an enquiry of its own, beside the complaint'
            raise Refused("rights.not-an-enquiry", advice)
        with reading(self.engine) as session:
            acting(session, by, TAKERS)
            request_scope = find_request_scope(session, asked.about, self.policy.rights, now)
        held = request_scope.scopes if is_complaint else ()
        wanted = [(each, find_kept_segments(self.engine, self.vault, each)) for each in held]
        self.trail.prepare(name)
        reference = new_reference(ReferenceKind.REQUEST, now.year, self._below)
        days = self.policy.rights.keep_open_days
        key = request_key(self.vault, reference, now_ns=self.clock.time_ns(), keep_days=days)
        try:
            with writing(self.engine) as session:
                row = RightsRequestRow(
                    reference=reference,
                    kind=asked.kind.value,
                    asks_listed=asked.asks_listed,
                    deployment=request_scope.deployment,
                    from_ns=request_scope.scopes[0].from_ns if request_scope.scopes else None,
                    to_ns=request_scope.scopes[0].to_ns if request_scope.scopes else None,
                    receipt=request_scope.receipt,
                    received_on=received_on,
                    taken_at=now,
                    taken_by=name,
                    key_id=key.info.id,
                    asked_sealed=seal_asked(key, reference, personal),
                    neither_confirm_nor_deny=self.policy.rights.neither_confirm_nor_deny,
                )
                session.add(row)
                session.flush()
                for scope, segments in wanted:
                    place_hold(
                        session, self.trail, scope, segments, id=self._new_id().hex, reference=reference, by=name,
                        now=now, days=self.policy.rights.provisional_hold_days,
                    )  # fmt: skip
                self.append(session, Verb.COLLECT, name, row, "rights.taken", {"kind": asked.kind.value})
                taken = read.request_of(session, row, self.days, now)
        except LfrError:
            with suppress(LfrError):  # it sealed nothing that was kept; without this it goes when it is due
                self.vault.destroy([key.info.id], rule=ErasureRule.REQUEST_NOT_TAKEN)
            raise
        if wanted:
            send_holds_to_vault(self.engine, self.vault)
        return taken

    def list(self, *, by: AuthenticatedPerson, closed: bool = False) -> tuple[Request, ...]:
        """List the requests as `lfr_core.publication.rights.reading.requests`. Opens none."""
        with reading(self.engine) as session:
            person = acting(session, by, MAY_LIST)
        found = read.requests(self.engine, self.days, self.now(), closed=closed)
        self._looks.note(person, "rights.listed")
        return found

    def find(self, reference: str, *, by: AuthenticatedPerson) -> Request:
        """Say how a request stands. Opens nothing."""
        with reading(self.engine) as session:
            person = acting(session, by, MAY_LIST)
        found = read.find_request(self.engine, self.days, self.now(), reference)
        self._looks.note(person, "rights.shown", deployment=found.deployment or "", subject=f"rights:{found.reference}")
        return found

    def open(self, reference: str, *, by: AuthenticatedPerson, purpose: str) -> Opened:
        """Open what somebody asked and how to reach them, and the answer. The vault audits who looked, and what for.

        Raises:
            Refused: also `rights.erased` (its key was destroyed when it was due), `vault.purpose-missing`.
        """
        name = str(principal_of(by))
        with reading(self.engine) as session:
            acting(session, by, OFFICERS)
            row = read.find_row(session, reference)
        try:
            key = self.vault.open_kept(row.key_id, actor=name, purpose=checks.check_purpose(purpose))
        except Refused as refused:
            if refused.rule == "vault.key-gone":
                raise Refused(
                    "rights.erased", f"who asked {row.reference}, and what, is erased: its time was over"
                ) from refused
            raise
        answer = "" if row.answer_sealed is None else open_answer(key, row.reference, row.answer_sealed)
        return together(open_asked(key, row.reference, row.asked_sealed), answer)

    def assign(self, reference: str, deployment: str, *, by: AuthenticatedPerson) -> Request:
        """Say which deployment a request is about, where the person couldn't: its published record counts it then.

        A complaint holds that deployment's footage from then on, as one does that names it when it is taken.

        Raises:
            Refused: also `rights.deployment-unknown`, `rights.assigned` (it is known already), `rights.closed`.
        """
        name, now = str(principal_of(by)), self.now()
        with reading(self.engine) as session:
            acting(session, by, OFFICERS)
            row = read.find_row(session, reference)
            scope = Scope(read.deployment_called(session, deployment), row.from_ns, row.to_ns)
        wanted = find_kept_segments(self.engine, self.vault, scope)  # asked before the transaction
        self.trail.prepare(name)
        holds = False
        with writing(self.engine) as session:
            acting(session, by, OFFICERS)
            row = self.open_row(session, reference)
            if row.deployment not in (None, scope.deployment):
                raise Refused("rights.assigned", f"{row.reference} is about {row.deployment} already")
            if row.deployment is None:
                row.deployment = scope.deployment
                session.add(row)
                session.flush()
                before = read.request_of(session, row, self.days, now)
                holds = before.kind is RequestKind.COMPLAINT and scope.deployment not in {
                    each.deployment for each in before.holds
                }
                if holds:
                    place_hold(
                        session, self.trail, scope, wanted, id=self._new_id().hex, reference=row.reference, by=name,
                        now=now, days=self.policy.rights.provisional_hold_days,
                    )  # fmt: skip
                self.append(session, Verb.ALTER, name, row, "rights.assigned", {})
            assigned = read.request_of(session, row, self.days, now)
        if holds:
            send_holds_to_vault(self.engine, self.vault)
        return assigned

    def confirm(self, reference: str, *, by: AuthenticatedPerson) -> Request:
        """Confirm a complaint's provisional holds as the second person: compliance, or an authorising officer.

        Raises:
            Refused: also `footage.hold-one-person` (`by` took the complaint, or said what it is about),
                `rights.nothing-to-confirm`.
        """
        name = str(principal_of(by))
        self.trail.prepare(name)
        with writing(self.engine) as session:
            person = acting(session, by, SECOND)
            row = read.find_row(session, reference, lock=True)
            check_two_people(row.taken_by, person)
            days = self.policy.footage.hold_review_days
            confirm_holds(session, self.trail, row.reference, by=person, now=self.now(), review_days=days)
            confirmed = read.request_of(session, row, self.days, self.now())
        send_holds_to_vault(self.engine, self.vault)
        return confirmed

    def open_row(self, session: Session, reference: str) -> RightsRequestRow:
        """Return the locked row of a request that isn't closed. Raises Refused `rights.closed` too."""
        row = read.find_row(session, reference, lock=True)
        if row.closed_at is not None:
            raise Refused(
                "rights.closed", f"{row.reference} was closed on {row.closed_at:%Y-%m-%d}: take a new request"
            )
        return row

    def append(
        self, session: Session, verb: Verb, actor: str, row: RightsRequestRow, rule: str, facts: Mapping[str, str | int]
    ) -> None:
        """Append one entry to the audit trail, about a request."""
        event = AuditEvent(verb, actor, row.deployment or "", f"rights:{row.reference}", rule, facts)
        self.trail.append(session, event)
