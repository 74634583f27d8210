"""Decoding by graphics hardware (VAAPI, NVDEC, Quick Sync), where somebody asks for it: then by nothing else.

The decoded pictures are copied back and are looked at as any others are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lfr_core.common.errors import Fatal

if TYPE_CHECKING:
    from av.codec.hwaccel import HWAccel

__all__ = ["SOFTWARE", "choose_decoder", "decoders_here", "known_decoders"]

SOFTWARE: Final = "software"
_TRIED_WITH: Final = "h264"
"""The codec with which a device is tried: whatever decodes video decodes it."""


def choose_decoder(name: str) -> HWAccel | None:
    """Return the decoder of this name, opened once to see that it is there; None for software.

    Raises:
        Fatal: the machine hasn't got it.
    """
    if name == SOFTWARE:
        return None
    known = known_decoders()
    if name not in known:
        raise Fatal(f"LFR_CAMERA_DECODER is {name!r}, which isn't known: give {SOFTWARE}, {', '.join(known)}")
    if (decoder := _opened(name)) is None:
        here = ", ".join(decoders_here()) or "none"
        raise Fatal(
            f"LFR_CAMERA_DECODER asks for {name}, and this machine offers no such device (there: {here}). Install its "
            f"driver, or set {SOFTWARE}: nothing is decoded otherwise than was asked"
        )
    return decoder


def known_decoders() -> list[str]:
    """Return the names of the kinds of hardware that this FFmpeg could decode with."""
    from av.codec import Codec
    from av.codec.hwaccel import hwdevices_available

    offered = {config.device_type.name for config in Codec(_TRIED_WITH, "r").hardware_configs if config.is_supported}
    return [name for name in hwdevices_available() if name in offered]


def decoders_here() -> list[str]:
    """Return those of which this machine has a device that can be opened."""
    return [name for name in known_decoders() if _opened(name) is not None]


def _opened(name: str) -> HWAccel | None:
    import av
    from av.codec import Codec
    from av.codec.hwaccel import HWAccel

    from streams.camera.ffmpeg_log import FFMPEG_LOG

    FFMPEG_LOG.attach()  # what a missing driver says goes to no log
    asked = HWAccel(name, allow_software_fallback=False)
    try:
        asked.create(Codec(_TRIED_WITH, "r"))
    except (av.FFmpegError, NotImplementedError, OSError, RuntimeError, ValueError):
        return None
    return asked
