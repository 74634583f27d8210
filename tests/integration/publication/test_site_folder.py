"""The public site's folder is replaced at once or not at all, and never one that isn't ours."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.publication.site.atomic_publish import publish_folder
from lfr_core.publication.site.manifest import MARKER


def test_a_new_site_replaces_the_old_one_and_a_build_killed_half_way_leaves_it(tmp_path: Path) -> None:
    output = tmp_path / "public"
    publish_folder(output, {"index.html": b"one", "a/b.html": b"b"})
    with (
        patch("lfr_core.publication.site.atomic_publish._write", side_effect=[None, KeyboardInterrupt]),
        pytest.raises(KeyboardInterrupt),
    ):
        publish_folder(output, {"index.html": b"two"})
    assert (output / "index.html").read_bytes() == b"one"
    with patch("pathlib.Path.replace", side_effect=OSError(30, "Read-only file system")), pytest.raises(Fatal):
        publish_folder(output, {"index.html": b"two"})
    assert (output / "index.html").read_bytes() == b"one"
    (tmp_path / ".public.part-dead").mkdir()
    publish_folder(output, {"index.html": b"two"})
    publish_folder(output, {"index.html": b"three"})

    assert (output / "index.html").read_bytes() == b"three"
    assert not (output / "a").exists()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left[:1] == [".public.lock"]
    assert len(left) == 4  # the lock, this folder and the one before, the link


def test_a_folder_that_is_not_ours_is_refused_and_untouched(tmp_path: Path) -> None:
    foreign, elsewhere, link = tmp_path / "foreign", tmp_path / "elsewhere", tmp_path / "link"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("dear")
    elsewhere.mkdir()
    link.symlink_to(elsewhere)
    for output in (foreign, link, foreign / "letter.txt"):
        with pytest.raises(Refused) as refused:
            publish_folder(output, {"index.html": b""})
        assert refused.value.rule == "site.foreign-folder"

    assert (foreign / "letter.txt").read_text() == "dear"
    assert not any(elsewhere.iterdir())
    assert not (foreign / MARKER).exists()
