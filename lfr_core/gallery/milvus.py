"""The gallery in Milvus: one collection a deployment, FLAT and inner product, so search is exact.

What was measured of pymilvus 3.0.2 and Milvus Lite 3.2.2 and shapes this module:

* A collection's description is lost by Milvus Lite, its properties are kept over a restart; Milvus itself
  keeps both. The contract id is written in both and read from whichever is there.
* After a restart of the server a collection is released and must be loaded again.
* Search over rows that were not flushed is 20 times slower: `add` flushes.
* Without `timeout=` pymilvus retries 75 times, for minutes; with it, until the timeout, except when
  the port refuses, which shows at once. A channel to a server that was away can stay in back-off,
  and channels to one address share it: hence `use_local_subchannel_pool` and a new client after a failure.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np

from lfr_core.errors import Fatal, Refused, Retryable
from lfr_core.faces.types import Floats
from lfr_core.gallery.checks import DIMENSION, check_name, check_probes, check_references
from lfr_core.gallery.port import Candidate, Reference
from lfr_core.gallery.ranking import Hit, rank

__all__ = ["MilvusGallery"]

T = TypeVar("T")

_CONTRACT = "lfr.contract"
_ROWS_PER_INSERT = 500  # 1 MB of templates a message
_WRITE_TIMEOUT_S = 30.0  # insert, flush, load and drop may wait for a disk
_MOST_HITS = 16_384  # Milvus's own limit on a search, for one probe
_HITS_PER_REQUEST = 8_192  # Milvus Lite takes about 45 us to write one hit out
_CONTRACT_TTL_S = 1.0  # how long a checked contract is believed; a check costs about 1 ms

_NOT_FOUND = 100  # Milvus error codes
_NOT_LOADED = 101

_CHANNEL = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.min_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 500,
}


class MilvusGallery:
    """A `Gallery` in a Milvus server, or in Milvus Lite's. Safe to share between threads.

    Connects at the first call, and again after a failure, so it can be made before the server is up and
    outlives its restarts.

    Args:
        uri: http://host:port (https and user:password@ for a cluster).
        timeout_s: how long one request of a search, count or look-up may take before Retryable is raised;
            writes get at least 30 s. A server that is away is noticed within milliseconds.
        monotonic: seconds that never go back, for the age of what is known of a collection.
    """

    def __init__(self, uri: str, *, timeout_s: float = 3.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._uri = uri
        self._timeout_s = timeout_s
        self._write_timeout_s = max(timeout_s, _WRITE_TIMEOUT_S)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._client: Any = None  # pymilvus ships no types that pass strict mode
        self._contracts: dict[str, tuple[str, float]] = {}

    def create(self, name: str, contract_id: str) -> None:
        check_name(name)
        exists = Refused("gallery.exists", f"there is a gallery {name} already; a gallery is never reused")
        if self._call(lambda c: c.has_collection(name, timeout=self._timeout_s)):
            raise exists
        from pymilvus import DataType, MilvusClient

        schema = MilvusClient.create_schema(
            auto_id=False, enable_dynamic_field=False, description=f"{_CONTRACT}={contract_id}"
        )
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=128)
        schema.add_field("entry", DataType.VARCHAR, max_length=128)
        schema.add_field("template", DataType.FLOAT_VECTOR, dim=DIMENSION)
        index = MilvusClient.prepare_index_params()
        index.add_index("template", index_type="FLAT", metric_type="IP")
        try:
            self._call(
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

    def add(self, name: str, contract_id: str, references: Sequence[Reference]) -> None:
        self._bound(name, contract_id)
        templates = check_references(references)
        rows = {r.id: (r.entry, t) for r, t in zip(references, templates, strict=True)}
        ids = list(rows)
        for start in range(0, len(ids), _ROWS_PER_INSERT):
            chunk = ids[start : start + _ROWS_PER_INSERT]
            # Only what is absent is inserted: an upsert deletes first, and what is deleted stays on the disk.
            there = self._present(name, chunk)
            data = [{"id": i, "entry": rows[i][0], "template": rows[i][1]} for i in chunk if i not in there]
            if data:
                self._insert(name, data)
        if ids:
            self._call(lambda c: c.flush(name, timeout=self._write_timeout_s), name)

    def search(self, name: str, contract_id: str, probes: Floats, limit: int = 1) -> list[list[Candidate]]:
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
        return found

    def count(self, name: str) -> int:
        self._contract_of(name)
        result = self._call(
            lambda c: c.query(
                name, filter="", output_fields=["count(*)"], consistency_level="Strong", timeout=self._timeout_s
            ),
            name,
        )
        return int(result[0]["count(*)"])

    def names(self) -> list[str]:
        listed = self._call(lambda c: c.list_collections(timeout=self._timeout_s))
        return sorted(name for name in listed if self._read_contract(name) is not None)

    def drop(self, name: str) -> None:
        check_name(name)
        self._contracts.pop(name, None)
        try:
            self._call(lambda c: c.drop_collection(name, timeout=self._write_timeout_s), name)
        except Refused as error:
            if error.rule != "gallery.unknown":
                raise

    def close(self) -> None:
        """Close the connection; a later call opens another."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _hits(self, name: str, probes: Floats, wanted: int) -> list[list[Hit]]:
        """The `wanted` best references of each probe, in requests of bounded size."""
        step = max(1, _HITS_PER_REQUEST // wanted)
        parts = [self._request_hits(name, probes[i : i + step], wanted) for i in range(0, len(probes), step)]
        return [hits for part in parts for hits in part]

    def _request_hits(self, name: str, probes: Floats, wanted: int) -> list[list[Hit]]:
        results = self._call(
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
        self._call(lambda c: c.insert(name, rows, timeout=self._write_timeout_s), name)

    def _present(self, name: str, ids: Sequence[str]) -> set[str]:
        listed = ", ".join(f'"{i}"' for i in ids)  # check_references lets no quote through
        result = self._call(
            lambda c: c.query(
                name,
                filter=f"id in [{listed}]",
                output_fields=["id"],
                consistency_level="Strong",
                timeout=self._write_timeout_s,
            ),
            name,
        )
        return {row["id"] for row in result}

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
            raise Refused("gallery.unknown", f"there is no gallery {name}; enrol the watchlist first")
        self._contracts[name] = (contract, self._monotonic())
        return contract

    def _read_contract(self, name: str) -> str | None:
        """The contract a collection is bound to; None if it isn't there or isn't a gallery."""
        try:
            described = self._call(lambda c: c.describe_collection(name, timeout=self._timeout_s), name)
        except Refused:
            return None
        contract = described.get("properties", {}).get(_CONTRACT)
        if contract is None:
            key, _, contract = described.get("description", "").partition("=")
            return contract if key == _CONTRACT else None
        return str(contract)

    def _call(self, request: Callable[[Any], T], name: str = "") -> T:
        """One request; loads the collection and asks again if a restart left it released."""
        with self._errors(name):
            client = self._connected()
            try:
                return request(client)
            except Exception as error:
                if not name or getattr(error, "code", None) != _NOT_LOADED:
                    raise
            client.load_collection(name, timeout=self._write_timeout_s)
            return request(client)

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                from pymilvus import MilvusClient

                # It logs each failure with a traceback, a flood while the server is away; we raise instead.
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
                self._client = MilvusClient(
                    self._uri, timeout=self._timeout_s, dedicated=True, grpc_options=dict(_CHANNEL)
                )
            return self._client

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        """Translate pymilvus' and gRPC's errors into the tree."""
        import grpc  # type: ignore[import-untyped]  # ships no types
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except MilvusException as error:
            if error.code == _NOT_FOUND:
                self._contracts.pop(name, None)
                raise Refused("gallery.unknown", f"there is no gallery {name}; enrol the watchlist first") from error
            self._forget()
            raise self._away(error.message) from error
        except grpc.RpcError as error:
            code = getattr(error, "code", lambda: None)()
            self._forget()
            raise self._away(getattr(code, "name", "") or "no answer") from error

    def _forget(self) -> None:
        """Let go of a client that failed. Not closed: other threads may be waiting on it; they get their errors."""
        with self._lock:
            self._client = None
        self._contracts.clear()

    def _away(self, why: str) -> Retryable:
        parts = urlsplit(self._uri)
        where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # a cluster's URI may hold a password
        return Retryable(
            f"the gallery at {where} does not answer ({why}). Is Milvus up? `lfr status` says; `lfr up` starts one.",
            retry_after_s=0.5,
        )
