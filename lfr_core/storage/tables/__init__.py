"""The tables of the records, a module for each subject.

All are imported together: a foreign key finds its table in every process, whichever module it needed.
"""

from __future__ import annotations

from lfr_core.storage.tables import (
    alerts,
    audit,
    blue_list,
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
    stream,
    vault,
    watchlists,
)

__all__ = [
    "alerts",
    "audit",
    "blue_list",
    "deployments",
    "documents",
    "erasure",
    "footage",
    "monitoring",
    "people",
    "promises",
    "publication",
    "retention",
    "rights",
    "stream",
    "vault",
    "watchlists",
]
