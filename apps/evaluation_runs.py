"""Puts the laboratory together: data set, model, cache and figures, over an installation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lfr_core.domain.identification import shots_of_pass
from lfr_core.recognition.accuracy.cache import TemplateCache, quality_gate_id
from lfr_core.recognition.accuracy.dataset import read_dataset, read_groups
from lfr_core.recognition.accuracy.evaluation import AccuracyEvaluation, EvaluationBinding
from lfr_core.recognition.faces.types import Image

if TYPE_CHECKING:
    from lfr_core.common.clock import Clock
    from lfr_core.custody.installation import Installation
    from lfr_core.domain.policy import ImagePolicy
    from lfr_core.recognition.accuracy.dataset import DataSet
    from lfr_core.recognition.accuracy.template_extraction import Templates

__all__ = ["evaluate_dataset", "evaluate_video", "read_timed_video", "read_video"]

_SHOTS_PER_S = 2.0
"""Pictures of a video that are looked at: half a second apart they differ."""
_SEED = 17
"""Of the bootstrap, so that the same photographs give the same figures."""


def evaluate_dataset(
    installation: Installation,
    dataset: Path,
    *,
    groups: Path | None,
    threshold: float | None,
    list_sizes: Sequence[int],
    keep_lookalikes: bool,
    use_cache: bool,
    progress: Callable[[str, int, int], None],
) -> AccuracyEvaluation:
    """Evaluate the installation's model and policy on a labelled data set.

    Args:
        installation: whose model, policy and home folder.
        dataset: a folder of people, or a CSV.
        groups: a CSV, or None.
        threshold: at which groups are compared; None: the policy's.
        list_sizes: measured beside the usual ones.
        keep_lookalikes: as `check_subjects`.
        use_cache: keep templates for up to `retention.temporary_files_h`.
        progress: called with (`photographs` or `comparisons`, done, total).

    Raises:
        Refused: the data set or the groups can't be used; the message says what to do.
        Fatal: the model can't be used, or the cache can't be written.
    """
    import numpy as np

    from lfr_core.common.clock import utc_from_ns
    from lfr_core.recognition.accuracy.measuring import check_subjects, list_sizes_of, measure
    from lfr_core.recognition.accuracy.scores import compare_all

    policy = installation.policy
    data = read_dataset(dataset)
    placed = read_groups(groups, data.subjects) if groups is not None else {}
    laboratory = _Laboratory(installation)
    templates = laboratory.templates(
        data, use_cache=use_cache, progress=lambda done, total: progress("photographs", done, total)
    )
    usual = policy.alerts.threshold
    scores = compare_all(
        templates,
        list_sizes_of(list_sizes),
        alike_from=usual,
        progress=lambda done, total: progress("comparisons", done, total),
    )
    same_picture = policy.watchlist.duplicate_photo_similarity
    check_subjects(templates, scores, same_picture=same_picture, keep_lookalikes=keep_lookalikes)
    return measure(
        templates,
        scores,
        bound_to=laboratory.bound_to,
        threshold=usual if threshold is None else threshold,
        groups=placed,
        made_at=utc_from_ns(installation.now_ns),
        rng=np.random.default_rng(_SEED),
    )


def evaluate_video(
    installation: Installation, video: Path, truth: Path, dataset: Path, *, threshold: float | None
) -> AccuracyEvaluation:
    """Measure false alerts per pass on a video of people who aren't in the data set.

    Args:
        installation: whose model and policy.
        video: a recording.
        truth: a CSV, as `read_truth`.
        dataset: the list.
        threshold: the lowest asked about; None: the policy's.

    Raises:
        Refused, Poison, Fatal: as `evaluate_dataset`, `read_truth` and `read_video`.
    """
    import numpy as np

    from lfr_core.common.clock import utc_from_ns
    from lfr_core.common.errors import Refused
    from lfr_core.recognition.accuracy.passes import evaluate_passes, follow_tracks, read_truth

    data, policy = read_dataset(dataset), installation.policy
    walks = read_truth(truth, data.subjects)
    laboratory = _Laboratory(installation)
    templates = laboratory.templates(data, use_cache=True)
    if not templates.reference.any():
        raise Refused("accuracy.nobody-listed", f"nobody in {dataset} could be enrolled: there is no list to search")
    lowest = policy.alerts.threshold if threshold is None else threshold
    frames = read_timed_video(video, policy.images, installation.clock, per_s=policy.sampling.looks_per_second)
    levels = follow_tracks(frames, laboratory.engine, policy, templates, lowest=lowest)
    digest = hashlib.sha256("\n".join([video.name, *sorted(templates.digests)]).encode()).hexdigest()
    return evaluate_passes(
        walks,
        levels,
        templates,
        bound_to=laboratory.bound_to,
        lowest=lowest,
        threshold=lowest,
        dataset=digest,
        made_at=utc_from_ns(installation.now_ns),
        rng=np.random.default_rng(_SEED),
    )


class _Laboratory:
    """An installation's model with its policy's gates."""

    def __init__(self, installation: Installation) -> None:
        """Load the model. Raises Fatal: it can't be used."""
        from lfr_core.recognition.faces.engine import build_pack_engine
        from lfr_core.recognition.faces.pack import open_pack

        settings, self._installation = installation.settings, installation
        policy = installation.policy
        pack = open_pack(settings.pack_folder, acknowledge_licence=settings.acknowledge_model_licence)
        self.engine = build_pack_engine(
            pack, policy, providers=settings.execution_providers, threads=settings.inference_threads
        )
        self.bound_to = EvaluationBinding(
            contract_id=pack.contract_id,
            model_id=pack.model_id,
            quality_gate=quality_gate_id(policy.faces),
            agreeing_shots=policy.alerts.agreeing_shots,
            most_shots=shots_of_pass(policy.tracking.max_shots_per_track),
        )

    def templates(
        self, data: DataSet, *, use_cache: bool, progress: Callable[[int, int], None] = lambda _done, _total: None
    ) -> Templates:
        """Look at every file of a data set. Raises Fatal: the cache can't be written."""
        from lfr_core.recognition.accuracy.template_extraction import gather_templates

        installation, policy = self._installation, self._installation.policy
        with TemplateCache(
            installation.settings.home / "tmp" if use_cache else None,
            self.bound_to.contract_id,
            self.bound_to.quality_gate,
            now_ns=installation.now_ns,
            keep_h=policy.retention.temporary_files_h,
        ) as cache:
            return gather_templates(
                data,
                self.engine,
                policy,
                cache,
                read_video=lambda file: read_video(file, policy.images, installation.clock),
                progress=progress,
            )


def read_video(file: Path, images: ImagePolicy, clock: Clock) -> Iterator[Image]:
    """Give pictures of a video, two a second. Raises Poison: it is none, or can't be decoded."""
    return (image for _, image in read_timed_video(file, images, clock, per_s=_SHOTS_PER_S))


def read_timed_video(file: Path, images: ImagePolicy, clock: Clock, *, per_s: float) -> Iterator[tuple[float, Image]]:
    """Give pictures of a video with their seconds, so many a second. Raises Poison as `read_video`."""
    from lfr_core.recognition.faces.decode import decode_frame
    from streams.camera.urls import parse_source
    from streams.camera.video import VideoSource

    source = VideoSource(parse_source(str(file)), images, clock=clock)
    try:
        next_s = 0.0
        while (grab := source.grab()) is not None:
            at_s = grab.media_s or 0.0
            if at_s >= next_s - 1e-6:
                yield at_s, decode_frame(source.jpeg(), images)
                next_s = max(next_s + 1.0 / per_s, at_s)
    finally:
        source.close()
