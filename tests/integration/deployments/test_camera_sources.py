"""Cameras that the platform runs: added and started by those who may, their addresses in files of this user's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.planner.camera_control import CameraControl, TriedCamera, check_address
from apps.supervisor.cameras import wanted_cameras
from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.audit.read import entries
from lfr_core.deployments.camera_addresses import check_camera_address
from lfr_core.deployments.camera_sources import CameraSources, camera_folder, read_camera_sources
from tests.support.brokers import free_ports
from tests.support.people import authenticated
from tests.support.planning import OPERATOR, PLANNER, PUBLISHER, PlanningHarness
from tests.support.run_commands import CommandProcess

ADDRESS = "rtsp://viewer:secret@10.0.0.7/stream1"


@pytest.fixture
def sources(harness: PlanningHarness) -> CameraSources:
    harness.plan()
    return CameraSources(harness.engine, harness.trail, camera_folder(harness.home))


def test_a_camera_that_was_started_is_run_by_the_platform_with_its_address_in_the_environment_alone(
    harness: PlanningHarness, sources: CameraSources
) -> None:
    look = wanted_cameras(harness.home, {"LFR_HOME": str(harness.home)})
    sources.keep("dep", "north", ADDRESS, by=authenticated(PLANNER))
    assert look() == ()

    sources.start("dep", "north", by=authenticated(OPERATOR))
    (child,) = look()
    assert child.env["LFR_CAMERA_SOURCE"] == ADDRESS
    assert "secret" not in " ".join((child.name, *child.command))

    sources.stop("dep", "north", by=authenticated(OPERATOR))
    assert look() == ()


def test_the_file_is_this_users_alone_and_goes_with_its_deployment(
    harness: PlanningHarness, sources: CameraSources
) -> None:
    sources.keep("dep", "north", ADDRESS, by=authenticated(PLANNER))
    (file,) = camera_folder(harness.home).iterdir()

    assert file.stat().st_mode & 0o077 == 0
    assert camera_folder(harness.home).stat().st_mode & 0o077 == 0
    sources.forget("dep")
    assert list(camera_folder(harness.home).iterdir()) == []


@pytest.mark.parametrize(
    ("camera", "who", "rule"),
    [
        ("north", PUBLISHER, "people.wrong-role"),
        ("north", "Nobody Known", "people.unknown"),
        ("west", PLANNER, "camera.not-of-deployment"),
        ("no/../where", PLANNER, "camera.bad-address"),
    ],
)
def test_nobody_else_and_no_other_camera(sources: CameraSources, camera: str, who: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        sources.keep("dep", camera, ADDRESS, by=authenticated(who))

    assert refused.value.rule == rule


def test_nothing_runs_for_a_deployment_that_is_over(harness: PlanningHarness, sources: CameraSources) -> None:
    sources.keep("dep", "north", ADDRESS, by=authenticated(PLANNER))
    harness.deployments.cancel("dep", "storm warning", by=authenticated(PLANNER))

    with pytest.raises(Refused) as refused:
        sources.start("dep", "north", by=authenticated(PLANNER))
    assert refused.value.rule == "camera.over"


def test_a_file_that_somebody_damaged_is_left_out(harness: PlanningHarness, sources: CameraSources) -> None:
    sources.keep("dep", "north", ADDRESS, by=authenticated(PLANNER))
    folder = camera_folder(harness.home)
    (folder / "dep@south.json").write_text("{", encoding="utf-8")
    (folder / "link.json").symlink_to(Path("/etc/passwd"))

    assert [each.camera for each in read_camera_sources(folder)] == ["north"]


def test_the_trail_says_who_gave_which_address_and_neither_it_nor_its_password(
    harness: PlanningHarness, sources: CameraSources
) -> None:
    for by in (PLANNER, OPERATOR):
        sources.keep("dep", "north", ADDRESS, by=authenticated(by))

    written = [each for each in entries(harness.engine, deployment="dep") if each.rule == "camera.added"]
    assert [each.actor for each in written] == [f"person:{harness.vault.pseudonym(by)}" for by in (PLANNER, OPERATOR)]
    assert len({each.facts["address"] for each in written}) == 2  # salted: nobody sees that they are the same
    for secret in ("10.0.0.7", "viewer", "secret", "stream1"):
        assert secret not in str(written)


def test_a_camera_is_run_at_the_address_that_was_given_last_and_at_no_other(
    harness: PlanningHarness, sources: CameraSources
) -> None:
    def rule(camera: str, address: str) -> str:
        try:
            check_camera_address(harness.engine, "dep", camera, address)
        except Refused as refused:
            return refused.rule
        return ""

    assert rule("north", ADDRESS) == "camera.address-not-set"
    sources.keep("dep", "north", ADDRESS, by=authenticated(PLANNER))
    assert (rule("north", f" {ADDRESS}\n"), rule("south", ADDRESS), rule("North", ADDRESS)) == (
        "",
        "camera.address-not-set",
        "camera.address-not-set",
    )
    assert rule("north", ADDRESS.replace("7", "8")) == rule("north", "") == "camera.address-not-set"

    sources.keep("dep", "north", ADDRESS.replace("7", "8"), by=authenticated(OPERATOR))
    assert (rule("north", ADDRESS), rule("north", ADDRESS.replace("7", "8"))) == ("camera.address-not-set", "")


def test_another_address_in_a_cameras_file_is_neither_tried_nor_started_nor_run(
    harness: PlanningHarness, sources: CameraSources, commands: CommandProcess
) -> None:
    def attempt(address: str) -> TriedCamera:
        raise AssertionError(address)

    sources.keep("dep", "north", "rtsp://127.0.0.1:9/stream1", by=authenticated(PLANNER))
    sources.start("dep", "north", by=authenticated(PLANNER))
    at_its_own = run_child(harness, commands)
    (file,) = camera_folder(harness.home).iterdir()
    file.write_text(file.read_text(encoding="utf-8").replace("127.0.0.1:9", "127.0.0.2:9"), encoding="utf-8")

    assert "camera.address-not-set" not in at_its_own
    assert "camera.address-not-set" in run_child(harness, commands)
    for act in (CameraControl(sources, attempt, dict).attempt, sources.start):
        with pytest.raises(Refused) as refused:
            act("dep", "north", by=authenticated(OPERATOR))
        assert refused.value.rule == "camera.address-not-set"
    sources.stop("dep", "north", by=authenticated(OPERATOR))


def run_child(harness: PlanningHarness, commands: CommandProcess) -> str:
    """What the one camera that the platform runs says, where there is no broker."""
    where = {
        "LFR_HOME": str(harness.home),
        "LFR_DATABASE_URL": harness.engine.url.render_as_string(hide_password=False),
        "LFR_KAFKA_PORT": str(free_ports(1)[0]),
    }
    (child,) = wanted_cameras(harness.home, where)()
    (done,) = commands.run([(list(child.command[3:]), dict(child.env))], Path("/"))
    assert done["code"] != 0
    return str(done["err"])


def test_the_desk_shows_no_password_and_opens_no_file(harness: PlanningHarness, sources: CameraSources) -> None:
    def attempt(address: str) -> TriedCamera:
        assert address == ADDRESS
        return TriedCamera(1280, 720, 25.0, "h264", fits=True, still=None, why_no_still="")

    desk = CameraControl(sources, attempt, dict)
    desk.add("dep", "north", ADDRESS, by=authenticated(PLANNER))

    north, south = desk.lines("dep", ("north", "south"))
    assert (north.shown, south.state) == ("rtsp://***@10.0.0.7/stream1", "not added yet")
    for bad in ("/etc/passwd", "street.avi", "file:///etc/passwd", "", "lists", "concat:a|b"):
        with pytest.raises(LfrError):
            check_address(bad)
