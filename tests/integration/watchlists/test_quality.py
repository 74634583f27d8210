"""The suite `watchlist` on a list of 1,000 entries with labelled injected defects, and on faces made by hand."""

from __future__ import annotations

import json
import random
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused
from lfr_core.common.quality.findings import Finding
from lfr_core.common.quality.suites import SuiteRunner
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import Refusal, RefusalReason
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.watchlists.csv_file import FILE_NAME, FURTHER_COLUMNS, Rows, read_rows
from lfr_core.watchlists.entries import FaceCheck
from lfr_core.watchlists.quality.dataframes import faces_frame, whole_frame
from lfr_core.watchlists.quality.findings import findings_of, unchecked_of, unnamed
from lfr_core.watchlists.quality.rules import face_rules, row_rules, whole_rules
from lfr_core.watchlists.quality.service import CheckedList, ListCheck, check_list, require_fit
from tests.support.defective_list import DEFECTS, LAST_DAY, TODAY, write_defective_list

CheckedDefectiveList = tuple[CheckedList, set[tuple[str, int]], Path]


def no_engine() -> FaceEngine:
    pytest.fail("a face of a list whose rows don't pass was about to be embedded")


@pytest.fixture(scope="module")
def checked_list(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> CheckedDefectiveList:
    """The one run of the whole suite: an operational list, refused before any face is embedded."""
    folder = tmp_path_factory.mktemp("defective")
    labels = write_defective_list(folder / "list", random.Random(20261123))
    asked = ListCheck(DeploymentKind.OPERATIONAL, policy, TODAY, LAST_DAY, "d-1", stop_at_rows=True)
    checked = check_list(folder / "list", asked, engine=no_engine, docs=folder / "pages")
    return checked, labels, folder / "pages"


def test_every_injected_defect_of_1000_entries_is_named_and_nothing_else(checked_list: CheckedDefectiveList) -> None:
    checked, labels, _ = checked_list

    assert {(each.rule, each.line) for each in checked.quality.findings} == labels
    assert len(checked.quality.findings) == len(labels) == len(DEFECTS) + 4
    assert {rule for rule, _ in labels} == {
        rule.name for rule in row_rules(TODAY, LAST_DAY)
    }  # each rule has its defect
    assert not checked.quality.passes
    assert checked.report.entries == ()


def test_the_pages_name_every_defect_with_its_subject_and_ask_the_network_for_nothing(
    checked_list: CheckedDefectiveList,
) -> None:
    checked, _, pages = checked_list

    index = (pages / "index.html").read_text(encoding="utf-8")
    assert {page.name for page in pages.iterdir()} == {
        "index.html",
        "refused.xlsx",
        "style.css",
        "result.json",
        "watchlist-rows.html",
        "watchlist-whole.html",
    }
    for each in checked.quality.findings:
        assert re.search(rf'<th scope="row">{each.line}</th><td>{each.subject}</td>.*<data value="{each.rule}">', index)
    head = index.partition("<h2>Refused")[0]
    assert "wanted by the force" in head
    assert "wanted_by_force" not in head
    assert f"checked on {TODAY.day} {TODAY:%B %Y}" in head
    for page in pages.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "//" not in re.sub(r"<td>[^<]*</td>", "", text)
        assert set(re.findall(r'href="([^"]*)"', text)) <= {"style.css", *(each.name for each in pages.glob("*.html"))}
    assert stat.S_IMODE(pages.stat().st_mode) == 0o700


def test_the_result_for_programs_says_the_same_and_has_the_composition(checked_list: CheckedDefectiveList) -> None:
    _, labels, pages = checked_list

    reported = json.loads((pages / "result.json").read_text(encoding="utf-8"))

    assert reported["passes"] is False
    assert {(each["rule"], each["line"]) for each in reported["findings"]} == labels
    assert {each["category"] for each in reported["composition"] if each["submitted"]} == {
        "wanted_by_force",
        "wanted_by_courts",
        "breach_of_court_order",
        "high_risk_missing",
        "victim",
    }
    assert (
        sum(each["submitted"] for each in reported["composition"]) == 997
    )  # two without a category, one without a subject
    assert reported["newest_check"] == TODAY.isoformat()
    assert reported["minors"] == 50  # every twentieth of 1,000


def test_of_a_refused_list_no_face_is_embedded_and_the_faces_are_not_called_checked(
    checked_list: CheckedDefectiveList, policy: Policy
) -> None:
    checked, _, _ = checked_list

    unchecked = {each.rule: each.why for each in checked.quality.unchecked}
    assert unchecked == dict.fromkeys(
        [rule.name for rule in face_rules(policy.watchlist)], "no face was embedded, because the rows don't pass"
    )


def test_an_operational_list_that_does_not_pass_is_refused_and_another_is_not(
    checked_list: CheckedDefectiveList,
) -> None:
    checked, _, _ = checked_list

    with pytest.raises(Refused, match="33 defects"):
        require_fit(checked)
    require_fit(replace(checked, quality=replace(checked.quality, kind=DeploymentKind.DEMO)))


def face(line: int, subject: str, refused: RefusalReason | None = None, similarity: float | None = 0.3) -> FaceCheck:
    other = None if refused else similarity
    return FaceCheck(line, subject, f"{subject}.jpg", refused, other, "S-1" if other else "")


def test_each_defect_of_a_face_is_named_and_a_likely_double_is_flagged_without_refusing(policy: Policy) -> None:
    faces = [
        face(2, "good"),
        face(3, "alone", similarity=None),
        replace(face(4, "text", RefusalReason.NOT_AN_IMAGE), why="more than 25 scans"),
        face(5, "huge", RefusalReason.IMAGE_TOO_LARGE),
        face(6, "wall", RefusalReason.NO_FACE),
        face(7, "crowd", RefusalReason.TWO_FACES),
        face(8, "blurred", RefusalReason.TOO_BLURRED),
        face(9, "copy", similarity=policy.watchlist.duplicate_photo_similarity),
        face(10, "double", similarity=policy.watchlist.same_face_similarity),
        face(11, "like", similarity=policy.watchlist.same_face_similarity - 0.01),
        face(12, "gone", RefusalReason.FILE_MISSING),
    ]
    frame = faces_frame(faces)

    found = findings_of(SuiteRunner().run("faces", face_rules(policy.watchlist), frame), frame, ())

    assert {(each.line, each.subject, each.rule, each.value, each.refuses) for each in found} == {
        (4, "text", "photograph-opens", "not_an_image", True),
        (5, "huge", "photograph-opens", "image_too_large", True),
        (6, "wall", "one-face", "none", True),
        (7, "crowd", "one-face", "two or more", True),
        (8, "blurred", "image-quality", "too_blurred", True),
        (9, "copy", "picture-one-subject", "0.98 like S-1", True),
        (10, "double", "face-one-subject", "0.60 like S-1", False),
    }
    assert {each.message for each in found if each.rule == "photograph-opens"} == {
        "more than 25 scans",
        "it can't be opened",
    }


def read_of(folder: Path, *rows: str, further: bool = True) -> Rows:
    head = "subject,category,legal_reference,approved_by,expires_on,photograph"
    lines = [head + "".join(f",{name}" for name in FURTHER_COLUMNS if further), *rows]
    (folder / FILE_NAME).write_text("\n".join(lines), encoding="utf-8")
    return read_rows(folder)


def of_the_whole(read: Rows, kind: DeploymentKind, policy: Policy) -> set[str]:
    frame = whole_frame(read, TODAY)
    rules = [rule for rule in whole_rules(policy.watchlist, kind) if not rule.needs or rule.needs in read.columns]
    found = findings_of(SuiteRunner().run("whole", rules, frame), frame, ())
    assert {each.line for each in found} <= {None}
    return {each.rule for each in found}


def test_too_long_a_list_a_stale_one_one_of_test_subjects_and_one_of_old_columns_are_refused_as_a_whole(
    tmp_path: Path, policy: Policy
) -> None:
    row = "{0},{1},W,Hill,2027-01-01,{0}.jpg,custody,2020-01-01,40,,,{2}".format
    three = [row(name, "victim", "2026-11-22") for name in "abc"]
    two_at_most = policy.model_copy(update={"watchlist": policy.watchlist.model_copy(update={"max_entries": 2})})
    operational, demo = DeploymentKind.OPERATIONAL, DeploymentKind.DEMO
    old = read_of(tmp_path, "a,victim,W,Hill,2027-01-01,a.jpg", further=False)

    assert of_the_whole(read_of(tmp_path, *three), operational, policy) == set()
    assert of_the_whole(read_of(tmp_path, *three), operational, two_at_most) == {"list-within-cap"}
    assert of_the_whole(read_of(tmp_path, *three, row("t", "blue list", "")), operational, policy) == set()
    assert of_the_whole(read_of(tmp_path, row("a", "victim", "2026-11-21")), operational, policy) == {"list-fresh"}
    assert of_the_whole(read_of(tmp_path, row("a", "blue list", "2026-11-23")), operational, policy) == {
        "list-not-only-test-subjects"
    }
    assert of_the_whole(old, operational, policy) == {"columns-complete"}
    assert of_the_whole(old, demo, policy) == set()


def test_of_a_demo_list_with_old_columns_the_defaults_taken_are_said(tmp_path: Path, policy: Policy) -> None:
    old = read_of(tmp_path, "a,victim,W,Hill,2027-01-01,a.jpg", further=False)
    rules = [
        rule
        for rule in (*row_rules(TODAY, LAST_DAY), *whole_rules(policy.watchlist, DeploymentKind.DEMO))
        if rule.needs
    ]

    output = {each.rule: each.why for each in unchecked_of(rules, [], old.columns)}

    assert (
        output["age-readable"]
        == output["minor-rationale"]
        == "the file has no column age: everybody is taken as 18 or over"
    )
    assert output["image-source-present"].endswith("taken as not stated")
    assert len(output) == len(rules)


def test_what_enrolment_refuses_and_no_rule_names_is_a_finding_all_the_same() -> None:
    refusals = [
        Refusal(4, "S-1", "a.jpg", RefusalReason.POSE, "turned"),
        Refusal(5, "S-2", "b.jpg", RefusalReason.POSE, "turned"),
        Refusal(6, "S-3", "c.jpg", RefusalReason.TOO_MANY, "too many"),
    ]
    named = [
        Finding("image-quality", 4, "S-1", "a.jpg", "pose", "", refuses=True),
        Finding("face-one-subject", 5, "S-2", "b.jpg", "", "", refuses=False),
        Finding("list-within-cap", None, "", "", "", "", refuses=True),
    ]

    assert [(each.rule, each.line, each.refuses) for each in unnamed(refusals, named)] == [("pose", 5, True)]
