"""Parts of recorded tables, as they are asked for: what is registered of a person, what a gate is decided on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, inspect
from sqlmodel import col

from lfr_core.storage.tables.deployments import ApplicationRow, AuthorityRow, DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.documents import ComplianceDocumentRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow
from lfr_core.storage.tables.publication import AnnouncementRow
from lfr_core.storage.tables.row import Row

__all__ = ["Part", "Where", "by_key", "of_deployment", "of_person"]


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a table, in its records and on the trail."""

    rows: ColumnElement[bool]
    key: str | None
    """What the trail calls them, or begins to; None: their names don't tell, so any row of the table that is gone may
    have been one of them.
    """


Where = Mapping[type[Row], Part]
"""Which rows of which tables."""


def of_person(person: int) -> Where:
    """Return the rows of who somebody is, what they may do and their accounts. `person`: the register's number."""
    return {
        PersonRow: by_key(PersonRow, person),
        PersonRoleRow: by_key(PersonRoleRow, person),
        PersonIdentityRow: Part(col(PersonIdentityRow.person) == person, None),
    }


def of_deployment(deployment: str) -> Where:
    """Return what a deployment's gate is decided on. `deployment`: its id."""
    return {
        kind: by_key(kind, deployment)
        for kind in (DeploymentRow, PlannedDeploymentRow, ApplicationRow, AuthorityRow, AnnouncementRow)
    } | {ComplianceDocumentRow: Part(col(ComplianceDocumentRow.deployment).in_(("", deployment)), None)}


def by_key(kind: type[Row], *values: Any) -> Part:
    """Return the rows of a table whose key is this, or begins with it, one value a column."""
    columns = inspect(kind).mapper.primary_key
    equal = (column == value for column, value in zip(columns, values, strict=False))
    return Part(and_(*equal), "/".join([str(kind.__tablename__), *(str(value) for value in values)]))
