"""Live probe at a recogniser: the drawn test face through opening, decoding, finding, embedding and searching; and
people of the list, drawn at random by the recogniser itself, searched in its gallery.

It touches no track, no count and no stopwatch: what it leaves is one `LiveProbeResult`, and it takes only time of
real frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from lfr_core.common.biometric import Biometric
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.domain.deployments import DeploymentView
from lfr_core.domain.frames import UNSEALED, FrameHeader, FrameOpener
from lfr_core.domain.messages import LiveProbeFault, LiveProbeResult
from lfr_core.domain.policy import Policy
from lfr_core.domain.reserved import LIVE_PROBE_ENTRY, MOST_CANARIES, NOBODY
from lfr_core.recognition.faces import quality
from lfr_core.recognition.faces.decode import decode_frame
from lfr_core.recognition.faces.types import FaceEngine, Floats
from lfr_core.recognition.gallery.port import Candidate, Gallery
from lfr_core.recognition.selftest.face import nonce_of

__all__ = ["CANDIDATES", "LiveProbeLook", "LiveProbeResponder", "best_match"]

CANDIDATES = 2 + MOST_CANARIES
"""That a search asks for: the drawn test face, which is in every gallery, and as many canaries as there may be can't
stand before a person.
"""


@dataclass(frozen=True, slots=True, eq=False)
class LiveProbeLook:
    """A live probe between looking and matching."""

    header: FrameHeader
    view: DeploymentView | None
    template: Biometric[Floats] | None
    """Shape (1, 512); None where `fault` says why not."""
    fault: LiveProbeFault
    nonce: str = ""

    def __repr__(self) -> str:
        return f"<LiveProbeLook {self.header.session} {self.fault.value}>"


class LiveProbeResponder:
    """Answers live probes with the worker's own engine, keys and gallery. Not for several threads."""

    def __init__(
        self,
        engine: FaceEngine,
        gallery: Gallery,
        opener: FrameOpener,
        policy: Policy,
        clock: Clock,
        finds_people: Callable[[str, str], bool],
    ) -> None:
        """`finds_people`: whether a gallery, under a contract, finds people of its list, drawn anew each time."""
        self._engine = engine
        self._finds_people = finds_people
        self._gallery = gallery
        self._opener = opener
        self._policy = policy
        self._clock = clock

    def embed(self, header: FrameHeader, payload: bytes, view: DeploymentView | None) -> LiveProbeLook:
        """Open, decode, find, align and embed.

        Raises:
            Retryable: the vault is away.
            Poison: the frame's session or part is no live probe's.
        """
        _id_of(header)
        try:
            template, nonce = self._embed(header, payload, view)
        except _Failed as failed:
            return LiveProbeLook(header, view, None, failed.fault)
        return LiveProbeLook(header, view, template, LiveProbeFault.NONE, nonce)

    def match(self, look: LiveProbeLook) -> LiveProbeResult:
        """Search the deployment's gallery for it.

        Raises:
            Retryable: gallery or vault are away and the live probe is still fresh; call again.
            Fatal: the gallery was built under another embedding contract.
        """
        fault, similarity = look.fault, 0.0
        if look.template is not None and look.view is not None:
            fault, similarity = self._search(look.header, look.view, look.template)
        return LiveProbeResult(
            id=_id_of(look.header),
            deployment=look.header.deployment,
            part=look.header.sequence,
            sent_ns=look.header.captured_ns,
            reported_ns=self._clock.time_ns(),
            similarity=similarity,
            fault=fault,
            nonce=look.nonce,
        )

    def _embed(self, header: FrameHeader, payload: bytes, view: DeploymentView | None) -> tuple[Biometric[Floats], str]:
        if view is None or not view.is_live:
            raise _Failed(LiveProbeFault.CLOSED)
        if header.key_id == UNSEALED:
            raise _Failed(LiveProbeFault.UNOPENABLE)
        if view.contract_id != self._engine.contract_id:
            raise _Failed(LiveProbeFault.OTHER_MODEL)
        if self._is_stale(header):
            raise _Failed(LiveProbeFault.STALE)
        try:
            frame = self._opener.open(header, payload)
            image = decode_frame(frame, self._policy.images)
        except Refused as error:
            closed = error.rule.startswith("gate.")
            raise _Failed(LiveProbeFault.CLOSED if closed else LiveProbeFault.UNOPENABLE) from error
        except Poison as error:
            raise _Failed(LiveProbeFault.UNREADABLE) from error
        found = self._engine.detect([image])[0]
        if not found:
            raise _Failed(LiveProbeFault.NO_FACE)
        try:
            face = self._engine.describe(image, found[0])
        except Poison as error:
            raise _Failed(LiveProbeFault.NO_FACE) from error
        if quality.find_fault(face.quality, self._policy.faces) is not None:
            raise _Failed(LiveProbeFault.UNUSABLE)
        return Biometric(self._engine.embed([face.aligned])), nonce_of(frame)

    def _search(
        self, header: FrameHeader, view: DeploymentView, template: Biometric[Floats]
    ) -> tuple[LiveProbeFault, float]:
        try:
            self._opener.check_gate(view.id)
            (candidates,) = self._gallery.search(view.gallery, view.contract_id, template.reveal(), limit=1)
            finds_people = self._finds_people(view.gallery, view.contract_id)
        except Refused:
            return LiveProbeFault.CLOSED, 0.0
        except Retryable:
            if not self._is_stale(header):
                raise
            return LiveProbeFault.GALLERY_AWAY, 0.0
        best = candidates[0] if candidates else None
        if best is None or best.entry != LIVE_PROBE_ENTRY:
            return LiveProbeFault.NO_MATCH, 0.0
        similarity = min(1.0, best.similarity)
        if best.similarity < view.threshold:
            return LiveProbeFault.NO_MATCH, similarity
        return (LiveProbeFault.NONE if finds_people else LiveProbeFault.NO_PERSON), similarity

    def _is_stale(self, header: FrameHeader) -> bool:
        return (self._clock.time_ns() - header.captured_ns) / 1e9 > self._policy.live.frame_max_age_s


def best_match(candidates: Sequence[Candidate], least: float) -> tuple[str, float] | None:
    """Return entry and similarity of the best candidate that is a person, whatever stands before it.

    Where no person reaches `least`, the drawn test face's, if it is the best and does: it is nobody's, and not counted.
    """
    person = next((each for each in candidates if each.entry not in NOBODY), None)
    best = candidates[0] if candidates else None
    if best is not None and best.entry == LIVE_PROBE_ENTRY and best.similarity >= least:
        person = best if person is None or person.similarity < least else person
    return None if person is None else (person.entry, person.similarity)


class _Failed(Exception):
    """The live probe ends here."""

    def __init__(self, fault: LiveProbeFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def _id_of(header: FrameHeader) -> UUID:
    try:
        return UUID(header.session)
    except ValueError as error:
        raise Poison("the session of a live probe is none of ours") from error
