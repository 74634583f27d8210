"""Every table there is, for the migrations: importing this module registers them all with `Row.metadata`."""

from __future__ import annotations

from lfr_core.storage.tables import (
    audit,
    deployments,
    documents,
    erasure,
    footage,
    monitoring,
    people,
    promises,
    publication,
    retention,
    rights,
    vault,
)
from lfr_core.storage.tables.stream import Row

__all__ = ["METADATA", "TABLE_MODULES"]

TABLE_MODULES = (
    *(audit, deployments, documents, erasure, footage, monitoring, people, promises, publication, retention, rights),
    vault,
)
"""Beside `lfr_core.storage.tables.stream`."""

METADATA = Row.metadata
