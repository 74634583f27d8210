"""The look at the machine before anything is downloaded."""

from __future__ import annotations

import importlib
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lfr_core.common.settings import Settings

ROOT = Path(__file__).parents[2]


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def preflight(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("preflight")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def needs(preflight: Any, **changes: Any) -> Any:
    values = {"disk_mb": 10, "package_cache_mb": 10, "installs": True, "serves": False}
    return preflight.Needs(**{**values, **changes})


def test_the_ports_looked_at_are_those_of_the_settings(preflight: Any) -> None:
    ports = {f"LFR_{name.upper()}": f.default for name, f in Settings.model_fields.items() if name.endswith("_port")}

    assert ports == preflight.DEFAULT_PORTS


def test_this_machine_has_space_for_ten_megabytes(preflight: Any, tmp_path: Path) -> None:
    assert [f for f in preflight.inspect(tmp_path, {}, needs(preflight)) if f.fatal] == []


def test_a_full_disk_is_named_with_what_is_needed_and_what_is_free(
    preflight: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 100 * 2**20))

    found = preflight.check_disk(tmp_path, {"UV_CACHE_DIR": str(tmp_path / "uv")}, needs(preflight, disk_mb=1700))

    assert [f.fatal for f in found] == [True]
    assert "2,200 MB are needed" in found[0].text
    assert "100 MB are free" in found[0].text


def test_a_package_cache_on_another_file_system_needs_space_of_its_own(
    preflight: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "uv"
    cache.mkdir()
    monkeypatch.setattr(preflight, "_device", lambda folder: 2 if folder == cache else 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 1))

    found = preflight.check_disk(tmp_path, {"UV_CACHE_DIR": str(cache)}, needs(preflight))

    assert len(found) == 2


def test_hard_links_are_given_up_only_across_file_systems(
    preflight: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "uv"
    cache.mkdir()
    env = {"UV_CACHE_DIR": str(cache)}

    assert "UV_LINK_MODE" not in preflight.environment_of(tmp_path, env)
    monkeypatch.setattr(preflight, "_device", lambda folder: 2 if folder == cache else 1)
    assert preflight.environment_of(tmp_path, env)["UV_LINK_MODE"] == "copy"
    assert preflight.environment_of(tmp_path, {**env, "UV_LINK_MODE": "symlink"})["UV_LINK_MODE"] == "symlink"


def test_a_folder_that_cant_be_written_is_refused(preflight: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    found = preflight.check_write_access(tmp_path / "file")

    assert [f.fatal for f in found] == [True]


@pytest.mark.parametrize(
    ("available_mb", "serves", "fatal"),
    [(None, True, []), (8_000, True, []), (3_000, True, [False]), (500, True, [True]), (500, False, [False])],
)
def test_too_little_memory_stops_servers_and_warns_before_that(
    preflight: Any, available_mb: int | None, *, serves: bool, fatal: list[bool]
) -> None:
    found = preflight.check_memory(available_mb, needs(preflight, serves=serves))

    assert [f.fatal for f in found] == fatal


def test_a_taken_port_is_named_with_the_setting_that_moves_it(preflight: Any, taken_port: int) -> None:
    ports = {name: str(taken_port) if name == "LFR_MILVUS_PORT" else "1" for name in preflight.DEFAULT_PORTS}

    found = [f for f in preflight.check_ports(ports, ports) if "LFR_MILVUS_PORT" in f.advice]

    assert [(f.fatal, f.text) for f in found] == [(True, f"port {taken_port} is taken")]


def test_ports_of_servers_that_run_elsewhere_are_not_looked_at(preflight: Any, taken_port: int) -> None:
    env = {
        "LFR_KAFKA_SERVERS": "broker:9092",
        "LFR_MILVUS_URI": "http://milvus:19530",
        "LFR_KAFKA_PORT": str(taken_port),
        "LFR_KAFKA_CONTROLLER_PORT": str(taken_port),
        "LFR_MILVUS_PORT": str(taken_port),
        "LFR_OPERATOR_PORT": str(taken_port),
    }

    assert len(preflight.check_ports(env, preflight.DEFAULT_PORTS)) == 1


@pytest.mark.parametrize("text", ["", "0", "-1", "65536", "http"])
def test_a_port_that_is_none_is_refused_by_name(preflight: Any, text: str) -> None:
    found = preflight.check_ports({"LFR_OPERATOR_PORT": text}, ["LFR_OPERATOR_PORT"])

    assert [(f.fatal, f.text) for f in found] == [(True, f"LFR_OPERATOR_PORT={text} is no port")]


def test_only_the_ports_that_are_needed_next_are_looked_at(preflight: Any, tmp_path: Path, taken_port: int) -> None:
    env = {"LFR_OPERATOR_PORT": str(taken_port)}

    def is_reported(*ports: str) -> bool:
        return any("port" in f.text for f in preflight.inspect(tmp_path, env, needs(preflight, ports=ports)))

    assert [is_reported(), is_reported("LFR_OPERATOR_PORT")] == [False, True]


def test_settings_in_dotenv_count_but_the_environment_wins(preflight: Any, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nLFR_KAFKA_PORT=1\nexport LFR_MILVUS_PORT='2'\nPATH=/nowhere\n")

    made = preflight.environment_of(tmp_path, {"LFR_KAFKA_PORT": "3", "PATH": "/bin"})

    assert (made["LFR_KAFKA_PORT"], made["LFR_MILVUS_PORT"], made["PATH"]) == ("3", "2", "/bin")


def test_proxies_and_mirrors_of_the_user_reach_the_installers(preflight: Any, tmp_path: Path) -> None:
    theirs = {
        "HTTPS_PROXY": "p",
        "PIP_INDEX_URL": "i",
        "UV_DEFAULT_INDEX": "u",
        "NPM_CONFIG_REGISTRY": "n",
        "UV_PROJECT_ENVIRONMENT": "/elsewhere",
        "UV_PYTHON_DOWNLOADS": "automatic",
    }

    made = preflight.environment_of(tmp_path, {**theirs, "VIRTUAL_ENV": "/another/project"})

    assert {name: made.get(name) for name in theirs} == theirs
    assert "VIRTUAL_ENV" not in made
