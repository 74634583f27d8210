"""Every table there is, for the migrations: importing this module registers them all with `Row.metadata`."""

from __future__ import annotations

from lfr_core.audit import tables as audit
from lfr_core.erasure import tables as erasure
from lfr_core.footage import tables as footage
from lfr_core.life import tables as life
from lfr_core.papers import tables as papers
from lfr_core.people import tables as people
from lfr_core.promises import tables as promises
from lfr_core.proof import tables as proof
from lfr_core.publication import tables as publication
from lfr_core.records.tables import Row
from lfr_core.retention import tables as retention
from lfr_core.rights import tables as rights
from lfr_core.vault import tables as vault

__all__ = ["METADATA", "TABLE_MODULES"]

TABLE_MODULES = (audit, erasure, footage, life, papers, people, promises, proof, publication, retention, rights, vault)
"""Beside `lfr_core.records.tables`."""

METADATA = Row.metadata
