"""Opens a source of frames: a folder of images, a device, a video or a network camera."""

from __future__ import annotations

from pathlib import Path

from lfr_core.common.clock import Clock
from lfr_core.domain.policy import ImagePolicy
from streams.camera.device import DeviceSource
from streams.camera.folder import FolderSource
from streams.camera.hardware import SOFTWARE
from streams.camera.network import Transport
from streams.camera.sources import Source
from streams.camera.times import MAX_AGE_S
from streams.camera.urls import SourceKind, SourceText
from streams.camera.video import VideoSource

__all__ = ["open_source"]


def open_source(
    source: SourceText,
    images: ImagePolicy,
    *,
    fps: float | None = None,
    max_age_s: float = MAX_AGE_S,
    transport: Transport = Transport.TCP,
    decoder: str = SOFTWARE,
    ca_file: Path | None = None,
    clock: Clock,
) -> Source:
    """Open what `source` names.

    `fps` plays a recording at that rate instead of its own; `max_age_s` is the policy's bound on a live frame's age;
    `transport` is how an RTSP camera sends; `decoder` what decodes it (`hardware.py`); `ca_file` holds the certificates
    (PEM) by which a network camera's TLS is believed.

    Raises:
        Fatal: `decoder` isn't on this machine, or `ca_file` isn't there.
        Poison: it is no video, holds no image, or can't be read.
        Retryable: a camera that doesn't answer.
    """
    if source.kind is SourceKind.FOLDER:
        return FolderSource(source, images, fps=fps, clock=clock)
    if source.kind is SourceKind.DEVICE:
        return DeviceSource(source, clock=clock)
    return VideoSource(
        source,
        images,
        fps=fps,
        max_age_s=max_age_s,
        transport=transport,
        decoder=decoder,
        ca_file=ca_file,
        clock=clock,
    )
