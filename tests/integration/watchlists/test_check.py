"""What a watchlist check takes and refuses, on real photographs and the real models."""

import io
from collections.abc import Callable
from datetime import date

import cv2
import numpy as np
import PIL.Image
import pytest

from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import Category, RefusalReason
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.watchlists.enrol import check_watchlist
from lfr_core.watchlists.entries import WatchlistReport
from tests.support.watchlist_folders import ListFolder

pytestmark = pytest.mark.models

TODAY = date(2026, 11, 23)
Check = Callable[..., WatchlistReport]


@pytest.fixture
def check(engine: FaceEngine, policy: Policy) -> Check:
    def run(
        folder: ListFolder, *, kind: DeploymentKind = DeploymentKind.EVALUATION, policy: Policy = policy, **more: object
    ) -> WatchlistReport:
        return check_watchlist(folder.path, kind=kind, engine=engine, policy=policy, today=TODAY, **more)  # type: ignore[arg-type]  # passed on

    return run


def reasons(report: WatchlistReport) -> list[RefusalReason]:
    return [refusal.reason for refusal in report.refusals]


def changed(policy: Policy, section: str, **values: float) -> Policy:
    part = getattr(policy, section).model_copy(update=values)
    return policy.model_copy(update={section: part})


def test_a_good_list_is_taken_whole(listed: ListFolder, check: Check, engine: FaceEngine) -> None:
    listed.put("S-1", "obama", category="wanted by the courts").put("S-1", "obama2", category="Wanted-by-courts")
    listed.put("V-1", "biden", name="b.jpg")

    report = check(listed)

    assert report.refusals == ()
    assert report.contract_id == engine.contract_id
    assert [(e.subject, e.category, len(e.references)) for e in report.entries] == [
        ("S-1", Category.WANTED_BY_COURTS, 2),
        ("V-1", Category.BLUE_LIST, 1),
    ]
    assert (report.size, report.blue_list_size) == (1, 1)
    first = report.entries[0].references[0]
    assert np.linalg.norm(first.template) == pytest.approx(1.0, abs=2e-4)
    assert first.quality.eye_distance_px > 28


def test_ids_are_stable_and_belong_to_the_deployment(listed: ListFolder, check: Check) -> None:
    listed.put("S-1", "obama")

    one, again, other = (check(listed, deployment=d).entries[0] for d in ("d-1", "d-1", "d-2"))

    assert (one.id, one.references[0].id) == (again.id, again.references[0].id)
    assert one.id != other.id
    assert one.references[0].id != other.references[0].id


def test_the_crop_is_the_face_with_a_margin_and_still_recognised(
    listed: ListFolder, check: Check, engine: FaceEngine, policy: Policy
) -> None:
    reference = check(listed.put("S-1", "obama"), deployment="d-1").entries[0].references[0]

    crop = decode(reference.crop_jpeg, policy.images)
    (found,) = engine.detect([crop])[0]
    template = engine.embed([engine.describe(crop, found).aligned])[0]

    assert crop.shape == (256, 256, 3)
    assert float(template @ reference.template) > 0.9


def test_an_entry_that_expired_yesterday_is_refused_and_one_that_expires_today_is_taken(
    listed: ListFolder, check: Check
) -> None:
    listed.put("old", "obama", expires="2026-11-22").put("last-day", "biden", expires="2026-11-23")

    report = check(listed)

    assert [e.subject for e in report.entries] == ["last-day"]
    assert [(r.reason, r.subject, r.line) for r in report.refusals] == [(RefusalReason.EXPIRED, "old", 2)]


def test_rows_of_one_subject_that_disagree_are_all_refused(listed: ListFolder, check: Check) -> None:
    listed.put("S-1", "obama", legal="Warrant 1").put("S-1", "obama2", legal="Warrant 2").put("S-2", "biden")

    report = check(listed)

    assert [e.subject for e in report.entries] == ["S-2"]
    assert reasons(report) == [RefusalReason.CONFLICTING_ENTRY] * 2


def png_of(width: int, height: int) -> bytes:
    out = io.BytesIO()
    PIL.Image.new("1", (width, height)).save(out, "PNG")
    return out.getvalue()


def test_each_bad_file_is_refused_with_its_reason_and_the_good_one_is_taken(listed: ListFolder, check: Check) -> None:
    whole = listed.photos["obama"].read_bytes()
    listed.put("truncated", whole[: len(whole) // 2])
    listed.put("empty", b"")
    listed.put("text", b"not a photograph")
    listed.put("huge", png_of(10_000, 10_000), name="huge.png")
    listed.row("missing", "nowhere.jpg")
    listed.put("wall", np.full((300, 300, 3), 127, np.uint8))
    (listed.path / "folder.jpg").mkdir()
    listed.row("folder", "folder.jpg")
    listed.put("good", "biden")

    report = check(listed)

    assert {r.subject: r.reason for r in report.refusals} == {
        "truncated": RefusalReason.NOT_AN_IMAGE,
        "empty": RefusalReason.NOT_AN_IMAGE,
        "text": RefusalReason.NOT_AN_IMAGE,
        "huge": RefusalReason.IMAGE_TOO_LARGE,
        "missing": RefusalReason.FILE_MISSING,
        "wall": RefusalReason.NO_FACE,
        "folder": RefusalReason.FILE_MISSING,
    }
    assert [e.subject for e in report.entries] == ["good"]


def test_each_bad_face_is_refused_with_its_reason(listed: ListFolder, check: Check) -> None:
    face = listed.pixels("obama")
    listed.put("crowd", "t1")
    listed.put("small", cv2.resize(face, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA))
    listed.put("blurred", cv2.GaussianBlur(face, (0, 0), 15))
    listed.put("cut", face[:341])  # the chin ends at row 423
    listed.put("bright", cv2.convertScaleAbs(face, alpha=3))

    report = check(listed)

    assert {r.subject: r.reason for r in report.refusals} == {
        "crowd": RefusalReason.TWO_FACES,
        "small": RefusalReason.TOO_SMALL,
        "blurred": RefusalReason.TOO_BLURRED,
        "cut": RefusalReason.CUT_BY_BORDER,
        "bright": RefusalReason.EXPOSURE,
    }
    assert all(r.message for r in report.refusals)
    assert report.entries == ()


@pytest.mark.parametrize("grey", [False, True])
def test_a_negative_is_refused_and_its_photograph_is_not(listed: ListFolder, check: Check, *, grey: bool) -> None:
    face = listed.pixels("obama")
    if grey:
        face = cv2.cvtColor(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    listed.put("negative", 255 - face).put("photograph", face)

    report = check(listed)

    assert [(r.subject, r.reason) for r in report.refusals] == [("negative", RefusalReason.NEGATIVE)]
    assert [e.subject for e in report.entries] == ["photograph"]


def test_a_head_turned_further_than_the_policy_allows_is_refused(
    listed: ListFolder, check: Check, policy: Policy
) -> None:
    listed.put("turned", "obama2").put("frontal", "obama")  # 24 and 4 degrees

    report = check(listed, policy=changed(policy, "faces", max_yaw_degrees=15.0))

    assert [(r.subject, r.reason) for r in report.refusals] == [("turned", RefusalReason.POSE)]
    assert [e.subject for e in report.entries] == ["frontal"]


def test_a_small_face_far_behind_the_subject_is_no_second_face(listed: ListFolder, check: Check) -> None:
    face = listed.pixels("obama")
    other = cv2.resize(listed.pixels("astronaut")[0:260, 120:340], None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    beside = face.copy()
    beside[: other.shape[0], -other.shape[1] :] = other

    alone = check(listed.put("far", beside))
    listed.put("near", np.hstack([face, face]))
    both = check(listed)

    assert [e.subject for e in alone.entries] == ["far"]
    assert [(r.subject, r.reason) for r in both.refusals] == [("near", RefusalReason.TWO_FACES)]


def test_an_entry_with_one_good_photograph_is_taken_with_that(listed: ListFolder, check: Check) -> None:
    listed.put("S-1", b"broken").put("S-1", "obama", name="good.jpg")

    report = check(listed)

    (entry,) = report.entries
    assert [r.photograph for r in entry.references] == ["good.jpg"]
    assert reasons(report) == [RefusalReason.NOT_AN_IMAGE]


def test_the_same_file_under_two_subjects_is_refused_for_both(listed: ListFolder, check: Check) -> None:
    listed.put("S-1", "obama").put("S-2", "obama", name="copy.jpg").put("S-3", "biden")

    report = check(listed)

    assert [e.subject for e in report.entries] == ["S-3"]
    assert reasons(report) == [RefusalReason.SHARED_PHOTOGRAPH] * 2
    assert "S-2" in report.refusals[0].message


def test_the_same_picture_in_another_size_and_quality_under_two_subjects_is_refused_for_both(
    listed: ListFolder, check: Check
) -> None:
    smaller = cv2.resize(listed.pixels("obama"), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    listed.put("S-1", "obama").put("S-2", bytes(cv2.imencode(".jpg", smaller, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]))

    report = check(listed)

    assert report.entries == ()
    assert reasons(report) == [RefusalReason.SHARED_PHOTOGRAPH] * 2


def test_a_photograph_that_stands_under_an_expired_subject_too_is_refused(listed: ListFolder, check: Check) -> None:
    listed.put("old", "obama", expires="2026-01-01").put("S-2", "obama", name="copy.jpg")

    report = check(listed)

    assert report.entries == ()
    assert reasons(report) == [RefusalReason.EXPIRED, RefusalReason.SHARED_PHOTOGRAPH]


def test_two_photographs_of_one_person_under_two_subjects_are_no_shared_photograph(
    listed: ListFolder, check: Check
) -> None:
    report = check(listed.put("S-1", "obama").put("S-2", "obama2"))

    assert report.refusals == ()
    assert len(report.entries) == 2


def test_a_file_twice_under_one_subject_is_one_reference(listed: ListFolder, check: Check) -> None:
    report = check(listed.put("S-1", "obama", name="a.jpg").put("S-1", "obama", name="b.jpg"))

    assert report.refusals == ()
    assert [r.photograph for r in report.entries[0].references] == ["a.jpg"]


@pytest.mark.parametrize("kind", DeploymentKind)
def test_an_operational_list_of_test_subjects_alone_is_refused_other_kinds_take_it(
    listed: ListFolder, check: Check, kind: DeploymentKind
) -> None:
    report = check(listed.put("T-1", "obama", category="blue list"), kind=kind)

    operational = kind is DeploymentKind.OPERATIONAL
    assert reasons(report) == ([RefusalReason.TEST_SUBJECTS_ONLY] if operational else [])
    assert len(report.entries) == (0 if operational else 1)


def test_an_operational_list_takes_test_subjects_beside_others_and_counts_them_apart(
    listed: ListFolder, check: Check
) -> None:
    listed.put("T-1", "obama", category="blue list").put("S-1", "biden", category="victim")

    report = check(listed, kind=DeploymentKind.OPERATIONAL)

    assert report.refusals == ()
    assert (report.size, report.blue_list_size) == (1, 1)


def test_entries_beyond_the_limit_are_refused_and_test_subjects_do_not_count(
    listed: ListFolder, check: Check, policy: Policy
) -> None:
    listed.put("T-1", "obama").put("S-1", "biden", category="victim").put("S-2", "astronaut", category="victim")

    report = check(listed, policy=changed(policy, "watchlist", max_entries=1))

    assert [e.subject for e in report.entries] == ["T-1", "S-1"]
    assert [(r.subject, r.reason) for r in report.refusals] == [("S-2", RefusalReason.TOO_MANY)]


def test_progress_counts_every_photograph(listed: ListFolder, check: Check) -> None:
    reported: list[tuple[int, int]] = []
    listed.put("S-1", "obama").put("S-2", b"broken")

    check(listed, progress=lambda done, total: reported.append((done, total)))

    assert reported == [(0, 2), (1, 2), (2, 2)]
