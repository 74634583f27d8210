"""What a recognised batch says: sightings with a probe for a person to see, outcomes for every frame. Pure."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping

import cv2

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.custody.crops import sighting_probe, sightings_key
from lfr_core.custody.vault.port import KeptKey, Vault
from lfr_core.custody.vault.sealing import seal
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.domain.messages import FrameResult, OutcomeBatch, Sighting, StageTime, sighting_id
from lfr_core.recognition.agreement import Vote
from lfr_core.recognition.batch import DetectedBatch, FrameProgress, Probe, Session, session_of

__all__ = ["outcome_batches", "probe_keys", "sighting_of"]

PROBE_JPEG_QUALITY = 88  # a face of 100 px in about 6 kB, without blocks an operator would notice


def probe_keys(
    vault: Vault, looked: DetectedBatch, found: Mapping[int, tuple[str, float]], *, now_ns: int, retention_h: int
) -> dict[str, KeptKey]:
    """Return, by deployment, the key that probes are sealed under, where any is similar enough to leave.

    Args:
        vault: asked for them.
        looked: the batch.
        found: entry and similarity by the probe's index.
        now_ns: wall time.
        retention_h: policy.alerts.retention_h.

    Raises:
        Retryable: the vault is away, or gives none.
    """
    hits = {looked.probes[i].view.id for i, (_, s) in found.items() if s >= looked.probes[i].view.threshold}
    actor = SystemActor.RECOGNISER
    try:
        return {one: sightings_key(vault, one, now_ns=now_ns, retention_h=retention_h, actor=actor) for one in hits}
    except Refused as error:
        raise Retryable(f"the vault gives no key for a probe: {error}") from error


def sighting_of(probe: Probe, entry: str, vote: Vote, key: KeptKey) -> Sighting:
    """Make the message of one vote that may leave.

    Its probe is sealed under `key` (`lfr_core.custody.crops.sightings_key`).

    Raises:
        Fatal: OpenCV can't encode a JPEG.
    """
    deployment, camera, session = probe.session
    shot = vote.shot
    ok, jpeg = cv2.imencode(".jpg", shot.probe.reveal(), [cv2.IMWRITE_JPEG_QUALITY, PROBE_JPEG_QUALITY])
    if not ok:
        raise Fatal("OpenCV can't encode a JPEG; reinstall opencv-python-headless")
    x1, y1, x2, y2 = (float(value) for value in shot.box)
    id_ = sighting_id(deployment, camera, session, shot.sequence, shot.face, entry)
    return Sighting(
        id=id_,
        deployment=deployment,
        camera=camera,
        session=session,
        sequence=shot.sequence,
        captured_ns=shot.captured_ns,
        face=shot.face,
        track=f"{session}:{shot.track}",
        entry=entry,
        similarity=min(1.0, vote.similarity),
        threshold=probe.view.threshold,
        box=(x1, y1, x2, y2),
        eye_distance_px=shot.eye_distance_px,
        probe_sealed=base64.b64encode(seal(key.key, jpeg.tobytes(), sighting_probe(deployment, id_))),
        key_id=key.info.id,
    )


def outcome_batches(
    seen_frames: Iterable[FrameProgress], stages: tuple[StageTime, ...], now_ns: int
) -> list[OutcomeBatch]:
    """Make one batch a camera session, results in order; a STATUS or END closes its batch.

    Args:
        seen_frames: in the order they were read.
        stages: time spent, recorded with the first batch alone.
        now_ns: wall time.
    """
    runs: dict[Session, list[FrameProgress]] = defaultdict(list)
    batches: list[OutcomeBatch] = []

    def close(session: Session, counters: FrameHeader | None) -> None:
        deployment, camera, name = session
        run = runs.pop(session, [])
        newest = counters or run[-1].header
        batches.append(
            OutcomeBatch(
                deployment=deployment,
                camera=camera,
                session=name,
                results=tuple(_result(seen, now_ns) for seen in run),
                captured=counters.sequence if counters else None,
                not_sampled=counters.not_sampled if counters else None,
                dropped=counters.dropped if counters else None,
                ended=counters is not None and counters.kind is FrameKind.END,
                picture=newest.picture,
                reported_ns=now_ns,
                stages=() if batches else stages,
            )
        )

    for seen in seen_frames:
        if seen.header.kind is FrameKind.FRAME:
            runs[session_of(seen.header)].append(seen)
        else:
            close(session_of(seen.header), seen.header)
    for session in list(runs):
        close(session, None)
    return batches


def _result(seen: FrameProgress, now_ns: int) -> FrameResult:
    header = seen.header
    return FrameResult(
        sequence=header.sequence,
        not_sampled=header.not_sampled,
        dropped=header.dropped,
        outcome=seen.outcome,
        latency_ms=max(0.0, (now_ns - header.latency_from_ns) / 1e6),
        faces=seen.faces,
        tracks_started=seen.tracks_started,
        tracks_compared=seen.tracks_compared,
    )
