"""From a record of the frames topic to an image: envelope, deployment, age, seal; or the outcome that says why not."""

from __future__ import annotations

from collections.abc import Iterable

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal, Poison, Refused
from lfr_core.domain.deployments import DeploymentView
from lfr_core.domain.frames import FrameHeader, FrameOpener, UnknownSchema
from lfr_core.domain.messages import DeadLetter
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.domain.policy import Policy
from lfr_core.recognition.batch import DetectedBatch, FrameProgress, RawFrame
from lfr_core.recognition.faces.decode import decode_frame
from lfr_core.recognition.faces.types import Image
from lfr_core.recognition.stopwatch import Stopwatch

__all__ = ["FrameReader"]


class FrameReader:
    """Opens and decodes frames for one worker, whose model pack has the embedding contract `contract_id`."""

    def __init__(
        self, contract_id: str, *, opener: FrameOpener, policy: Policy, clock: Clock, watch: Stopwatch
    ) -> None:
        self._contract_id = contract_id
        self._opener = opener
        self._policy = policy
        self._clock = clock
        self._watch = watch
        self.served: set[str] = set()
        """Deployments of which a frame was opened."""

    def read_header(self, frame: RawFrame) -> FrameHeader | Poison | Refused:
        """Read the envelope, or return what is wrong with it.

        Raises Retryable: the vault is away, nobody knows who sent it.
        """
        try:
            header = FrameHeader.from_headers(frame.headers)
            self._check_sender(frame, header)
        except UnknownSchema as error:
            return error if error.header is None else self._unknown_schema(frame, error, error.header)
        except (Poison, Refused) as error:
            return error
        return header

    def _unknown_schema(self, frame: RawFrame, error: UnknownSchema, header: FrameHeader) -> Poison | Refused:
        try:
            self._check_sender(frame, header)  # else anybody could count frames on a camera
        except Refused as refused:
            return refused
        return error

    def _check_sender(self, frame: RawFrame, header: FrameHeader) -> None:
        key = frame.key.encode()
        self._opener.check_sender(header, topic=frame.topic, key=key, headers=frame.headers, payload=frame.payload)

    def dead_letter(self, looked: DetectedBatch, frame: RawFrame, error: Poison | Refused) -> None:
        """Put a record among the dead letters, once; count it on its camera if that sent it and it can be read."""
        place = (frame.topic, frame.partition, frame.offset)
        if any((each.topic, each.partition, each.offset) == place for each in looked.dead):
            return  # a search that is made again is refused again
        looked.dead.append(
            DeadLetter(
                topic=frame.topic,
                partition=frame.partition,
                offset=frame.offset,
                camera=frame.key,
                error=error.rule if isinstance(error, Refused) else type(error).__name__,
                reason=str(error),
                at_ns=self._clock.time_ns(),
            )
        )
        if isinstance(error, UnknownSchema) and error.header is not None:
            looked.seen.append(FrameProgress(error.header, FrameOutcome.DEAD_LETTERED))

    def dead_letter_each(self, looked: DetectedBatch, seen: Iterable[FrameProgress], error: Refused) -> None:
        """Put the records that these frames came as among the dead letters."""
        for each in seen:
            if each.frame is not None:
                self.dead_letter(looked, each.frame, error)

    def open(
        self, looked: DetectedBatch, frame: RawFrame, seen: FrameProgress, view: DeploymentView | None
    ) -> Image | None:
        """Return the frame's image, or None with the outcome that says why not."""
        header = seen.header
        try:
            if view is None:
                raise Poison(f"the frame is for deployment {header.deployment!r}, which does not exist")
            if not view.is_live:
                seen.outcome = FrameOutcome.DROPPED_CLOSED
                return None
            if view.contract_id != self._contract_id:
                raise Fatal(
                    f"deployment {view.id!r} was enrolled under embedding contract {view.contract_id}, this worker's "
                    f"model pack has {self._contract_id}: install the pack it was enrolled with, or enrol again"
                )
            if view.live_only and self.is_stale(header):
                seen.outcome = FrameOutcome.DROPPED_STALE
                return None
            with self._watch.stage("open"):
                jpeg = self._opener.open(header, frame.payload)
            self.served.add(header.deployment)
            with self._watch.stage("decode"):
                return decode_frame(jpeg, self._policy.images)
        except Refused as error:
            closed = error.rule.startswith("gate.")
            seen.outcome = FrameOutcome.DROPPED_CLOSED if closed else FrameOutcome.UNOPENABLE
        except Poison as error:
            seen.outcome = FrameOutcome.DEAD_LETTERED
            self.dead_letter(looked, frame, error)
        return None

    def is_stale(self, header: FrameHeader) -> bool:
        """Return whether a live frame is too old to be searched."""
        age_s = (self._clock.time_ns() - header.captured_ns) / 1e9
        return age_s > self._policy.live.frame_max_age_s
