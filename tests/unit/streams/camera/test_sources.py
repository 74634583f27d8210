from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Poison
from lfr_core.domain.policy import Policy, load_policy
from streams.camera.jpeg import is_whole_jpeg, jpeg_size
from streams.camera.open_source import open_source
from streams.camera.sources import Source
from streams.camera.urls import parse_source

Video = Callable[[str, str], Path]


@pytest.fixture
def policy() -> Policy:
    return load_policy()


@pytest.fixture
def video(tmp_path: Path) -> Video:
    def make(name: str, codec: str) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 12.5, (160, 120))
        for number in range(5):
            writer.write(np.full((120, 160, 3), number * 50, np.uint8))
        writer.release()
        return path

    return make


def pictures(source: Source) -> list[bytes]:
    found = []
    while source.grab() is not None:
        found.append(source.jpeg())
    source.close()
    return found


def test_motion_jpeg_is_passed_on_byte_for_byte(video: Video, policy: Policy) -> None:
    path = video("a.avi", "MJPG")
    source = open_source(parse_source(str(path)), policy.images, clock=SystemClock())
    info = source.info

    sent = pictures(source)

    assert (info.passthrough, info.live, info.fps, info.frames) == (True, False, 12.5, 5)
    assert len(set(sent)) == len(sent) == 5
    assert all(picture in path.read_bytes() for picture in sent)


def test_other_codecs_are_encoded_as_jpeg_of_the_same_size(video: Video, policy: Policy) -> None:
    source = open_source(parse_source(str(video("a.mp4", "mp4v"))), policy.images, clock=SystemClock())
    info = source.info

    sent = pictures(source)

    assert not info.passthrough
    assert [jpeg_size(picture) for picture in sent] == [(160, 120)] * 5


def test_video_time_follows_the_file_s_own_rate_or_the_one_asked_for(video: Video, policy: Policy) -> None:
    path = video("a.avi", "MJPG")
    times = []
    for fps in (None, 5.0):
        source = open_source(parse_source(str(path)), policy.images, fps=fps, clock=SystemClock())
        grabs = [source.grab() for _ in range(3)]
        times.append([grab.media_s for grab in grabs if grab is not None])
        source.close()

    assert times == [[0.0, 0.08, 0.16], [0.0, 0.2, 0.4]]


def test_a_recording_of_varying_frame_rate_keeps_its_own_times(tmp_path: Path, policy: Policy) -> None:
    path, times_ms = tmp_path / "varying.mkv", [0, 40, 80, 500, 540, 1500]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuvj420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for time_ms in times_ms:
            frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), 99, np.uint8), format="bgr24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    source = open_source(parse_source(str(path)), policy.images, clock=SystemClock())

    found = []
    while (grab := source.grab()) is not None:
        assert grab.media_s is not None
        found.append(round(grab.media_s * 1000))
    source.close()

    assert found == times_ms


def test_what_moves_in_interlaced_video_has_no_comb_of_two_moments(tmp_path: Path, policy: Policy) -> None:
    path = tmp_path / "interlaced.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "5", "x264-params": "tff=1"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 128, "yuv420p"
        for n in range(3):
            picture = np.zeros((128, 160, 3), np.uint8)
            picture[::2, 40 + 20 * n : 80 + 20 * n] = 255
            picture[1::2, 50 + 20 * n : 90 + 20 * n] = 255  # half a frame later
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    source = open_source(parse_source(str(path)), policy.images, clock=SystemClock())

    for sent in pictures(source):
        decoded = cv2.imdecode(np.frombuffer(sent, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert decoded is not None
        image = decoded.astype(int)
        assert image.shape == (128, 160)
        assert np.abs(image[::2] - image[1::2]).mean() < 3
        assert image.max() > 200


def test_a_picture_of_a_stream_that_is_cut_off_is_none() -> None:
    picture = bytes(cv2.imencode(".jpg", np.full((120, 160, 3), 99, np.uint8))[1])

    assert is_whole_jpeg(picture)
    assert is_whole_jpeg(picture + b"\0\0\r\n")
    assert not any(is_whole_jpeg(picture[:size]) for size in range(len(picture) - 1))


@pytest.mark.parametrize("content", [b"", b"RIFF....AVI ", b"not a video at all" * 100])
def test_what_is_no_video_is_refused_with_its_name(content: bytes, tmp_path: Path, policy: Policy) -> None:
    path = tmp_path / "broken.avi"
    path.write_bytes(content)

    with pytest.raises(Poison, match=r"broken\.avi"):
        open_source(parse_source(str(path)), policy.images, clock=SystemClock())


def test_of_a_video_that_is_cut_off_the_whole_frames_come_and_the_cut_one_is_no_picture(
    video: Video, policy: Policy
) -> None:
    path = video("a.avi", "MJPG")
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"\xff\xd8\xff") + 40])
    source = open_source(parse_source(str(path)), policy.images, clock=SystemClock())

    for _ in range(4):
        assert source.grab() is not None
        assert source.jpeg() in whole
    assert source.grab() is not None
    with pytest.raises(Poison):
        source.jpeg()
    assert source.grab() is None


def test_a_folder_s_images_come_in_the_order_of_their_names_and_jpegs_as_they_are(
    tmp_path: Path, policy: Policy
) -> None:
    image = np.random.default_rng(3).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    for name in ("b.png", "a.jpg", "c.webp", "d.JPEG.jpg"):
        cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / "notes.txt").write_text("not an image")

    sent = pictures(open_source(parse_source(str(tmp_path)), policy.images, clock=SystemClock()))

    assert [jpeg_size(picture) for picture in sent] == [(60, 40)] * 4
    assert sent[0] == (tmp_path / "a.jpg").read_bytes()
    assert sent[3] == (tmp_path / "d.JPEG.jpg").read_bytes()


def test_a_png_named_jpg_is_encoded_not_passed_on(tmp_path: Path, policy: Policy) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 60, 3), np.uint8))
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")

    (sent,) = pictures(open_source(parse_source(str(tmp_path)), policy.images, clock=SystemClock()))

    assert jpeg_size(sent) == (60, 40)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_a_broken_image_is_reported_by_its_name_and_the_next_one_comes(
    content: bytes, tmp_path: Path, policy: Policy
) -> None:
    (tmp_path / "a.png").write_bytes(content)
    cv2.imwrite(str(tmp_path / "b.jpg"), np.zeros((40, 60, 3), np.uint8))
    source = open_source(parse_source(str(tmp_path)), policy.images, clock=SystemClock())

    assert source.grab() is not None
    with pytest.raises(Poison):
        jpeg_size(source.jpeg())
    assert source.grab() is not None
    assert jpeg_size(source.jpeg()) == (60, 40)


def test_a_folder_without_images_is_refused(tmp_path: Path, policy: Policy) -> None:
    with pytest.raises(Poison, match="holds no"):
        open_source(parse_source(str(tmp_path)), policy.images, clock=SystemClock())
