"""`lfr camera` as a user and a supervisor meet it: a process with a database, a broker and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.storage.engine import open_engine
from tests.support.brokers import RunningBroker
from tests.support.counting_worker import CountingWorker, assert_counts_explain_every_gap
from tests.support.databases import make_records
from tests.support.records import as_operational, store_of
from tests.support.run_commands import CommandProcess
from tests.support.vault_server import serving_vault
from tests.support.worker_processes import environment_of

LFR = [sys.executable, "-c", "from apps.cli.camera import app; app()"]


@pytest.fixture
def environment(topics: RunningBroker, tmp_path: Path, policy: Policy) -> Iterator[dict[str, str]]:
    settings = topics.settings(tmp_path / "home")
    make_records(settings.records_url)
    engine = open_engine(settings.records_url)
    store = store_of(engine)
    store.create("op-elm", DeploymentKind.EVALUATION, name="Elm Street")
    as_operational(engine, "op-elm")
    store.create("test-day", DeploymentKind.EVALUATION, name="Test day")
    engine.dispose()
    with serving_vault(settings):  # a camera signs what it says of itself
        yield os.environ | environment_of(settings)


@pytest.mark.kafka
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_a_signal_ends_a_camera_with_an_end_record_and_exit_code_0(
    number: signal.Signals, environment: dict[str, str], worker: CountingWorker, video: Callable[..., Path]
) -> None:
    process = subprocess.Popen(
        [*LFR, "run", "--source", str(video(frames=30)), "--deployment", "test-day", "--name", f"cli-{number}",
         "--loop", "--json"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while not any(header.camera == f"cli-{number}" for header in worker.headers):
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()

    assert process.returncode == 0, err
    report = json.loads(out)
    session = next(header.session for header in worker.headers if header.camera == f"cli-{number}")
    end = worker.wait_for_end(session)
    assert end.sequence == report["captured"]
    assert_counts_explain_every_gap(worker.frames(session), end)


@pytest.mark.kafka
def test_a_file_for_an_operational_deployment_exits_77_and_says_why(
    environment: dict[str, str], video: Callable[..., Path], commands: CommandProcess
) -> None:
    words = ["camera", "run", "--source", str(video()), "--deployment", "op-elm", "--name", "gate"]
    (done,) = commands.run([(words, environment)], Path("/"))

    assert done["code"] == 77
    assert "camera.recorded-source" in done["err"]
    assert "live cameras only" in done["err"]


def test_probe_tells_a_program_what_a_source_is_and_the_smallest_face_it_can_find(
    video: Callable[..., Path], tmp_path: Path, commands: CommandProcess, policy: Policy
) -> None:
    words = ["camera", "probe", "--source", str(video("a.mp4")), "--json"]
    (done,) = commands.run([(words, {"LFR_HOME": str(tmp_path)})], Path("/"))

    assert done["code"] == 0
    found = json.loads(done["out"])
    assert (found["width_px"], found["height_px"], found["passthrough"], found["live"]) == (320, 180, False, False)
    assert found["fits"]
    assert found["smallest_eye_distance_px"] == policy.faces.min_eye_distance_px  # so small a frame is enlarged
    assert found["smallest_face_share_of_width"] == pytest.approx(2.2 * 18 / 320, abs=1e-4)


def test_probe_of_something_else_fails_with_advice(tmp_path: Path, commands: CommandProcess) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir")

    words = ["camera", "probe", "--source", str(tmp_path / "letter.txt")]
    (done,) = commands.run([(words, {"LFR_HOME": str(tmp_path)})], Path("/"))

    assert done["code"] == 65
    assert "letter.txt" in done["err"]


@pytest.mark.parametrize("act", [("probe",), ("run", "--deployment", "op-elm", "--name", "gate")])
def test_a_password_in_the_command_line_is_refused_before_anything_is_opened_and_shown_nowhere(
    act: tuple[str, ...], tmp_path: Path, commands: CommandProcess
) -> None:
    address = "rtsp://viewer:s3cret@127.0.0.1:9/stream1"
    words, env = ["camera", *act], {"LFR_HOME": str(tmp_path)}
    typed, given = commands.run(
        [([*words, "--source", address], env), (["camera", "probe"], env | {"LFR_CAMERA_SOURCE": address})], Path("/")
    )

    said = " ".join(typed["err"].replace("│", " ").split())  # out of its frame
    assert typed["code"] == 2
    assert "this address names a user or may hold a password, and every user of this machine can see" in said
    assert "give the address in LFR_CAMERA_SOURCE" in said
    assert "may hold a password" not in given["err"]
    assert "s3cret" not in typed["err"] + typed["out"] + given["err"] + given["out"]
