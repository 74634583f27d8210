"""A planner's uploaded list: checked with reasons beside photographs, compiled by the service, destroyed afterwards."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from contextlib import nullcontext
from datetime import date, timedelta

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from apps.planner.jobs import Job, Progress
from apps.planner.list_html import list_look_html, minors_html
from apps.planner.list_look import ListLook
from apps.planner.panels import list_html
from apps.planner.uploaded_lists import UploadedLists
from lfr_core.common.errors import LfrError, Poison, Refused
from lfr_core.common.workbooks import read_workbook
from lfr_core.custody.audit.read import entries
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.working_days import LONDON
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.watchlists.face_choices import read_choices
from lfr_core.watchlists.list_builder import ListBuilder
from lfr_core.watchlists.quality.refused_workbook import REFUSED_FILE
from lfr_core.watchlists.upload import UploadedFile
from tests.support.people import authenticated
from tests.support.planner_view import planner_view_of, uploaded_lists
from tests.support.planning import OFFICER, PLANNER, PUBLISHER, PlanningHarness
from tests.support.samples import cpu, require_pack, require_photos

pytestmark = pytest.mark.models
HEADER = (
    "subject,category,legal_reference,approved_by,expires_on,photograph,image_source,image_date,age,minor_rationale,"
    "second_approver,checked_on"
)
BY = authenticated(PLANNER)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


@pytest.fixture
def lists(harness: PlanningHarness) -> UploadedLists:
    harness.plan()
    harness.authorise()

    def builder() -> ListBuilder:
        engine = PackEngine(require_pack(), harness.policy.faces, cpu, 1)
        return ListBuilder(
            harness.policy, harness.deployments, lambda: nullcontext(harness.gallery), lambda: engine, harness.home
        )

    return uploaded_lists(harness, builder)


def listed(today: date, *rows: tuple[str, str, str], **files: bytes) -> list[UploadedFile]:
    """A zip of rows (subject, photograph, age) and files."""
    last = today + timedelta(days=30)
    lines = [
        f"{who},wanted_by_courts,W/1,Insp. A,{last},{photo},custody,2024-01-01,{age},"
        f"{'missing from care' if age < '18' else ''},{'Supt. B' if age < '18' else ''},{today}"
        for who, photo, age in rows
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("list/watchlist.csv", "\n".join([HEADER, *lines]))
        for name, content in files.items():
            archive.writestr(f"list/{name}.jpg", content)
    return [UploadedFile("list.zip", lambda: io.BytesIO(out.getvalue()))]


def on_trail(harness: PlanningHarness) -> list[str]:
    """Who took what was refused."""
    return [each.actor for each in entries(harness.engine, limit=1_000) if each.rule == "watchlist.refusals-taken"]


def drawn(lists: object, by: object) -> None:
    from apps.planner.face_dialog import show_face_questions

    show_face_questions(lists, "dep", by)  # type: ignore[arg-type]  # its annotation is read where nothing is imported


def ended(lists: UploadedLists) -> Job[ListLook]:
    deadline = time.monotonic() + 120
    while (job := lists.job("dep", BY)) is not None and not job.over and time.monotonic() < deadline:
        time.sleep(0.05)
    assert job is not None
    return job


@pytest.mark.slow
def test_a_list_is_checked_mended_compiled_and_shown_to_the_officer(
    harness: PlanningHarness, lists: UploadedLists
) -> None:
    made = planner_view_of(harness).read_overview("dep").application
    today = harness.now.astimezone(LONDON).date()
    photos = {each: require_photos()[each].read_bytes() for each in ("obama", "biden")}
    rows = (("S-1", "obama.jpg", "40"), ("S-2", "biden.jpg", "17"))
    lists.stage(
        "dep", listed(today, *rows, ("S-3", "none.jpg", "30"), obama=photos["obama"], biden=b"no picture"), by=BY
    )

    lists.check("dep", made, DeploymentKind.OPERATIONAL, by=BY)
    job = ended(lists)

    assert job.error is None
    look = job.result
    assert look is not None
    assert (look.rows, look.minors, look.passes, look.compiled) == (3, 1, False, False)
    assert all(not each.finding.subject and not each.finding.photograph for each in look.shown)
    assert "doesn't pass" in list_look_html(look)
    assert on_trail(harness) == []
    assert lists.take_refused("dep", by=BY) == look.workbook
    assert on_trail(harness) == [f"person:{harness.vault.pseudonym(PLANNER)}"]
    with pytest.raises(LfrError):  # another planner's
        lists.take_refused("dep", by=authenticated(OFFICER))
    assert len(on_trail(harness)) == 1
    _, refused = read_workbook(look.workbook, REFUSED_FILE, most_rows=50, most_columns=10)
    assert {row[1] for row in refused.rows[1:]} == {"S-2", "S-3"}

    staged = lists.stage("dep", listed(today, *rows, **photos), by=BY)
    lists.compile("dep", made, by=BY)
    job = ended(lists)

    assert job.error is None
    assert job.result is not None
    assert job.result.compiled
    assert job.result.workbook == b""
    assert not staged.folder.exists()
    assert lists.staged("dep", BY) is None
    view = planner_view_of(harness)
    one = view.read_overview("dep")
    assert one.list_people == 2
    minors = minors_html(one, view.list_quality("dep"))
    assert [words in minors for words in ("Under 18: 1", ">17<", "missing from care", "Supt. B")] == [True] * 4
    assert "S-2" not in minors
    assert "Since" not in list_html(one, view.list_before(one))


@pytest.mark.slow
def test_a_compile_that_ends_at_the_rows_names_the_photographs_that_cannot_be_used_as_well(
    harness: PlanningHarness, lists: UploadedLists
) -> None:
    made = planner_view_of(harness).read_overview("dep").application
    today = harness.now.astimezone(LONDON).date()
    ages = ("40", "old", "30", "30")
    rows = zip(("S-1", "S-2", "S-3", "S-4"), ("obama.jpg", "biden.jpg", "none.jpg", "text.jpg"), ages, strict=True)
    photos = {"obama": require_photos()["obama"].read_bytes(), "biden": b"no picture", "text": b"nor this"}
    lists.stage("dep", listed(today, *rows, **photos), by=BY)

    lists.compile("dep", made, by=BY)
    look = ended(lists).result

    assert look is not None
    assert not look.compiled
    assert {(each.finding.line, each.finding.rule) for each in look.shown} == {
        (3, "age-readable"),
        (3, "photograph-opens"),
        (4, "photograph-there"),
        (5, "photograph-opens"),
    }
    assert [(each.category, each.submitted, each.fit) for each in look.composition] == [("wanted_by_courts", 4, 1)]


@pytest.mark.slow
def test_of_two_faces_the_planner_says_which_and_the_list_passes_with_their_name(
    harness: PlanningHarness, lists: UploadedLists
) -> None:
    made = planner_view_of(harness).read_overview("dep").application
    today = harness.now.astimezone(LONDON).date()
    left, right = (decode(require_photos()[each].read_bytes(), harness.policy.images) for each in ("obama", "biden"))
    right = cv2.resize(right, (right.shape[1] * left.shape[0] // right.shape[0], left.shape[0]))
    both = cv2.imencode(".jpg", np.hstack([left, right]))[1].tobytes()
    staged = lists.stage("dep", listed(today, ("S-1", "both.jpg", "40"), both=both), by=BY)
    lists.check("dep", made, DeploymentKind.OPERATIONAL, by=BY)
    ended(lists)
    assert lists.several_faces("dep", authenticated(OFFICER)) == ()
    (line,) = lists.several_faces("dep", BY)

    shown = lists.faces("dep", line, BY)
    assert decode(shown.numbered_jpeg(), harness.policy.images).shape == shown.image.shape
    with pytest.raises(Refused, match="has 2 faces"):
        lists.choose("dep", line, shown, 3, by=BY)
    page = AppTest.from_function(drawn, kwargs={"lists": lists, "by": BY}, default_timeout=60).run()
    page.button(f"act-face-dep-{line}").click().run()
    page.button(f"act-face-dep-{line}").click()  # in a browser the dialog alone is drawn again; here the page is
    page.button(f"act-face-is-{line}-1").click().run()
    assert not page.exception
    assert lists.several_faces("dep", BY) == ()
    lists.check("dep", made, DeploymentKind.OPERATIONAL, by=BY)

    look = ended(lists).result
    assert look is not None
    assert look.passes
    (chosen,) = read_choices(staged.folder).values()
    assert (chosen.photograph, chosen.chosen_by) == ("both.jpg", PLANNER)


def test_an_upload_is_its_planners_alone_and_nobody_else_may_make_the_list(
    harness: PlanningHarness, lists: UploadedLists
) -> None:
    today = harness.now.date()
    lists.stage("dep", listed(today, ("S-1", "a.jpg", "40"), a=b"jpeg"), by=BY)
    made = planner_view_of(harness).read_overview("dep").application

    assert lists.staged("dep", authenticated(OFFICER)) is None
    with pytest.raises(Refused):
        lists.stage("dep", listed(today, ("S-1", "a.jpg", "40")), by=authenticated(PUBLISHER))
    with pytest.raises(Refused):
        lists.compile("dep", made, by=authenticated(PUBLISHER))
    lists.discard("dep")
    with pytest.raises(Refused, match="upload the list again"):
        lists.check("dep", made, DeploymentKind.OPERATIONAL, by=BY)


def test_what_was_said_of_an_upload_goes_with_it_when_its_time_is_over_but_not_while_it_is_worked_on(
    harness: PlanningHarness, lists: UploadedLists
) -> None:
    upload = listed(harness.now.date(), ("S-1", "a.jpg", "40"), a=b"jpeg")
    staged, go_on = lists.stage("dep", upload, by=BY), threading.Event()

    def look(_progress: Progress) -> ListLook:
        go_on.wait(20)
        return ListLook(1, 1, 0, (), 1, 0, (), (), b"with names and faces")

    lists._jobs.start("dep", "Checking the list", look, by=PLANNER)
    lists.end("dep", staged.folder)
    assert staged.folder.is_dir()
    go_on.set()
    assert ended(lists).result is not None

    lists.end("dep", staged.folder)
    assert (lists.job("dep", BY), lists.staged("dep", BY), staged.folder.exists()) == (None, None, False)
    other = lists.stage("dep", upload, by=BY)
    lists.end("dep", staged.folder)
    assert other.folder.is_dir()
    (timer,) = (
        each for each in threading.enumerate() if isinstance(each, threading.Timer) and other.folder in list(each.args)
    )
    assert (timer.interval, timer.daemon) == (harness.policy.retention.temporary_files_h * 3600, True)


def test_what_is_no_list_leaves_nothing_behind(harness: PlanningHarness, lists: UploadedLists) -> None:
    with pytest.raises(Poison, match="no list among the files"):
        lists.stage("dep", [UploadedFile("a.jpg", lambda: io.BytesIO(b"jpeg"))], by=BY)

    assert list((harness.home / "tmp").iterdir()) == []
