"""Tables of `lfr_core.custody.people`; see `lfr_core.storage.tables.row` for the rules all tables follow."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["PersonIdentityRow", "PersonRoleRow", "PersonRow", "SignOnRow"]


class PersonRow(Row, table=True):
    """A registered person. Never deleted: what they did is on record under their name."""

    __tablename__ = "person"

    id: int | None = Field(default=None, primary_key=True)
    """What the audit trail calls them, so that it holds no name."""
    folded: str = Field(unique=True)
    """The name as it is compared."""
    name: str
    rank: str
    added_at: dt.datetime
    added_by: str
    revoked_at: dt.datetime | None = None
    revoked_by: str = ""
    revoked_why: str = ""
    former_names: str = ""
    """Names that they had before, one a line, the newest last. They stay theirs: they stand in records of then."""


class PersonRoleRow(Row, table=True):
    __tablename__ = "person_role"

    person: int = Field(primary_key=True, foreign_key="person.id")
    role: str = Field(primary_key=True)
    since: dt.datetime
    """Held without a break since."""


class PersonIdentityRow(Row, table=True):
    """An account at an identity provider is a person's. Never deleted: an account is one person's for ever."""

    __tablename__ = "person_identity"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        Index(
            "ix_person_identity_in_use",
            "person",
            "issuer",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    person: int = Field(foreign_key="person.id")
    issuer: str
    subject: str
    """What the provider calls the account for ever; no name."""
    linked_at: dt.datetime
    linked_by: str
    sessions_from: dt.datetime
    """Logins before it count no more."""
    ended_at: dt.datetime | None = None
    ended_by: str = ""


class SignOnRow(Row, table=True):
    """An operator has a deployment's alerts in hand."""

    __tablename__ = "sign_on"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    person: int = Field(primary_key=True, foreign_key="person.id")
    since: dt.datetime
