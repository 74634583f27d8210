"""Recognition: raw records of the frames topic in; outcomes, sightings and dead letters out.

The worker calls two steps for each batch, so that a gallery that is away can be asked again without
looking at the frames twice:

1. `detect`: open, decode, detect, track, choose shots, embed. Changes the tracks.
2. `match`: search the gallery, apply the alert rule, make the messages. Raises Retryable while the gallery
   is away and the frames are still fresh; then the same call may be made again.

Templates of faces exist between the two steps and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence

from lfr_core.common.biometric import Biometric
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.custody.vault.port import Vault
from lfr_core.domain.deployments import DeploymentDirectory, DeploymentView
from lfr_core.domain.frames import FrameHeader, FrameKind, FrameOpener
from lfr_core.domain.messages import NOT_LISTED, LiveProbeResult, Sighting, merge_letters
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.domain.policy import Policy
from lfr_core.domain.reserved import LIVE_PROBE_ENTRY
from lfr_core.recognition.agreement import Shot, Vote
from lfr_core.recognition.batch import DetectedBatch, FrameProgress, Probe, RawFrame, Recognised, Session, session_of
from lfr_core.recognition.camera_sessions import CameraSessions
from lfr_core.recognition.faces.types import Detection, FaceEngine, Floats, Image
from lfr_core.recognition.frame_reader import FrameReader
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.recognition.live_probe import CANDIDATES, LiveProbeResponder, best_match
from lfr_core.recognition.report import outcome_batches, probe_keys, sighting_of
from lfr_core.recognition.stopwatch import Stopwatch

__all__ = ["Recogniser"]


class Recogniser:
    """One worker's recognition. Keeps the tracks of the cameras it is given; not for several threads."""

    def __init__(
        self,
        *,
        engine: FaceEngine,
        gallery: Gallery,
        directory: DeploymentDirectory,
        opener: FrameOpener,
        vault: Vault,
        policy: Policy,
        clock: Clock,
        keep_only: Callable[[Collection[str]], None] = lambda _names: None,
        finds_people: Callable[[str, str], bool] = lambda _name, _contract: True,
        show: Callable[[FrameHeader, Image, list[Detection]], None] = lambda _header, _image, _found: None,
        nearest: Callable[[], Floats | None] = lambda: None,
    ) -> None:
        """`keep_only` is told each second of which live collections vectors may be kept; `show` of each look. `nearest`
        gives each probe's similarity to whoever on the list is nearest, of the gallery's last search, where known.
        """
        self._engine = engine
        self._gallery = gallery
        self._directory = directory
        self._opener = opener
        self._vault = vault
        self._policy = policy
        self._clock = clock
        self._keep_only = keep_only
        self._show = show
        self._nearest = nearest
        self._responder = LiveProbeResponder(engine, gallery, opener, policy, clock, finds_people)
        self._watch = Stopwatch(clock)
        self._cameras = CameraSessions(policy, clock)
        self._reader = FrameReader(engine.contract_id, opener=opener, policy=policy, clock=clock, watch=self._watch)

    def detect(self, frames: Sequence[RawFrame]) -> DetectedBatch:
        """Open, decode, detect, track and embed a batch, in the order given.

        Raises:
            Retryable: the records or the vault, which knows who may send, are away; no track was changed.
            Fatal: the gallery of a live deployment was built under another embedding contract.
        """
        headers = [self._reader.read_header(frame) for frame in frames]
        views = {
            header.deployment: self._directory.find(header.deployment)
            for header in headers
            if isinstance(header, FrameHeader)
        }
        looked = DetectedBatch()
        opened: list[tuple[FrameProgress, DeploymentView, Image]] = []
        ends: list[tuple[FrameProgress, DeploymentView]] = []
        for frame, header in zip(frames, headers, strict=True):
            if isinstance(header, Poison | Refused):
                self._reader.dead_letter(looked, frame, header)
                continue
            view = views[header.deployment]
            if header.kind is FrameKind.LIVE_PROBE:
                self._answer_live_probe(looked, frame, header, view)
                continue
            if header.kind is not FrameKind.FRAME:
                word = FrameProgress(header, FrameOutcome.RECOGNISED, frame)
                looked.seen.append(word)
                if header.kind is FrameKind.END and view is not None:
                    ends.append((word, view))
                continue
            seen = FrameProgress(header, FrameOutcome.RECOGNISED, frame)
            image = self._reader.open(looked, frame, seen, view)
            if view is not None and not view.is_live:
                self._cameras.pop(session_of(header), None)
            looked.seen.append(seen)
            if image is not None and view is not None:
                opened.append((seen, view, image))
        self._find_faces(looked, opened)
        for word, view in ends:  # after the faces: frames of the same batch came before the camera's last word
            self._end(looked, word, view)
        with self._watch.stage("embed", calls=len(looked.probes)):
            faces = [probe.shot.aligned.reveal() for probe in looked.probes]
            looked.templates = Biometric(self._engine.embed(faces))
        self._cameras.forget_idle()
        return looked

    def match(self, looked: DetectedBatch) -> Recognised:
        """Search, apply the alert rule, make the messages.

        Raises:
            Retryable: the gallery or the records are away and the batch is still fresh, or must not be dropped; or the
                vault is away and there are probes to seal; call again.
            Fatal: the gallery was built under another embedding contract.
        """
        sightings: list[Sighting] = []
        by_gallery: dict[str, list[int]] = defaultdict(list)
        for index, probe in enumerate(looked.probes):
            by_gallery[probe.view.id].append(index)
        found: dict[int, tuple[str, float]] = {}
        for rows in by_gallery.values():
            found |= self._search(looked, rows)
        results = [self._responder.match(probe) for probe in looked.live_probes]
        now_ns, retention_h = self._clock.time_ns(), self._policy.alerts.retention_h
        drawn = {row for row, (entry, _) in found.items() if entry == LIVE_PROBE_ENTRY}
        found = {row: person for row, person in found.items() if row not in drawn}
        keys = probe_keys(
            self._vault, looked, found, now_ns=now_ns, retention_h=retention_h
        )  # before the votes: what raises from here on couldn't be asked again
        for index, probe in enumerate(looked.probes):
            camera = self._cameras.get(probe.session)
            if index in drawn:
                probe.discount(camera)
                continue
            probe.count(camera)
            if camera is None:
                continue
            camera.join(probe.shot, looked.templates.reveal()[index])
            entry, similarity = found.get(index, ("", -1.0))
            if similarity < probe.view.threshold:
                if index in found:
                    camera.note_similarity(probe.shot, similarity, threshold=probe.view.threshold)
                continue
            votes = camera.vote(entry, Vote(probe.shot, similarity), agreeing_shots=probe.view.agreeing_shots)
            sightings += [sighting_of(probe, entry, vote, keys[probe.view.id]) for vote in votes]
        for probe in looked.probes:
            if (camera := self._cameras.get(probe.session)) is not None:
                camera.settle([probe.shot.track])
        return self._recognised(looked, sightings, results)

    def leave_ended(self) -> bool:
        """Forget what is held of deployments that have ended or are suspended; whether none is left that was served.

        Then the process has nothing more to do with faces and ends, so that its memory goes with it. Called about
        once a second, so that tracks don't wait for a next frame that never comes.
        """
        try:
            views = {
                name: self._directory.find(name) for name in self._reader.served | {one[0] for one in self._cameras}
            }
        except Retryable:
            self._keep_only(())  # nobody knows whether the lists are still there
            return False
        self._keep_only({view.gallery for view in views.values() if view is not None and view.is_live})
        for session in list(self._cameras):
            view = views[session[0]]
            if view is None or not view.is_live:
                del self._cameras[session]
        self._cameras.forget_idle()
        ended = {name for name in self._reader.served if not _may_go_on(views[name])}
        self._reader.served -= ended
        return bool(ended) and not self._reader.served

    def refuse(self, frame: RawFrame, error: Poison) -> Recognised:
        """Put one record that made recognition fail among the dead letters, and record it on its camera."""
        looked = DetectedBatch()
        self._reader.dead_letter(looked, frame, error)
        header = self._reader.read_header(frame)
        if isinstance(header, FrameHeader) and header.kind is not FrameKind.LIVE_PROBE:
            looked.seen.append(FrameProgress(header, FrameOutcome.DEAD_LETTERED))
        return self._recognised(looked, [])

    def _recognised(
        self, looked: DetectedBatch, sightings: list[Sighting], results: Sequence[LiveProbeResult] = ()
    ) -> Recognised:
        """Return the batch's messages, and forget cameras that said their last word."""
        for seen in looked.seen:
            if seen.header.kind is FrameKind.END:
                self._cameras.pop(session_of(seen.header), None)
        outcomes = outcome_batches(looked.seen, self._watch.take(), self._clock.time_ns())
        return Recognised(sightings, outcomes, merge_letters(looked.dead), list(results))

    def _answer_live_probe(
        self, looked: DetectedBatch, frame: RawFrame, header: FrameHeader, view: DeploymentView | None
    ) -> None:
        """Look at the drawn test face: no outcome, no track, no count; what it came to leaves as `LiveProbeResult`."""
        try:
            look = self._responder.embed(header, frame.payload, view)
        except Poison as error:
            self._reader.dead_letter(looked, frame, error)
            return
        if look.template is not None:
            self._reader.served.add(header.deployment)
        looked.live_probes.append(look)

    def _find_faces(self, looked: DetectedBatch, opened: Sequence[tuple[FrameProgress, DeploymentView, Image]]) -> None:
        with self._watch.stage("detect", calls=len(opened)):
            detections = self._engine.detect([image for _, _, image in opened])
        for (seen, view, image), found in zip(opened, detections, strict=True):
            header = seen.header
            session = session_of(header)
            camera = self._cameras.take(session)
            if header.sequence <= camera.last_sequence:
                continue  # delivered twice: `record` has recorded it, and the tracks must not go back in time
            with self._watch.stage("track_and_describe"):
                look = camera.track(header, image, found, self._engine)
            seen.faces = len(found)
            seen.begun = look.started
            self._add_probes(looked, session, view, seen, look.shots)
            self._show(header, image, found)

    def _end(self, looked: DetectedBatch, word: FrameProgress, view: DeploymentView) -> None:
        """Take the camera's last word: compare what its tracks still hold, then forget them."""
        header = word.header
        session = session_of(header)
        camera = self._cameras.get(session)
        if camera is not None and view.is_live:
            self._add_probes(looked, session, view, word, camera.end())

    def _add_probes(
        self, looked: DetectedBatch, session: Session, view: DeploymentView, seen: FrameProgress, shots: Iterable[Shot]
    ) -> None:
        camera = self._cameras[session]
        looked.probes += [
            Probe(session, view, shot, seen, first=camera.is_first_comparison(shot.track)) for shot in shots
        ]

    def _search(self, looked: DetectedBatch, rows: list[int]) -> dict[int, tuple[str, float]]:
        """Search for a deployment's probes: best entry and similarity by probe index; "": nobody, or the drawn face."""
        probes = [looked.probes[row] for row in rows]
        view = probes[0].view
        try:
            current = self._directory.find(view.id)
            if current is None or not current.is_live:
                return self._withdraw(probes, FrameOutcome.DROPPED_CLOSED)
            self._opener.check_gate(view.id)
            with self._watch.stage("search"):
                templates = looked.templates.reveal()[rows]
                least = min(probe.view.threshold for probe in probes)
                answers = self._gallery.search(
                    current.gallery, current.contract_id, templates, limit=CANDIDATES, at_least=least
                )
        except Refused as error:  # the gate shut, or the collection went, between the two questions
            if error.rule != NOT_LISTED:
                return self._withdraw(probes, FrameOutcome.DROPPED_CLOSED)
            self._reader.dead_letter_each(looked, [probe.seen for probe in probes], error)
            return self._withdraw(probes, FrameOutcome.DEAD_LETTERED)
        except Retryable:
            if not view.live_only or not all(self._reader.is_stale(probe.seen.header) for probe in probes):
                raise
            return self._withdraw(probes, FrameOutcome.DROPPED_STALE)
        nearest = self._nearest()
        found = (
            {} if nearest is None else {row: ("", float(s)) for row, s in zip(rows, nearest, strict=True) if s < least}
        )
        best = {row: best_match(candidates, least) for row, candidates in zip(rows, answers, strict=True)}
        return found | {row: person for row, person in best.items() if person is not None}

    @staticmethod
    def _withdraw(probes: Iterable[Probe], outcome: FrameOutcome) -> dict[int, tuple[str, float]]:
        """Record that these frames were not recognised after all."""
        for probe in probes:
            if probe.seen.header.kind is FrameKind.FRAME:
                probe.seen.outcome = outcome
        return {}


def _may_go_on(view: DeploymentView | None) -> bool:
    """Return whether a deployment can still be recognised for, now or after it is resumed."""
    return view is not None and not view.status.is_over
