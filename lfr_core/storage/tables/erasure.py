"""Tables of `lfr_core.retention.erasure`; see `lfr_core.storage.tables.row` for the rules all tables follow."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["CanaryRow", "CertificateRow"]


class CanaryRow(Row, table=True):
    """What was injected, by digests: the needles themselves are outside every store that is searched."""

    __tablename__ = "canary"

    id: str = Field(primary_key=True)
    deployment: str = Field(foreign_key="deployment.id", index=True)
    kind: str
    store: str
    planted_ns: int = Field(sa_type=BigInteger)
    due_ns: int | None = Field(default=None, sa_type=BigInteger)
    key_id: str = ""
    key_fingerprint: str = ""
    clear_digest: str
    stored_digest: str


class CertificateRow(Row, table=True):
    """A signed certificate, as canonical JSON. Rows are only ever added."""

    __tablename__ = "certificate"

    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    """Counted over the installation, from 1, without gaps."""
    deployment: str = Field(foreign_key="deployment.id", index=True)
    issued_ns: int = Field(sa_type=BigInteger)
    body: str
    digest: str
    """SHA-256 of the body, hexadecimal: what is signed, and what the next certificate names."""
    signature: str
    public_key: str
