"""The gallery in Milvus: one collection a deployment, FLAT and inner product, so search is exact.

What was measured of Milvus Lite 3.2.2 and shapes this module (connection.py has the rest):

* A collection's description is lost, its properties are kept over a restart; Milvus itself keeps both.
  The contract id is written in both and read from whichever is there.
* Search over rows that were not flushed is 20 times slower: `add` flushes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.access import MilvusAccess, milvus_access
from lfr_core.recognition.gallery.checks import DIMENSION, check_name, check_probes, check_references, is_id, stored_row
from lfr_core.recognition.gallery.connection import MilvusConnection, unknown_gallery
from lfr_core.recognition.gallery.port import Candidate, Reference, StoredRow
from lfr_core.recognition.gallery.ranking import Hit, rank, rank_again
from lfr_core.recognition.gallery.reading import read_all
from lfr_core.recognition.milvus_library import import_milvus_library

__all__ = ["MilvusGallery", "milvus_gallery"]

_CONTRACT = "lfr.contract"
_ROWS_PER_INSERT = 500  # 1 MB of templates a message
_WRITE_TIMEOUT_S = 30.0  # insert, flush, load and drop may wait for a disk
_ROWS_PER_READ = 500  # about 0.15 s a request on a busy core, and searches get their turn in between
_MOST_HITS = 16_384  # Milvus's own limit on a search, for one probe
_HITS_PER_REQUEST = 8_192  # Milvus Lite takes about 45 us to write one hit out
_SAME_SIMILARITY = 1e-3
"""How far a similarity that Milvus says may be off: rounding, and the level of a run of ties (ranking.py)."""
_CONTRACT_TTL_S = 1.0  # how long a checked contract is believed; a check costs about 1 ms


class MilvusGallery:
    """A `Gallery` in a Milvus server, or in Milvus Lite's. Safe to share between threads.

    Connects at the first call, and again after a failure, so it can be made before the server is up and
    outlives its restarts.

    Args:
        access: where, and what is shown to it; an address alone for one that asks for nothing.
        timeout_s: how long one request of a search, count or look-up may take before Retryable is raised;
            writes get at least 30 s. A server that is away is noticed within milliseconds.
        monotonic: seconds that never go back, for the age of what is known of a collection.

    Raises:
        Fatal: the URI is none of a Milvus server.
    """

    def __init__(
        self, access: MilvusAccess | str, *, timeout_s: float = 3.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = MilvusConnection(MilvusAccess(access) if isinstance(access, str) else access, timeout_s)
        self._timeout_s = timeout_s
        self._write_timeout_s = max(timeout_s, _WRITE_TIMEOUT_S)
        self._monotonic = monotonic
        self._contracts: dict[str, tuple[str, float]] = {}

    def create(self, name: str, contract_id: str) -> None:
        check_name(name)
        exists = Refused("gallery.exists", f"there is a gallery {name} already; a gallery is never reused")
        if self._connection.call(lambda c: c.has_collection(name, timeout=self._timeout_s)):
            raise exists
        milvus = import_milvus_library()
        schema = milvus.MilvusClient.create_schema(
            auto_id=False, enable_dynamic_field=False, description=f"{_CONTRACT}={contract_id}"
        )
        schema.add_field("id", milvus.DataType.VARCHAR, is_primary=True, max_length=128)
        schema.add_field("entry", milvus.DataType.VARCHAR, max_length=128)
        schema.add_field("template", milvus.DataType.FLOAT_VECTOR, dim=DIMENSION)
        index = milvus.MilvusClient.prepare_index_params()
        index.add_index("template", index_type="FLAT", metric_type="IP")
        try:
            self._connection.call(
                lambda c: c.create_collection(
                    name,
                    schema=schema,
                    index_params=index,
                    properties={_CONTRACT: contract_id},
                    consistency_level="Strong",
                    timeout=self._write_timeout_s,
                )
            )
        except Retryable as error:
            if "already exist" in str(error):  # somebody was quicker
                raise exists from error
            raise

    def add(self, name: str, contract_id: str, references: Sequence[Reference]) -> tuple[StoredRow, ...]:
        self._bound(name, contract_id)
        templates = check_references(references)
        rows = {r.id: (r.entry, t) for r, t in zip(references, templates, strict=True)}
        ids = list(rows)
        for start in range(0, len(ids), _ROWS_PER_INSERT):
            chunk = ids[start : start + _ROWS_PER_INSERT]
            # Only what is absent is inserted: an upsert deletes first, and what is deleted stays on the disk.
            there = {row["id"] for row in self._read(name, chunk, ["id"], self._write_timeout_s)}
            data = [{"id": i, "entry": rows[i][0], "template": rows[i][1]} for i in chunk if i not in there]
            if data:
                self._insert(name, data)
        if ids:
            self._connection.call(lambda c: c.flush(name, timeout=self._write_timeout_s), name)
        return tuple(stored_row(id_, entry, template) for id_, (entry, template) in rows.items())

    def rows(self, name: str, contract_id: str, ids: Sequence[str] | None = None) -> tuple[StoredRow, ...]:
        if ids is None:
            return self.vectors(name, contract_id)[0]
        self._bound(name, contract_id)
        wanted = [one for one in dict.fromkeys(ids) if is_id(one)]
        found: list[StoredRow] = []
        for start in range(0, len(wanted), _ROWS_PER_READ):
            found += [_stored_row(row) for row in self._read(name, wanted[start : start + _ROWS_PER_READ])]
        return tuple(found)

    def vectors(self, name: str, contract_id: str) -> tuple[tuple[StoredRow, ...], Floats]:
        """Read all rows, and their vectors as stored, shape (n, 512), in the same order."""
        self._bound(name, contract_id)
        return self._connection.call(lambda c: read_all(c, name, _ROWS_PER_READ, self._write_timeout_s), name)

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        del at_least  # all are given
        if limit < 1:
            raise ValueError("limit is at least 1")
        self._bound(name, contract_id)
        rows = check_probes(probes)
        found: list[list[Candidate]] = [[] for _ in rows]
        open_rows = np.arange(len(rows))
        # Milvus scores references and we want entries: ask for more until no reference left out can matter.
        wanted = min(_MOST_HITS, 2 * limit + 2)
        while len(open_rows):
            still_open = []
            for row, hits in zip(open_rows, self._hits(name, rows[open_rows], wanted), strict=True):
                ranking = rank(hits, limit)
                found[row] = ranking.candidates
                if len(hits) >= wanted and not ranking.settled:
                    still_open.append(row)
            if wanted == _MOST_HITS:
                break
            open_rows = np.array(still_open, dtype=np.intp)
            wanted = min(_MOST_HITS, wanted * 4)
        return self._with_digests(name, rows, found)

    def count(self, name: str) -> int:
        self._contract_of(name)
        result = self._connection.call(
            lambda c: c.query(
                name, filter="", output_fields=["count(*)"], consistency_level="Strong", timeout=self._timeout_s
            ),
            name,
        )
        return int(result[0]["count(*)"])

    def names(self) -> list[str]:
        listed = self._connection.call(lambda c: c.list_collections(timeout=self._timeout_s))
        return sorted(name for name in listed if self._read_contract(name) is not None)

    def drop(self, name: str) -> None:
        check_name(name)
        self._contracts.pop(name, None)
        try:
            self._connection.call(lambda c: c.drop_collection(name, timeout=self._write_timeout_s), name)
        except Refused as error:
            if error.rule != "gallery.unknown":
                raise

    def close(self) -> None:
        """Close the connection; a later call opens another."""
        self._connection.close()

    def _with_digests(self, name: str, probes: Floats, found: list[list[Candidate]]) -> list[list[Candidate]]:
        """Return candidates with their vector's similarity, computed again, and its digest where that is as said."""
        wanted = sorted({candidate.reference for each in found for candidate in each if is_id(candidate.reference)})
        stored: dict[str, tuple[StoredRow, Floats]] = {}
        for start in range(0, len(wanted), _ROWS_PER_READ):
            for row in self._read(name, wanted[start : start + _ROWS_PER_READ]):
                stored[row["id"]] = _stored_row(row), np.asarray(row["template"], np.float32)

        def prove(probe: Floats, candidate: Candidate) -> Candidate:
            row, vector = stored.get(candidate.reference, (None, probe))
            if row is None or row.entry != candidate.entry:
                return candidate
            similarity = float(probe @ vector)
            if abs(similarity - candidate.similarity) > _SAME_SIMILARITY:
                return candidate
            return replace(candidate, similarity=similarity, sha256=row.sha256)

        return [rank_again([prove(probe, each) for each in of]) for probe, of in zip(probes, found, strict=True)]

    def _hits(self, name: str, probes: Floats, wanted: int) -> list[list[Hit]]:
        """Return the `wanted` best references of each probe, asked for in requests of bounded size."""
        step = max(1, _HITS_PER_REQUEST // wanted)
        parts = [self._request_hits(name, probes[i : i + step], wanted) for i in range(0, len(probes), step)]
        return [hits for part in parts for hits in part]

    def _request_hits(self, name: str, probes: Floats, wanted: int) -> list[list[Hit]]:
        results = self._connection.call(
            lambda c: c.search(
                name,
                data=probes,
                anns_field="template",
                limit=wanted,
                output_fields=["entry"],  # named, or the templates come back too
                search_params={"metric_type": "IP"},
                consistency_level="Strong",
                timeout=self._timeout_s,
            ),
            name,
        )
        return [[Hit(h["id"], h["entity"]["entry"], float(h["distance"])) for h in hits] for hits in results]

    def _insert(self, name: str, rows: list[dict[str, object]]) -> None:
        self._connection.call(lambda c: c.insert(name, rows, timeout=self._write_timeout_s), name)

    def _read(
        self,
        name: str,
        ids: Sequence[str],
        fields: Sequence[str] = ("id", "entry", "template"),
        timeout_s: float | None = None,
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._connection.call(
            lambda c: c.query(
                name,
                filter=f"id in [{_quoted(ids)}]",
                output_fields=list(fields),
                consistency_level="Strong",
                timeout=timeout_s or self._timeout_s,
            ),
            name,
        )
        return found

    def _bound(self, name: str, contract_id: str) -> None:
        bound = self._contract_of(name)
        if bound != contract_id:
            raise Fatal(
                f"gallery {name} was built under embedding contract {bound}, not {contract_id}: "
                "scores would mean nothing. Enrol the watchlist again with this model pack."
            )

    def _contract_of(self, name: str) -> str:
        check_name(name)
        known = self._contracts.get(name)
        if known is not None and self._monotonic() - known[1] < _CONTRACT_TTL_S:
            return known[0]
        contract = self._read_contract(name)
        if contract is None:
            self._contracts.pop(name, None)
            raise unknown_gallery(name)
        self._contracts[name] = (contract, self._monotonic())
        return contract

    def _read_contract(self, name: str) -> str | None:
        """Read the contract a collection is bound to; None if it isn't there or isn't a gallery."""
        try:
            described = self._connection.call(lambda c: c.describe_collection(name, timeout=self._timeout_s), name)
        except Refused:
            return None
        contract = described.get("properties", {}).get(_CONTRACT)
        if contract is None:
            key, _, contract = described.get("description", "").partition("=")
            return contract if key == _CONTRACT else None
        return str(contract)


def milvus_gallery(settings: Settings) -> MilvusGallery:
    """Return the gallery of these settings. Raises Fatal as `milvus_access`."""
    return MilvusGallery(milvus_access(settings))


def _stored_row(row: dict[str, Any]) -> StoredRow:
    return stored_row(row["id"], row["entry"], row["template"])


def _quoted(ids: Sequence[str]) -> str:
    """Quote ids for a filter expression: `is_id` lets no quote through."""
    return ", ".join(f'"{one}"' for one in ids)
