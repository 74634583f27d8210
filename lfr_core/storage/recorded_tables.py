"""Which tables' rows count only with their entry on the audit trail, and which of their columns are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import inspect

from lfr_core.storage.tables.alerts import AlertAnswerRow, AlertReferenceRow, AlertRow, AlertShotRow, SightingRow
from lfr_core.storage.tables.blue_list import BlueListPassRow, BlueListPlanRow
from lfr_core.storage.tables.deployments import (
    ApplicationRow,
    AuthorityRow,
    DeploymentRow,
    DeploymentStepRow,
    PlannedDeploymentRow,
)
from lfr_core.storage.tables.documents import ComplianceDocumentRow
from lfr_core.storage.tables.erasure import CanaryRow, CertificateRow
from lfr_core.storage.tables.footage import FootageHoldRow
from lfr_core.storage.tables.monitoring import CircuitBreakerTripRow, LiveProbeAnswerRow, LiveProbeRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow, SignOnRow
from lfr_core.storage.tables.promises import PromiseResultRow, PromiseStatementRow, PromiseStateRow
from lfr_core.storage.tables.publication import (
    AnnouncementRow,
    PlacePlanRow,
    PublishedRecordRow,
    ResultsRow,
    WatchlistCompositionRow,
    WithholdingRequestRow,
)
from lfr_core.storage.tables.rights import ComplaintHoldRow, ReceiptRow, RightsRequestRow
from lfr_core.storage.tables.row import Row

__all__ = [
    "AS_SEALED",
    "HELD_BESIDE",
    "PARTS",
    "RECORDED",
    "SAID_ONCE",
    "RecordedTable",
    "RowPart",
    "columns_of",
    "parts_of",
]


@dataclass(frozen=True, slots=True)
class RecordedTable:
    """What of a table is recorded."""

    columns: tuple[str, ...] = ()
    """Its key's columns not counted; none: all."""
    goes: bool = False
    """Whether its rows are deleted in their time: then one that isn't there is no fault."""
    answers: bool = False
    """Whether a row is recorded only once one of the columns is filled in."""
    is_once: bool = False
    """Whether its rows are only ever added: nothing that an entry says of one later counts."""
    since: str = ""
    """The column that has to be filled in before a row is recorded; "": none has."""
    seldom: bool = False
    """Whether the vault's look each half minute leaves them out: `lfr audit verify` and who publishes compare them."""
    later: tuple[str, ...] = ()
    """Those of the columns that are recorded only since a later version; an earlier version's home adopts them once."""


@dataclass(frozen=True, slots=True)
class RowPart:
    """Some columns of a table, which entries name apart from the rest: not everybody who changes a row changes them."""

    name: str
    """Rows' parts are called by table, this name and key, as `deployment_decided/market-square-1204`."""
    columns: tuple[str, ...]
    is_once: bool = False
    """Whether they never change once the row was made: nothing that an entry says of them later counts."""


_STANDING: Final = (
    "revision", "planner", "officer", "compiler", "list_digest", "list_built_at", "list_last_day", "approved_digest",
    "bound_contract", "approver", "approved_at", "signage_by", "signage_at", "briefing_by", "briefing_at",
)  # fmt: skip
_DEPLOYMENT: Final = (
    "name", "kind", "status", "gallery", "contract_id", "gallery_rows", "gallery_digest", "threshold",
    "agreeing_shots", "live_only", "planned", "cameras", "watchlist_size", "blue_list_size", "opens_at", "closes_at",
    "list_digest", "stubs_sha256",
)  # fmt: skip
_LATER: Final = ("opened_at", "ended_at")
_MET: Final = ("list_destroyed_at", "alerts_purged_at", "footage_purged_at")
_DECIDED: Final = (
    "judgement", "judged_by", "judged_at", "engagement", "engaged_by", "engaged_at", "review", "reviewed_by",
    "reviewed_at", "outcome", "minutes", "resulted_by", "resulted_at",
)  # fmt: skip
_ASKED: Final = (
    "kind", "asks_listed", "deployment", "from_ns", "to_ns", "receipt", "received_on", "taken_at", "taken_by", "key_id",
    "neither_confirm_nor_deny", "disclosure_asked_by", "disclosure_approved_by", "disclosure_at", "answered_at",
    "answered_by", "closed_at", "closed_by", "withdrawn",
)  # fmt: skip
"""What is sealed isn't named: it opens as this request's alone."""
RECORDED: Final[Mapping[type[Row], RecordedTable]] = MappingProxyType(
    {
        PersonRow: RecordedTable(),
        PersonRoleRow: RecordedTable(),
        PersonIdentityRow: RecordedTable(),
        DeploymentRow: RecordedTable((*_DEPLOYMENT, *_LATER), later=_LATER),
        PlannedDeploymentRow: RecordedTable((*_STANDING, *_MET), later=_MET),
        DeploymentStepRow: RecordedTable(is_once=True, seldom=True),
        LiveProbeRow: RecordedTable(since="ended_ns", seldom=True),
        ApplicationRow: RecordedTable(is_once=True),
        AuthorityRow: RecordedTable(is_once=True),
        AnnouncementRow: RecordedTable(),
        WithholdingRequestRow: RecordedTable(),
        PlacePlanRow: RecordedTable(("sha256", "width_px", "height_px", "marks", "is_public", "kept_by")),
        FootageHoldRow: RecordedTable(),
        PublishedRecordRow: RecordedTable(is_once=True),
        ComplianceDocumentRow: RecordedTable(is_once=True),
        SignOnRow: RecordedTable(),
        RightsRequestRow: RecordedTable(_ASKED),
        ComplaintHoldRow: RecordedTable(),
        ReceiptRow: RecordedTable(is_once=True),
        ResultsRow: RecordedTable(),
        CertificateRow: RecordedTable(("deployment", "issued_ns", "digest", "signature", "public_key"), is_once=True),
        WatchlistCompositionRow: RecordedTable(),
        AlertRow: RecordedTable(_DECIDED, goes=True, answers=True),
        AlertAnswerRow: RecordedTable(goes=True),
        BlueListPlanRow: RecordedTable(),
        BlueListPassRow: RecordedTable(is_once=True),
        CanaryRow: RecordedTable(is_once=True),
        PromiseStateRow: RecordedTable(),
        CircuitBreakerTripRow: RecordedTable(),
        PromiseResultRow: RecordedTable(is_once=True),
        PromiseStatementRow: RecordedTable(is_once=True),
    }
)
"""People and their roles and accounts; what was applied for, authorised, listed, announced and withheld; holds; what
people decided of alerts; what was published; compliance documents; sign-ons; requests of people and their holds and
receipts; how results stand; certificates; what is said in public of lists; passes of test subjects; canaries; and what
each look at the promises came to; trips of the circuit breaker."""
PARTS: Final[Mapping[type[Row], tuple[RowPart, ...]]] = MappingProxyType(
    {
        AlertRow: (
            RowPart(
                "opened",
                (
                    "deployment", "camera", "entry", "subject", "category", "age", "legal_reference", "opened_ns",
                    "key_id", "canary",
                ),
                is_once=True,
            ),
        ),
        PersonIdentityRow: (RowPart("linked", ("person", "issuer", "subject"), is_once=True),),
        DeploymentRow: (
            RowPart(
                "decided",
                (
                    "name", "kind", "threshold", "agreeing_shots", "live_only", "planned", "cameras", "opens_at",
                    "closes_at",
                ),
            ),
            RowPart(
                "list",
                (
                    "gallery", "contract_id", "gallery_rows", "gallery_digest", "watchlist_size", "blue_list_size",
                    "list_digest",
                ),
            ),
        ),
        PlannedDeploymentRow: (
            RowPart(
                "decided",
                (
                    "revision", "planner", "officer", "approved_digest", "bound_contract", "approver", "approved_at",
                    "signage_by", "signage_at", "briefing_by", "briefing_at",
                ),
            ),
        ),
    }
)  # fmt: skip
"""What an alert began as, and whose an account is, which never change; what people decide of a deployment, and what
its list is: which process may say so, `lfr_core.custody.audit.record_rights` says."""
AS_SEALED: Final[Mapping[type[Row], tuple[str, ...]]] = MappingProxyType(
    {
        AlertRow: ("similarity", "threshold", "first_ns", "last_ns", "sightings", "pictures_sha256"),
        SightingRow: ("alert", "session", "sequence", "captured_ns", "face", "track", "similarity"),
        LiveProbeRow: ("deployment", "kind", "sent_ns", "keys", "nonces_sha256"),
    }
)
"""What of a row changes too often for an entry each: its keyed digest stands in the row itself, as `state_digest`."""
HELD_BESIDE: Final[Mapping[type[Row], tuple[str, ...]]] = MappingProxyType(
    {
        AlertRow: ("probe_sealed", "first_session", "first_sequence", "last_session", "last_sequence", "state_digest"),
        AlertReferenceRow: ("photograph", "crop_sealed"),
        AlertShotRow: ("probe_sealed",),
        SightingRow: (*AS_SEALED[SightingRow], "state_digest"),
        LiveProbeAnswerRow: ("recorded_ns", "similarity", "ok", "fault"),
    }
)
"""What is held against an alert's row, and that against these, where its pictures are read too: what it rests on. And
the answers to a live probe, whose digest is in its row."""


def columns_of(kind: type[Row]) -> tuple[str, ...]:
    """Return the columns of a table that are recorded."""
    return RECORDED[kind].columns or tuple(column.name for column in inspect(kind).mapper.columns)


def parts_of(kind: type[Row]) -> tuple[str, ...]:
    """Return what the parts of a table's rows are called, each before the row's key."""
    return tuple(f"{kind.__tablename__}_{part.name}" for part in PARTS.get(kind, ()))


SAID_ONCE: Final = frozenset(
    f"{kind.__tablename__}_{each.name}" for kind in PARTS for each in PARTS[kind] if each.is_once
) | frozenset(str(kind.__tablename__) for kind, table in RECORDED.items() if table.is_once)
"""What the trail calls tables and parts of which nothing is said twice."""
