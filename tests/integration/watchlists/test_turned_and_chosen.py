"""Photographs that stand on their side or show several people: turned, or a face chosen by a person; both are said."""

import io
import json
import zipfile
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from apps.cli.watchlist import choosing
from lfr_core.common.workbooks import read_workbook
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.recognition.faces.types import FaceEngine, Image
from lfr_core.watchlists.enrol import check_watchlist
from lfr_core.watchlists.entries import WatchlistReport
from lfr_core.watchlists.face_choices import CHOICES_FILE, FaceChoice, keep_choice, read_choices
from lfr_core.watchlists.photographs import faces_of
from lfr_core.watchlists.quality.refused_workbook import REFUSED_FILE
from lfr_core.watchlists.quality.service import ListCheck, check_list
from tests.support.watchlist_folders import ListFolder

pytestmark = pytest.mark.models
TODAY = date(2026, 11, 27)


def check(folder: ListFolder, engine: FaceEngine, policy: Policy) -> WatchlistReport:
    return check_watchlist(folder.path, kind=DeploymentKind.EVALUATION, engine=engine, policy=policy, today=TODAY)


def beside(left: Image, right: Image) -> Image:
    height = min(left.shape[0], right.shape[0])
    return np.hstack([cv2.resize(each, (each.shape[1] * height // each.shape[0], height)) for each in (left, right)])


@pytest.mark.parametrize(("quarters", "how"), [(1, "on its right side"), (2, "upside down"), (3, "on its left side")])
def test_a_photograph_that_stands_wrongly_is_turned_and_it_is_said(
    listed: ListFolder, engine: FaceEngine, policy: Policy, quarters: int, how: str
) -> None:
    turned = np.ascontiguousarray(np.rot90(listed.pixels("obama2"), quarters))
    listed.put("S-1", "obama2").put("S-2", "biden").put("S-1", turned, name="turned.png")

    report = check(listed, engine, policy)

    assert report.refusals == ()
    upright, found = report.entries[0].references
    assert float(upright.template @ found.template) > 0.95
    assert [face.notes for face in report.faces] == [(), (), (f"stands {how} and was turned upright",)]


def test_of_two_faces_a_person_chooses_one_for_that_very_file_and_the_report_says_who(
    listed: ListFolder, engine: FaceEngine, policy: Policy
) -> None:
    two = beside(listed.pixels("obama"), listed.pixels("biden"))
    listed.put("S-1", two, name="two.png").put("S-2", "biden", name="biden.jpg")
    before = check(listed, engine, policy)

    sha256, image, faces = faces_of(listed.path, "two.png", engine, policy)
    keep_choice(
        listed.path, sha256, FaceChoice.of("two.png", faces[0].detection, image, by="Insp Hill", on="2026-11-27")
    )
    after = check(listed, engine, policy)
    (listed.path / "two.png").write_bytes(bytes(cv2.imencode(".png", two[:, ::-1])[1]))

    assert [refusal.reason for refusal in before.refusals] == [RefusalReason.TWO_FACES]
    assert "lfr watchlist choose" in before.refusals[0].message
    assert [entry.subject for entry in after.entries] == ["S-1", "S-2"]
    assert after.faces[0].notes == ("of several faces one was chosen by hand by Insp Hill on 2026-11-27",)
    assert after.faces[0].other_similarity is not None
    assert after.faces[0].other_similarity < 0.5  # the left one: nobody else of the list
    assert [refusal.reason for refusal in check(listed, engine, policy).refusals] == [RefusalReason.TWO_FACES]


def test_nobody_who_is_not_logged_in_chooses_a_face(
    listed: ListFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed.put("S-1", beside(listed.pixels("obama"), listed.pixels("biden")), name="two.png")
    monkeypatch.setenv("LFR_HOME", str(tmp_path / "home"))
    nobody = CliRunner().invoke(choosing.app, [str(listed.path), "two.png", "--face", "1"])

    assert nobody.exit_code != 0
    assert not (listed.path / CHOICES_FILE).exists()


def test_choices_that_are_not_ours_are_refused_with_what_to_do(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"a": 3}', '{"a": {"photograph": "x", "box": 3, "chosen_by": "", "chosen_on": ""}}'):
        (tmp_path / CHOICES_FILE).write_text(text, encoding="utf-8")
        with pytest.raises(Exception, match="choose again"):
            read_choices(tmp_path)


@pytest.mark.slow
def test_the_report_counts_the_refused_by_reason_and_has_each_in_a_spreadsheet(
    listed: ListFolder, engine: FaceEngine, policy: Policy, tmp_path: Path
) -> None:
    listed.put("S-1", "obama").put("S-2", b"x").put("S-3", b"y").row("=S-4", "missing.jpg")
    listed.put("S-5", np.full((300, 400, 3), 90, np.uint8), name="wall.png")
    asked = ListCheck(kind=DeploymentKind.EVALUATION, policy=policy, today=TODAY, last_day=TODAY, thumbnails=True)

    checked = check_list(listed.path, asked, engine=lambda: engine, docs=tmp_path / "pages")

    page = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    book = (tmp_path / "pages" / REFUSED_FILE).read_bytes()
    counted, refused = read_workbook(book, REFUSED_FILE, most_rows=50, most_columns=10)
    assert page.index("not an image</th><td>2<") < page.index("formula</th><td>1<")
    assert (counted.name, counted.rows[:2]) == ("by reason", [["reason", "refused"], ["not_an_image", "2"]])
    assert [[*row[:3], row[4]] for row in refused.rows[1:]] == [
        ["3", "S-2", "p1.jpg", "not_an_image"],
        ["4", "S-3", "p2.jpg", "not_an_image"],
        ["5", "=S-4", "missing.jpg", "formula"],
        ["6", "S-5", "wall.png", "no_face"],
    ]
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert [name for name in parts.namelist() if "media" in name] == ["xl/media/image1.jpeg"]
        assert b"<f>" not in parts.read("xl/worksheets/sheet2.xml")
    assert page.count('<img src="data:image/jpeg;base64,') == 1
    assert 'alt="Photograph of row 6"' in page
    assert json.loads((tmp_path / "pages" / "result.json").read_text(encoding="utf-8"))["notes"] == []
    assert len(checked.report.refusals) == 4
