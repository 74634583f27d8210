"""Photographs from outside are decoded in a process that ends with the picture that it can't bear."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import ImagePolicy, load_policy
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.recognition.faces import decode_child
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.decode_child import decode_in_child
from lfr_core.recognition.faces.types import Image
from lfr_core.watchlists.photographs import Unusable, look_at

POLICY = ImagePolicy(max_megapixels=1.0, max_frame_megapixels=1.0, max_frame_bytes=2_000_000)


def picture(kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(14).integers(0, 255, (60, 80, 3), np.uint8)
    PIL.Image.fromarray(noise).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_decoded_in_the_child_as_it_is_here(kind: str) -> None:
    data = picture(kind)

    assert np.array_equal(decode_in_child(data, POLICY), decode(data, POLICY))


def test_what_is_damaged_or_too_large_is_refused_with_the_same_words() -> None:
    for data in (picture()[:-400], picture("JPEG")[:-400], b"no picture"):
        with pytest.raises(Poison) as here:
            decode(data, POLICY)
        with pytest.raises(Poison) as there:
            decode_in_child(data, POLICY)
        assert str(there.value) == str(here.value)
    small = POLICY.model_copy(update={"max_megapixels": 0.001})
    with pytest.raises(Poison, match="megapixels"):
        decode_in_child(picture(), small)


def test_the_child_has_bounds_of_processor_time_and_memory() -> None:
    decode_in_child(picture(), POLICY)
    pid = decode_child._children[0].pid

    assert resource.prlimit(pid, resource.RLIMIT_AS)[0] == decode_child.MEMORY_BYTES
    assert resource.prlimit(pid, resource.RLIMIT_CPU)[0] < 5 * decode_child.CPU_S


@pytest.mark.parametrize("fault", [signal.SIGSTOP, signal.SIGSEGV, signal.SIGXCPU])
def test_a_picture_that_hangs_or_breaks_the_decoder_is_refused_and_the_next_one_is_decoded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: signal.Signals
) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    decode_in_child(picture(), POLICY)
    ask = decode_child._ask

    def ask_and_break(child: subprocess.Popen[bytes], data: bytes, policy: ImagePolicy) -> Image:
        os.kill(child.pid, fault)
        return ask(child, data, policy)

    with monkeypatch.context() as broken:
        broken.setattr(decode_child, "WALL_S", 0.5)
        broken.setattr(decode_child, "_ask", ask_and_break)
        with pytest.raises(Unusable, match="takes too long") as refused:
            look_at(tmp_path, "a.png", None, load_policy())  # type: ignore[arg-type]  # no engine is asked
    assert refused.value.reason is RefusalReason.NOT_AN_IMAGE
    assert decode_in_child(picture(), POLICY).shape == (60, 80, 3)


def test_the_time_is_that_of_the_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    words = (
        "import os, time\n"
        "os.write(1, b'I' + (60).to_bytes(4) + (80).to_bytes(4))\n"
        "while 1: os.write(1, b'x'); time.sleep(0.05)"
    )
    slow = subprocess.Popen([sys.executable, "-I", "-S", "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    monkeypatch.setattr(decode_child, "_take_child", lambda: slow)
    monkeypatch.setattr(decode_child, "WALL_S", 0.3)

    with pytest.raises(Poison, match="takes too long"):  # though each byte comes in time, all of them in twelve minutes
        decode_in_child(picture(), POLICY)

    assert slow.poll() == -signal.SIGKILL
