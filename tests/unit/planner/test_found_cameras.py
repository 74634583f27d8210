"""What a search for cameras found is said in words, with nothing that a camera says of itself taken for markup."""

from __future__ import annotations

from collections.abc import Sequence

from apps.planner.camera_html import found_html
from apps.planner.jobs import Job
from lfr_core.common.errors import Poison
from streams.camera.discovery import FoundCamera


def over(found: Sequence[FoundCamera]) -> Job[tuple[str, Sequence[FoundCamera]]]:
    job: Job[tuple[str, Sequence[FoundCamera]]] = Job("Asking", "Pat Planner")
    job.over, job.result = True, ("10.0.0.0/24", found)
    return job


def test_each_camera_stands_with_its_address_and_what_it_calls_itself() -> None:
    shown = found_html(over([FoundCamera("10.0.0.7", "<b>North</b>", "X-1", ("http://10.0.0.7/onvif",))]))

    assert "1 answered in 10.0.0.0/24" in shown
    assert "<td>10.0.0.7</td><td>&lt;b&gt;North&lt;/b&gt;</td><td>X-1</td>" in shown


def test_where_none_answered_it_says_why_that_may_be() -> None:
    assert "No camera answered in 10.0.0.0/24: being found may be switched off" in found_html(over([]))


def test_why_nobody_was_asked_is_said() -> None:
    job: Job[tuple[str, Sequence[FoundCamera]]] = Job("Asking", "Pat Planner")
    job.over, job.error = True, Poison("this machine has no address in 10.0.0.0/24")

    assert "Not asked: " in found_html(job)
    assert "this machine has no address in 10.0.0.0/24" in found_html(job)
