"""A planner sees how long a list takes yet."""

from __future__ import annotations

import threading

import pytest

from apps.planner.jobs import Job, Jobs, Progress, words_of_progress, words_of_time_left


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s", "said"),
    [
        (0, 10_000, 60, ""),
        (10, 10_000, 1, ""),  # the models were being loaded
        (1_000, 10_000, 60, ", about 9 minutes left"),
        (5_000, 10_000, 20, ", less than a minute left"),
        (10_000, 10_000, 600, ""),
    ],
)
def test_the_time_left_is_told_at_the_pace_so_far(done: int, total: int, elapsed_s: float, said: str) -> None:
    assert words_of_time_left(done, total, elapsed_s) == said


def test_what_a_list_s_check_is_at_is_said_before_there_is_a_photograph_to_count() -> None:
    job: Job[None] = Job("Checking the list", "Pat Planner")
    said = [words_of_progress(job, 3.2)]
    job.step = "starting the face models"
    said.append(words_of_progress(job, 40.0))
    job.total = 7
    said.append(words_of_progress(job, 41.0))
    job.done = 7
    said.append(words_of_progress(job, 60.0))

    assert said == [
        "Checking the list: reading the rows, for 3 s",
        "Checking the list: starting the face models, for 40 s",
        "Checking the list: photograph 1 of 7",
        "Checking the list: all read of 7 photographs, the rest is being done",
    ]


def test_work_tells_its_page_what_it_has_begun_and_how_far_it_is() -> None:
    jobs: Jobs[None] = Jobs()
    told, looked = threading.Event(), threading.Event()

    def work(progress: Progress) -> None:
        progress.begin("starting the face models")
        progress(1, 3)
        told.set()
        looked.wait(5)

    assert jobs.start("dep", "Checking the list", work, by="Pat Planner")
    assert told.wait(5)
    job = jobs.find("dep")
    assert job is not None
    assert (job.step, job.done, job.total) == ("starting the face models", 1, 3)
    looked.set()
