"""What `lfr up` refuses: one clear sentence, a non-zero exit code, and nothing left running."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.supervisor.state import is_held
from tests.support.brokers import free_ports
from tests.support.run_commands import CommandProcess, Ended

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def up(commands: CommandProcess) -> Callable[..., Ended]:
    """Runs `lfr up` on ports of its own."""
    names = ("LFR_KAFKA_PORT", "LFR_KAFKA_CONTROLLER_PORT", "LFR_MILVUS_PORT", "LFR_OPERATOR_PORT")

    def run(home: Path, **env: str) -> Ended:
        ports = dict(zip(names, map(str, free_ports(4)), strict=True))
        given = {"LFR_HOME": str(home), "LFR_BROKER": "tansu"} | ports | env
        (ended,) = commands.run([(["up", "--no-page"], given)], Path("/"))
        return ended

    return run


def test_a_cluster_that_is_away_is_reported_before_anything_starts(up: Callable[..., Ended], tmp_path: Path) -> None:
    (port,) = free_ports(1)

    result = up(tmp_path, LFR_KAFKA_SERVERS=f"127.0.0.1:{port}", LFR_BROKER="auto")

    assert result["code"] == 75
    assert f"127.0.0.1:{port} doesn't answer" in result["err"]
    assert "LFR_KAFKA_SERVERS" in result["err"]
    assert not (tmp_path / "log").exists()


def test_a_taken_port_is_reported_with_its_owner_before_anything_starts(
    up: Callable[..., Ended], tmp_path: Path
) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = up(tmp_path, LFR_MILVUS_PORT=str(port))

    assert result["code"] == 70
    assert f"port {port} (gallery) is taken by" in result["err"]
    assert f"process {os.getpid()}" in result["err"]
    assert "LFR_MILVUS_PORT" in result["err"]
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"LFR_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/none"}, "is away"),
        pytest.param(
            {"LFR_POLICY_FILE": "/nowhere/policy.toml"}, "/nowhere/policy.toml can't be read", marks=pytest.mark.slow
        ),
        pytest.param(
            {"LFR_KAFKA_SERVERS": "127.0.0.1:kafka", "LFR_BROKER": "auto"}, "isn't host:port", marks=pytest.mark.slow
        ),
        ({"LFR_FRAME_PARTITIONS": "none"}, "LFR_FRAME_PARTITIONS"),
    ],
)
def test_what_cannot_be_used_is_named(up: Callable[..., Ended], tmp_path: Path, env: dict[str, str], says: str) -> None:
    result = up(tmp_path, **env)

    assert result["code"] in {70, 75}
    assert says in result["err"]
    assert "Traceback" not in result["err"]
    assert not result["bug"]
    assert not is_held(tmp_path)


def test_a_home_that_cannot_be_written_is_named(up: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = up(tmp_path / "file" / "home")

    assert result["code"] == 70
    assert "LFR_HOME" in result["err"]
    assert "Traceback" not in result["err"]
    assert not result["bug"]
