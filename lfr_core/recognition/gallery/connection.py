"""One connection to Milvus: opened when first needed, replaced after a failure, its errors in our tree.

What was measured of pymilvus 3.0.2 and Milvus Lite 3.2.2 and shapes this module:

* Without `timeout=` pymilvus retries 75 times, for minutes; with it, until the timeout, except when
  the port refuses, which shows at once.
* A channel to a server that was away can stay in back-off, and channels to one address share it: hence
  `use_local_subchannel_pool`, and a new client after a failure.
* After a restart of the server a collection is released and must be loaded again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from lfr_core.common.errors import Refused, Retryable
from lfr_core.common.loopback_ports import has_own_listener
from lfr_core.recognition.gallery.access import MilvusAccess
from lfr_core.recognition.milvus_library import import_milvus_library

__all__ = ["MilvusConnection", "unknown_gallery"]

T = TypeVar("T")

_NOT_FOUND = 100  # Milvus error codes
_NOT_LOADED = 101

_LOAD_TIMEOUT_S = 30.0  # a large collection is read from the disk

_CHANNEL = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.min_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 500,
    "grpc.keepalive_time_ms": 330_000,  # pymilvus' 10 s is "too many pings" for a gRPC server, which wants 5 min
}


def unknown_gallery(name: str) -> Refused:
    """Return the refusal when there is no collection of that name."""
    return Refused("gallery.unknown", f"there is no gallery {name}; enrol the watchlist first")


class MilvusConnection:
    """Calls a pymilvus client. Safe to share between threads.

    Args:
        access: where, and what is shown to it.
        timeout_s: for connecting.
    """

    def __init__(self, access: MilvusAccess, timeout_s: float) -> None:
        self._access = access
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._client: Any = None  # pymilvus ships no types that pass strict mode

    def call(self, request: Callable[[Any], T], collection: str = "") -> T:
        """Return what `request` makes of the client; a collection that a restart left released is loaded first.

        Raises:
            Refused: `gallery.unknown`.
            Retryable: the server is away, too slow, or could not do it.
            Fatal: another user of this machine listens where ours belongs; nothing was sent.
        """
        import grpc  # type: ignore[import-untyped]  # ships no types

        import_milvus_library()
        from pymilvus.exceptions import MilvusException

        # each time: a channel connects again by itself
        if self._access.own_port is not None and not has_own_listener(self._access.own_port, "the gallery"):
            raise self._away("nobody listens")
        client: Any = None
        try:
            client = self._connected()
            return self._call_loaded(client, request, collection)
        except MilvusException as error:
            if error.code == _NOT_FOUND:
                raise unknown_gallery(collection) from error
            self._let_go(client)
            raise self._away(error.message) from error
        except grpc.RpcError as error:
            code = getattr(error, "code", lambda: None)()
            self._let_go(client)
            raise self._away(getattr(code, "name", "") or "no answer") from error

    def close(self) -> None:
        """Close it; a later call opens another."""
        self._let_go(self._client)

    def _call_loaded(self, client: Any, request: Callable[[Any], T], collection: str) -> T:
        from pymilvus.exceptions import MilvusException

        try:
            return request(client)
        except MilvusException as error:
            if not collection or error.code != _NOT_LOADED:
                raise
        client.load_collection(collection, timeout=_LOAD_TIMEOUT_S)
        return request(client)

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                from pymilvus import MilvusClient

                # It logs each failure with a traceback, a flood while the server is away; we raise instead.
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
                self._client = MilvusClient(
                    self._access.uri,
                    timeout=self._timeout_s,
                    dedicated=True,
                    grpc_options=dict(_CHANNEL),
                    **self._access.options(),
                )
            return self._client

    def _let_go(self, client: Any) -> None:
        """Close a client that failed; calls that other threads have on it become Retryable too."""
        with self._lock:
            if client is None or client is not self._client:
                return
            self._client = None
        with suppress(Exception):  # it failed already, and closing it changes nothing
            client.close()

    def _away(self, why: str) -> Retryable:
        if "No space left" in why:
            return Retryable(f"the disk of the gallery at {self._access.where} is full: free space", retry_after_s=5.0)
        return Retryable(
            f"the gallery at {self._access.where} gives no answer: `lfr status` says whether Milvus is up, `lfr up` "
            f"starts one{', and its login may be wrong' if self._access.login else ''} ({why})",
            retry_after_s=0.5,
        )
