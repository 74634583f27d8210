"""Tables of monitoring: live probes, the answers to them, the circuit breaker's trips. No personal data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["CircuitBreakerTripRow", "LiveProbeAnswerRow", "LiveProbeRow", "digest_answers"]


class LiveProbeRow(Row, table=True):
    """One live probe: a round of test faces, a self-test, or a call that only asks who is there."""

    __tablename__ = "proof"
    __table_args__ = (Index(None, "deployment", "sent_ns"),)

    id: UUID = Field(primary_key=True)
    deployment: str = Field(foreign_key="deployment.id")
    kind: str
    sent_ns: int = Field(sa_type=BigInteger)
    """When it began, by the clock of who sent it."""
    keys: str = ""
    """The cameras, or partitions, it was sent for, a line each: an answer's `part` counts from 0 in this order."""
    nonces_sha256: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """SHA-256 of the nonce that each part's sealed frame holds, a line each; "" where nothing is."""
    green_ns: int | None = Field(default=None, sa_type=BigInteger)
    """When the last of the answers it needed was recorded, or the self-test ended; NULL unless everything was right."""
    ended_ns: int | None = Field(default=None, sa_type=BigInteger)
    """When it was green, missed, or the self-test ended: from then on it is recorded on the trail. NULL: it is awaited,
    or its deployment stopped meanwhile.
    """
    answers_sha256: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """`digest_answers` since then."""
    state_digest: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Keyed digest of what was asked (`lfr_core.storage.recorded_tables.AS_SEALED`)."""
    detail: str = ""
    """A self-test's lines, as JSON."""
    writer: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Who sealed it, and `seal`: see `lfr_core.custody.audit.row_seals`."""
    seal: str = Field(default="", sa_column_kwargs={"server_default": ""})


class LiveProbeAnswerRow(Row, table=True):
    """One recogniser's answer, as it was recorded."""

    __tablename__ = "proof_answer"

    proof: UUID = Field(primary_key=True, foreign_key="proof.id", ondelete="CASCADE")
    part: int = Field(primary_key=True)
    recorded_ns: int = Field(sa_type=BigInteger)
    similarity: float
    """Of the test face with its own reference in the deployment's gallery; 0 where it wasn't compared."""
    ok: bool
    fault: str


def digest_answers(answers: Iterable[LiveProbeAnswerRow]) -> str:
    """Return SHA-256 of a live probe's answers in any order, hexadecimal."""
    lines = sorted(
        json.dumps([each.part, each.recorded_ns, each.similarity, each.ok, each.fault, str(each.proof)])
        for each in answers
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class CircuitBreakerTripRow(Row, table=True):
    """A time when false alerts were too many for the faces."""

    __tablename__ = "fuse_trip"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    number: int = Field(primary_key=True)
    """1, 2, ... in each deployment."""
    tripped_ns: int = Field(sa_type=BigInteger)
    faces: int = Field(sa_type=BigInteger)
    """Compared by then."""
    false_alerts: int
    """By then."""
    one_in: int
    """The authority's limit: at most one false alert in so many faces."""
    answered_for: int
    """False alerts that this trip has spoken for: only one more trips it again. Less where decisions were corrected."""
