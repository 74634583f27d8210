"""`lfr accuracy` on real faces: the sample photographs, and ORL's where a checkout has them beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.run_commands import CommandProcess
from tests.support.samples import require_pack, require_photos

ORL = Path(__file__).resolve().parents[5] / "shared" / "data" / "orl_dev"


def run(commands: CommandProcess, home: Path, *words: str, code: int = 0) -> str:
    (ended,) = commands.run([(words, {"LFR_HOME": str(home / "home")})], home)
    assert (ended["bug"], ended["code"]) == ("", code), ended
    return " ".join((ended["out"] + ended["err"]).split())


@pytest.mark.models
@pytest.mark.slow
def test_an_evaluation_of_sample_photographs_is_written_and_names_nobody(
    commands: CommandProcess, tmp_path: Path
) -> None:
    require_pack()
    photos = require_photos()
    people = {"president": ("obama", "obama2", "obama3"), "successor": ("biden",), "flier": ("astronaut",)}
    for name, keys in people.items():
        (tmp_path / "faces" / name).mkdir(parents=True)
        for key in keys:
            shutil.copy(photos[key], tmp_path / "faces" / name)
    (tmp_path / "faces" / "flier" / "broken.jpg").write_bytes(b"no picture")
    file = tmp_path / "evaluation.json"

    words = ("--dataset", str(tmp_path / "faces"), "--json", str(file), "--report", str(tmp_path))
    said = run(commands, tmp_path, "accuracy", "evaluate", *words)

    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["acquisition"]["reasons"] == {"unreadable": 1}
    assert (found["listed"], found["lists"][-1]["people"]) == (3, 2)
    assert "found somebody all the same" in said
    assert not [name for name in people if name in file.read_text() + (tmp_path / "accuracy.html").read_text()]


@pytest.mark.data
@pytest.mark.skipif(not ORL.is_dir(), reason="the ORL photographs are not part of the project")
@pytest.mark.slow
def test_a_person_of_orl_under_two_names_is_found_and_named(commands: CommandProcess, tmp_path: Path) -> None:
    require_pack()
    faces = tmp_path / "faces"
    for source, name, numbers in (("s01", "a", (1, 2, 3)), ("s02", "b", (1, 2, 3)), ("s01", "c", (4, 5, 6))):
        (faces / name).mkdir(parents=True)
        for number in numbers:
            shutil.copy(ORL / source / f"{number:02}.png", faces / name)

    said = run(commands, tmp_path, "accuracy", "evaluate", "--dataset", str(faces), code=77)

    assert "one person under two names: a and c" in said
