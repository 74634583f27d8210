"""Footage at the camera: the pictures it has anyway, sealed on disk, and never at the camera's expense.

`FootageWriter` has a thread of its own and a short queue. What can't be kept (queue full, disk full, vault or records
away) is a gap: counted, logged now and then, and tried again after a pause. Nothing is ever written in the clear.

A segment begins in this order: its key is in the vault, its row in the records, then its file is made. So a key without
a row has sealed nothing, and a row without a file is recorded as such.
"""

from __future__ import annotations

import errno
import queue
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError
from lfr_core.custody.vault.port import KeptKey, KeyKind, Vault
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.policy import FootagePolicy
from lfr_core.retention.footage.register import close_row, open_row
from lfr_core.retention.footage.segment import SegmentFile, SegmentHeader
from lfr_core.storage.tables.footage import FootageSegmentRow
from streams.camera.rate_limit import RateLimiter

__all__ = ["FootageSink", "FootageWriter", "GatedFootage", "LentKeyHolder"]

_WAITING = 16
"""Pictures in the queue: 2.5 s at 6.25 looks a second, which a new key and a row's commit take at the worst."""
_PAUSE_S = 5.0
"""After something failed, before it is tried again."""
_WARN_S = 30.0
_IDLE_S = 0.5
_FINISH_S = 5.0
_TRIED_NS = 3600 * 10**9
"""For how long one key is tried with: it is due that much before a new one would be."""
_DAY_NS = 24 * 3600 * 10**9
MIN_FREE_BYTES = 256_000_000
"""Left free on the disk: footage must not take the space that keystore and records need for deleting it again. Several
cameras may each begin a segment of some 20 MB at once."""

_log = structlog.get_logger(__name__)


class FootageSink(Protocol):
    """Where a camera's pictures go beside the frames topic."""

    def offer(self, captured_ns: int, jpeg: bytes) -> None:
        """Take a picture, or count it as missed; returns at once and raises nothing."""
        ...


class LentKeyHolder(Protocol):
    """Says whether frames may be sealed now: `lfr_core.custody.vault.frames.VaultSealer`."""

    @property
    def is_lent(self) -> bool: ...


class GatedFootage:
    """Footage only of what a deployment may look at: none before it opens, while it is suspended, or after."""

    def __init__(self, sink: FootageSink, gate: LentKeyHolder) -> None:
        self._sink = sink
        self._gate = gate

    def offer(self, captured_ns: int, jpeg: bytes) -> None:
        if self._gate.is_lent:
            self._sink.offer(captured_ns, jpeg)


class FootageWriter:
    """Writes one camera session's footage; a context manager, open while the camera runs.

    Args:
        deployment: the deployment's id.
        camera: the camera's name.
        session: id of the run; give `run_camera` the same.
        engine: the records.
        folder: the footage store (`Settings.footage_store`).
        vault: gives each segment its key.
        policy: how long a segment is, and how long it is kept.
        clock: for ages and pauses; segments go by the frames' own times.
        new_id: ids of segments.
        min_free_bytes: no segment is begun when the disk has less than this left.
    """

    def __init__(
        self,
        *,
        deployment: str,
        camera: str,
        session: str,
        engine: Engine,
        folder: Path,
        vault: Vault,
        policy: FootagePolicy,
        clock: Clock,
        new_id: Callable[[], UUID] = uuid4,
        min_free_bytes: int = MIN_FREE_BYTES,
        actor: SystemActor = SystemActor.CAMERA,
    ) -> None:
        """`actor`: the camera's process, or who injects a canary into footage."""
        self._ids = (deployment, camera, session)
        self._actor = actor
        self._engine = engine
        self._folder = folder
        self._vault = vault
        self._segment_ns = round(policy.segment_s * 1e9)
        self._kept_ns = policy.retention_days * _DAY_NS
        self._clock = clock
        self._new_id = new_id
        self._min_free_bytes = min_free_bytes
        self._begun: KeptKey | None = None
        """Of a segment whose beginning failed half way: it is taken up again, with this key and its row."""
        self._queue: queue.Queue[tuple[int, bytes] | None] = queue.Queue(_WAITING)
        """None wakes the writer for its end."""
        self._ending = threading.Event()
        self._segment: SegmentFile | None = None
        self._missed_before = 0
        """Those recorded with a segment already; a gap is recorded with the segment in which it ends."""
        self._not_before = float("-inf")
        self._in_gap = False
        self._warn = RateLimiter(self._clock, _WARN_S)
        self._count = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="camera-footage", daemon=True)
        self.kept = 0
        self.missed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits and close the segment; a thread that hangs in a dead disk is left behind."""
        self._ending.set()
        with suppress(queue.Full):  # then it is awake, and sees the end once it has written all
            self._queue.put_nowait(None)
        self._thread.join(_FINISH_S)
        _log.info("footage.ended", camera=self._ids[1], session=self._ids[2], kept=self.kept, missed=self.missed)

    def offer(self, captured_ns: int, jpeg: bytes) -> None:
        try:
            self._queue.put_nowait((captured_ns, jpeg))
        except queue.Full:
            self._miss("the writer is behind")

    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=_IDLE_S)
            except queue.Empty:
                if self._ending.is_set():
                    break
                if self._segment is not None and self._is_over(self._clock.time_ns()):
                    self._close()
                continue
            if item is None:
                break
            try:
                self._keep(*item)
            except Exception as error:  # noqa: BLE001  whatever it is, footage goes on after a pause and says so
                self._fail(error)
        self._close()

    def _keep(self, captured_ns: int, jpeg: bytes) -> None:
        if self._clock.monotonic() < self._not_before:
            self._miss("it failed a moment ago")
            return
        if self._segment is not None and self._is_over(captured_ns):
            self._close()
        if self._segment is None:
            self._segment = self._open(captured_ns)
        self._segment.append(captured_ns, jpeg)
        self.kept += 1
        if self._in_gap:
            self._in_gap = False
            _log.info("footage.resumed", camera=self._ids[1], missed=self.missed)

    def _is_over(self, at_ns: int) -> bool:
        """Return whether the segment is over, also after the clock was set back: it holds no frame from before it."""
        assert self._segment is not None
        return not 0 <= at_ns - self._segment.header.started_ns < self._segment_ns

    def _open(self, started_ns: int) -> SegmentFile:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if shutil.disk_usage(self._folder).free < self._min_free_bytes:
            raise OSError(errno.ENOSPC, f"the disk has less than {self._min_free_bytes:,} bytes left")
        deployment, camera, session = self._ids
        key = self._begun = self._key(started_ns)
        segment = key.info.subject
        header = SegmentHeader(
            segment=segment,
            key=key.info.id,
            deployment=deployment,
            camera=camera,
            session=session,
            started_ns=started_ns,
            due_ns=key.info.due_ns,
        )
        open_row(
            self._engine,
            FootageSegmentRow(
                id=segment,
                deployment=deployment,
                camera=camera,
                session=session,
                key_id=key.info.id,
                key_fingerprint=key.info.fingerprint,
                started_ns=started_ns,
                due_ns=key.info.due_ns,
            ),
        )
        try:
            opened = SegmentFile(self._folder, header, key.key)
        except FileExistsError:
            self._begun = None
            raise
        self._begun = None
        return opened

    def _key(self, started_ns: int) -> KeptKey:
        """Return the key of the segment that is to be begun: a new one, unless a try that failed has left its own.

        The vault gives a key once, so a new one is for a new id.
        """
        if self._begun is not None and 0 <= started_ns + self._kept_ns - self._begun.info.due_ns < _TRIED_NS:
            return self._begun
        (deployment, camera, _), due_ns = self._ids, started_ns + self._kept_ns
        segment = self._new_id().hex
        return self._vault.make_key(KeyKind.FOOTAGE, deployment, segment, due_ns, actor=self._actor, camera=camera)

    def _close(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        missed = self.missed
        with suppress(OSError):
            segment.close()
        try:
            close_row(
                self._engine,
                segment.header.segment,
                ended_ns=segment.last_ns or segment.header.started_ns,
                frames=segment.frames,
                size_bytes=segment.size_bytes,
                missed=missed - self._missed_before,
            )
            self._missed_before = missed
        except LfrError as error:  # the sweep counts it from its file
            _log.warning("footage.not-closed", segment=segment.header.segment, reason=str(error))

    def _fail(self, error: Exception) -> None:
        """Pause; what comes meanwhile is missed. A segment begun goes on after it: its file is as it was."""
        self._not_before = self._clock.monotonic() + _PAUSE_S
        self._miss(str(error) or type(error).__name__)

    def _miss(self, why: str) -> None:
        with self._count:
            self.missed += 1
            self._in_gap = True
            if self._warn.allow():
                _log.warning("footage.gap", camera=self._ids[1], session=self._ids[2], reason=why, missed=self.missed)
