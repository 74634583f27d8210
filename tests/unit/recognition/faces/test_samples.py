from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.recognition import samples

BrokenPip = Callable[[str], None]


def test_absent_photographs_are_refused_by_rule_and_with_advice(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="run `lfr models install`") as caught:
        samples.sample_photos(tmp_path)

    assert caught.value.rule == "samples.absent"


@pytest.fixture
def broken_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BrokenPip:
    def says(text: str) -> None:
        script = tmp_path / "pip"
        script.write_text(f"#!/bin/sh\necho '{text}' >&2\nexit 1\n")
        monkeypatch.setattr(samples, "_pip", lambda _scratch: ["/bin/sh", str(script)])

    return says


def test_without_network_the_photographs_may_be_tried_again(tmp_path: Path, broken_pip: BrokenPip) -> None:
    broken_pip("ERROR: No matching distribution found for face_recognition==1.3.0")

    with pytest.raises(Retryable, match=r"pip couldn't fetch face_recognition==1.3.0: ERROR: No matching distribution"):
        samples.install_samples(tmp_path / "cache", progress=lambda *_: None)
    assert list((tmp_path / "cache" / "samples").iterdir()) == []


def test_a_package_that_is_not_the_pinned_file_is_refused(tmp_path: Path, broken_pip: BrokenPip) -> None:
    broken_pip("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE")

    with pytest.raises(Fatal, match="isn't the pinned file"):
        samples.install_samples(tmp_path / "cache", progress=lambda *_: None)


def test_a_full_disk_is_named_and_what_to_do_about_it(tmp_path: Path, broken_pip: BrokenPip) -> None:
    broken_pip("ERROR: [Errno 28] No space left on device")

    with pytest.raises(Fatal, match=r"can't be written .*No space left on device. Free some space"):
        samples.install_samples(tmp_path / "cache", progress=lambda *_: None)
