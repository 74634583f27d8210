"""Sends frames to Kafka while there is capacity in flight, STATUS records in between, END at the end."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import structlog

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Poison, Retryable
from lfr_core.domain.frames import UNSEALED, FrameHeader, FrameKind, FrameSealer
from lfr_core.domain.policy import Policy
from streams.broker.connection import BrokerConnection
from streams.broker.traits import BrokerTraits
from streams.camera.capture import Capture
from streams.camera.feedback import FeedbackReader, InFlightFrames
from streams.camera.footage import FootageSink
from streams.camera.frame_accounting import Counts, FrameAccounts, FrameToSend
from streams.camera.job import CameraJob, CameraProgress, CameraReport
from streams.camera.producer import FrameProducer, FrameTooLarge
from streams.camera.rate_limit import RateLimiter
from streams.camera.sources import Source
from streams.camera.stop_token import StopToken
from streams.topics import Topic

__all__ = ["WORKERS_DEADLINE_S", "Sender"]

BACK_PRESSURE_TIMES = 4
"""With back-pressure this many times `max_in_flight` may be in flight: enough to keep workers busy, and far less than
they do in the 60 s that the frames topic keeps."""
UNANSWERED_TIMES = 3
"""A live camera stops waiting for an outcome after this many times `frame_max_age_s`: by then the frame is stale
whatever happened to it, and the camera must not stop for ever because a worker died with it."""
WORKERS_DEADLINE_S = 120.0
"""With back-pressure: how long no outcome may come before giving up. A dead worker is restarted well within it."""
STATUS_S = 1.0
PROGRESS_S = 0.5
FLUSH_LIVE_S = 5.0
FLUSH_RECORDED_S = 60.0

_log = structlog.get_logger(__name__)


class Sender:
    """Sends one run's frames in the calling thread, and owns the parts that this takes."""

    def __init__(
        self,
        job: CameraJob,
        connection: BrokerConnection,
        policy: Policy,
        traits: BrokerTraits,
        sealer: FrameSealer,
        clock: Clock,
        stop_token: StopToken,
        session: str | None,
        source: Source,
        footage: FootageSink | None = None,
    ) -> None:
        self._job = job
        self._policy = policy
        self._sealer = sealer
        self._clock = clock
        self._stop_token = stop_token
        self._session = session or str(uuid.uuid4())
        self._source = source
        self._footage = footage
        self._may_wait = job.as_fast_as_possible
        if self._may_wait and source.info.live:
            raise Poison("a live camera can't be read as fast as possible; leave out --as-fast-as-possible")
        sampling = policy.sampling
        self._in_flight = InFlightFrames(
            clock,
            bound=sampling.max_in_flight * (BACK_PRESSURE_TIMES if self._may_wait else 1),
            lost_after_s=None if self._may_wait else policy.live.frame_max_age_s * UNANSWERED_TIMES,
        )
        self._accounts = FrameAccounts(wait=self._may_wait)
        self._producer = FrameProducer(
            connection,
            topic=Topic.FRAMES,
            traits=traits,
            sealer=sealer,
            max_frame_bytes=policy.images.max_frame_bytes,
            in_flight=self._in_flight,
            clock=clock,
            may_wait=self._may_wait,
        )
        try:
            self._feedback = FeedbackReader(
                connection,
                topic=Topic.OUTCOMES,
                deployment=job.deployment,
                camera=job.camera,
                session=self._session,
                in_flight=self._in_flight,
            )
        except BaseException:
            self._producer.close()
            raise
        self._capture: Capture | None = None
        self._sent = 0
        self._too_large = 0
        self._last_record = clock.monotonic()
        self._warning_limit = RateLimiter(clock, 5.0)
        self._progress_limit = RateLimiter(clock, PROGRESS_S)

    def run(
        self,
        make: Callable[[], Source],
        progress: Callable[[CameraProgress], None] | None,
        workers_deadline_s: float,
    ) -> CameraReport:
        """Capture and send until the end; see the module's docstring."""
        capture = self._capture = Capture(
            self._job,
            self._policy,
            self._source,
            make,
            self._accounts,
            self._in_flight,
            clock=self._clock,
            stop_token=self._stop_token,
            footage=self._footage,
        )
        _log.info("camera.started", camera=self._job.camera, session=self._session, source=self._source.info.shown)
        self._feedback.start()
        capture.start()
        error: Exception | None = None
        try:
            try:
                self._send_all(capture, progress, workers_deadline_s)
            except LfrError as raised:
                error = raised
            finally:
                capture.finish()
            while (left := self._accounts.take(0)) is not None:  # only when something went wrong
                self._refuse(left, "the camera stopped")
            self._end()
        finally:
            self._feedback.close()
            self._producer.close()
        report = self._report(capture)
        if progress is not None:
            progress(self._progress(capture))
        _log.info("camera.ended", camera=self._job.camera, session=self._session, sent=report.sent)
        error = error or capture.error
        if error is not None:
            raise error
        return report

    def _send_all(
        self, capture: Capture, progress: Callable[[CameraProgress], None] | None, workers_deadline_s: float
    ) -> None:
        grace_ends: float | None = None
        while not self._accounts.finished:
            now = self._clock.monotonic()
            if (lost := self._in_flight.expire()) and self._warning_limit.allow():
                _log.warning("camera.outcomes-missing", camera=self._job.camera, frames=lost)
            if self._may_wait and self._in_flight.silence_s() > workers_deadline_s:
                raise Retryable(f"no outcome came from the workers for {workers_deadline_s:g} s; see `lfr status`")
            self._status(now)
            if progress is not None and self._progress_limit.allow():
                progress(self._progress(capture))
            if grace_ends is None and capture.done:
                grace_ends = now + self._policy.live.frame_max_age_s
            if self._stop_token.is_set():
                capture.finish()
            if self._in_flight.wait_for_capacity(0.05):
                if (taken := self._accounts.take(0.05)) is not None:
                    self._send(taken)
                continue
            late = not self._may_wait and grace_ends is not None and now > grace_ends
            if (self._stop_token.is_set() or late) and (taken := self._accounts.take(0)) is not None:
                self._refuse(taken, "no capacity in flight")

    def _send(self, taken: FrameToSend) -> None:
        try:
            header = self._header(taken.counts, FrameKind.FRAME, taken.picture.captured_ns)
            self._producer.send(header, taken.picture.jpeg)
        except FrameTooLarge as error:
            self._too_large += 1
            self._refuse(taken, str(error))
        except LfrError as error:
            self._refuse(taken, str(error))
        else:
            self._sent += 1
            self._last_record = self._clock.monotonic()

    def _refuse(self, taken: FrameToSend, reason: str) -> None:
        self._accounts.refuse()
        if self._warning_limit.allow():
            _log.warning("camera.frame-dropped", camera=self._job.camera, sequence=taken.counts.sequence, reason=reason)

    def _status(self, now: float) -> None:
        """Say that the camera is there, unless a frame has just said so or the broker is away."""
        if now - self._last_record < STATUS_S or self._in_flight.unconfirmed:
            return
        self._last_record = now
        try:
            self._producer.note(self._header(self._accounts.settled(), FrameKind.STATUS, self._clock.time_ns()))
        except Retryable as error:
            _log.debug("camera.status-not-sent", error=str(error))

    def _end(self) -> None:
        """Flush, then the camera's last word."""
        timeout_s = FLUSH_RECORDED_S if self._may_wait else FLUSH_LIVE_S
        flushed = self._producer.flush(timeout_s)
        last = self._header(self._accounts.settled(), FrameKind.END, self._clock.time_ns())
        if not flushed or not self._producer.end(last, timeout_s):
            _log.warning("camera.end-not-confirmed", camera=self._job.camera, session=self._session)

    def _header(self, counts: Counts, kind: FrameKind, captured_ns: int) -> FrameHeader:
        assert self._capture is not None
        return FrameHeader(
            deployment=self._job.deployment,
            camera=self._job.camera,
            session=self._session,
            sequence=counts.sequence,
            captured_ns=captured_ns,
            taken_ns=self._clock.time_ns() if self._job.uses_media_time else captured_ns,
            not_sampled=counts.not_sampled,
            dropped=counts.dropped,
            kind=kind,
            picture=self._capture.picture,
            key_id=self._sealer.key_id() if kind is FrameKind.FRAME else UNSEALED,
        )

    def _report(self, capture: Capture) -> CameraReport:
        totals = self._accounts.totals()
        return CameraReport(
            captured=totals.sequence,
            not_sampled=totals.not_sampled,
            dropped_at_camera=totals.dropped,
            sent=self._sent,
            delivery_failed=self._in_flight.delivery_failed,
            undecodable=capture.undecodable,
            damaged=capture.damaged,
            too_large=self._too_large,
            unanswered=self._in_flight.unanswered,
            reconnects=capture.reconnects,
        )

    def _progress(self, capture: Capture) -> CameraProgress:
        return CameraProgress(
            report=self._report(capture),
            session=self._session,
            connected=capture.connected,
            picture=capture.picture,
            looks_per_second=capture.looks_per_second,
            in_flight=self._in_flight.count,
            outcome_age_s=self._in_flight.outcome_age_s(),
        )
