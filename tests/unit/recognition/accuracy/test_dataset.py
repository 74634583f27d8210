"""Labels of a data set: what is read, and the sentence for what can't be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lfr_core.common.errors import Refused
from lfr_core.recognition.accuracy.cache import TemplateCache
from lfr_core.recognition.accuracy.dataset import Use, read_dataset, read_groups
from lfr_core.recognition.accuracy.extraction_result import ExtractionResult

HOUR_NS = 3_600 * 10**9


def folder(root: Path, **people: int) -> Path:
    for name, count in people.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            (root / name / f"{number}.jpg").write_bytes(b"x")
    return root


def test_a_folder_a_person_gives_its_photographs_and_videos(tmp_path: Path) -> None:
    folder(tmp_path, ann=2, bob=1)
    (tmp_path / "bob" / "walk.mp4").write_bytes(b"x")
    (tmp_path / "ann" / "notes.txt").write_text("x")
    found = read_dataset(tmp_path)

    assert found.subjects == ("ann", "bob")
    assert [file.is_video for file in found.files] == [False, False, False, True]
    assert found.passed_over == 1


@pytest.mark.parametrize(
    ("people", "words"),
    [({}, "no photograph of anybody"), ({"ann": 3}, "of one person"), ({"ann": 0}, "no photograph")],
)
def test_what_nothing_can_be_measured_with_is_a_sentence(tmp_path: Path, people: dict[str, int], words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        read_dataset(folder(tmp_path / "set", **people) if people else tmp_path)
    assert refused.value.rule == "accuracy.dataset"


def test_a_csv_gives_subjects_and_what_each_file_is_for(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("File,Subject,Use\na.jpg,ann,reference\nb.mp4,bob,\n", encoding="utf-8")
    found = read_dataset(tmp_path / "set.csv")

    assert [(one.subject, one.use) for one in found.files] == [("ann", Use.REFERENCE), ("bob", Use.ANY)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file;subject\na.jpg;ann\n", "semicolons or tabs"),
        ("file\tsubject\na.jpg\tann\n", "semicolons or tabs"),
        ("file,subject,use\na.jpg,ann,both\nb.jpg,bob,\n", "line 2"),
        ("file,subject\na.jpg,\n", "line 2"),
        ("file,subject\na.doc,ann\n", "neither a photograph nor a video"),
        ("file,subject\na.jpg\n", "as many cells"),
        ("file,file\na.jpg,ann\n", "twice"),
        ('file,subject\n"a.jpg,ann\n', "comma-separated"),
    ],
)
def test_a_csv_that_is_none_is_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "set.csv").write_text(text, encoding="utf-8")

    with pytest.raises(Refused, match=words):
        read_dataset(tmp_path / "set.csv")


def test_groups_are_read_as_they_are_given_and_nobody_else_is_put_into_one(tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    file.write_text("subject,sex,age\nann,f,\nbob,m,30\nnobody,m,1\n", encoding="utf-8")

    assert read_groups(file, ("ann", "bob", "cat")) == {"sex": {"ann": "f", "bob": "m"}, "age": {"bob": "30"}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("subject\nann\n", "one way of grouping"),
        ("subject;sex\nann;f\n", "semicolons or tabs"),
        ("subject,sex\nx,f\n", "nobody in"),
        ("subject,sex\nann,f\nann,m\n", "two groups"),
    ],
)
def test_groups_that_say_nothing_are_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "groups.csv").write_text(text, encoding="utf-8")

    with pytest.raises(Refused, match=words) as refused:
        read_groups(tmp_path / "groups.csv", ("ann",))
    assert refused.value.rule == "accuracy.groups"


def opened(folder: Path | None, now_ns: int, contract: str = "c") -> TemplateCache:
    return TemplateCache(folder, contract, "gate", now_ns=now_ns, keep_h=24)


def test_templates_are_found_again_for_the_same_model_and_gone_after_a_day(tmp_path: Path) -> None:
    seen = ExtractionResult("ab" * 32, "", "", np.arange(4, dtype=np.float32))
    with opened(tmp_path, 10 * HOUR_NS) as cache:
        cache.put(seen)
    with opened(tmp_path, 11 * HOUR_NS) as cache:
        again = cache.get(seen.digest)
        assert again is not None
        assert again.template is not None
        assert again.template.tolist() == [0, 1, 2, 3]
    with opened(tmp_path, 11 * HOUR_NS, "another model") as cache:
        assert cache.get(seen.digest) is None
    with opened(tmp_path, 34 * HOUR_NS) as cache:
        assert cache.get(seen.digest) is None
    for file in tmp_path.rglob("*.sqlite3"):
        assert np.arange(4, dtype=np.float32).tobytes() not in file.read_bytes()
        assert file.stat().st_mode & 0o777 == 0o600


def test_the_sweep_of_temporary_files_takes_the_cache(tmp_path: Path) -> None:
    from lfr_core.retention.steps.temporary import TemporaryStep

    with opened(tmp_path / "tmp", 1) as cache:
        cache.put(ExtractionResult("ab" * 32, "", "", np.ones(4, np.float32)))
    step = TemporaryStep(tmp_path, tmp_path / "nowhere", keep_h=24)
    (kept,) = (tmp_path / "tmp").iterdir()
    later_ns = max(one.stat().st_mtime_ns for one in (kept, *kept.iterdir())) + 24 * HOUR_NS

    assert not step.due(later_ns - 10**9)
    assert step.purge(later_ns + 10**9).destroyed
    assert not kept.exists()


def test_without_a_cache_nothing_is_written(tmp_path: Path) -> None:
    with opened(None, 1) as cache:
        cache.put(ExtractionResult("ab" * 32, "", "", np.ones(4, np.float32)))
        assert cache.get("ab" * 32) is None
    assert not list(tmp_path.iterdir())
