from __future__ import annotations

import os
from pathlib import Path

import pytest

from apps.supervisor.children import stages
from apps.supervisor.plan import plan, settings_env, worker_count
from lfr_core.common.environment import LOCK_MEMORY
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.broker import KAFKA, TANSU, BrokerKind
from streams.broker.choose import BrokerChoice

OWN_KAFKA = BrokerChoice(KAFKA, external=False, needs_maven=False, why="a test")
OWN_TANSU = BrokerChoice(TANSU, external=False, needs_maven=False, why="a test")
CLUSTER = BrokerChoice(KAFKA, external=True, needs_maven=False, why="a test")


def test_the_environment_gives_a_child_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        home=tmp_path / "home",
        cache=tmp_path / "cache",
        policy_file=tmp_path / "policy.toml",
        database_url="postgresql+psycopg://lfr@db/lfr",
        execution_providers=("CUDAExecutionProvider", "CPUExecutionProvider"),
        acknowledge_model_licence=True,
        workers=3,
    )
    for name in [name for name in os.environ if name.startswith("LFR_")]:
        monkeypatch.delenv(name)
    for name, text in settings_env(settings).items():
        monkeypatch.setenv(name, text)

    assert Settings() == settings


def test_the_environment_names_the_broker_that_was_chosen() -> None:
    assert settings_env(Settings(), BrokerKind.TANSU)["LFR_BROKER"] == "tansu"


def test_everything_embedded_is_started_in_order_and_record_stops_after_recognise(tmp_path: Path) -> None:
    children = plan(Settings(home=tmp_path, workers=2), load_policy(), choice=OWN_KAFKA, with_page=False)

    assert [[spec.name for spec in stage] for stage in stages(children)] == [
        ["broker", "gallery", "vault"],
        ["record"],
        ["recognise-0", "recognise-1"],
    ]
    assert all("record" not in spec.after for spec in children)  # they load their models meanwhile


def test_what_the_settings_name_is_not_started(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, kafka_servers="kafka:9092", milvus_uri="http://milvus:19530", workers=1)

    children = plan(settings, load_policy(), choice=CLUSTER, with_page=False)

    assert [spec.name for spec in children] == ["vault", "record", "recognise-0"]
    assert [spec.after for spec in children] == [(), ("vault",), ("vault",)]


def test_nothing_we_start_listens_beyond_loopback(tmp_path: Path) -> None:
    for choice in (OWN_KAFKA, OWN_TANSU):
        children = plan(Settings(home=tmp_path), load_policy(), choice=choice, with_page=False)

        assert not any("0.0.0.0" in word for spec in children for word in spec.command)


def test_every_child_that_holds_faces_or_keys_locks_its_memory_and_is_prepared_before_it_imports_anything(
    tmp_path: Path,
) -> None:
    children = plan(
        Settings(home=tmp_path, workers=1), load_policy(), choice=OWN_KAFKA, with_flows=True, with_login=True
    )
    locked = {spec.name: spec.env.get(LOCK_MEMORY) == "1" for spec in children}
    ours = {
        spec.name: spec.command[spec.command.index("-m") + 1].partition(".")[0]
        for spec in children
        if "-m" in spec.command
    }

    assert locked == {
        "broker": False,  # Java: frames are sealed there
        "gallery": False,  # Milvus Lite's own program: templates, turned
        "vault": True,
        "record": True,
        "recognise-0": True,
        "page": True,
        "public": False,  # can read what is published, and nothing else
        "identity": True,  # becomes canaille's program
        "workflows": False,  # Prefect's server: times and ids
        "flows": True,
        "watch": True,
        "purge": True,
    }
    assert set(ours) == set(locked)
    assert set(ours.values()) <= {"apps", "flows", "lfr_core", "streams"}  # they prepare a process: test_environment


def test_each_port_of_ours_is_reserved_before_anything_starts_but_for_the_brokers_which_shows_its_password(
    tmp_path: Path,
) -> None:
    children = plan(Settings(home=tmp_path, workers=1), load_policy(), choice=OWN_KAFKA, with_flows=True)
    kept = {spec.name: spec.shares_ports for spec in children if spec.ports}

    assert kept == {
        "broker": False,  # Java shares no port; SCRAM has the broker show that it knows each password
        **dict.fromkeys(("gallery", "page", "public", "identity", "workflows"), True),
    }


def test_ports_of_tansu_are_only_its_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, kafka_port=1111, kafka_controller_port=2222)

    kafka, tansu = (
        plan(settings, load_policy(), choice=choice, with_page=False)[0] for choice in (OWN_KAFKA, OWN_TANSU)
    )

    assert (kafka.ports, tansu.ports) == ((1111, 2222), (1111,))


def test_workers_are_one_per_core_less_one_unless_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert (worker_count(Settings()), worker_count(Settings(workers=3))) == (7, 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert worker_count(Settings()) == 1


def test_a_worker_is_ready_by_the_very_file_that_the_worker_writes(tmp_path: Path) -> None:
    from streams.worker import ready_file

    settings = Settings(home=tmp_path, workers=2)
    children = {spec.name: spec for spec in plan(settings, load_policy(), choice=OWN_KAFKA, with_page=False)}
    for name, role, index in (("recognise-1", "recognise", 1), ("record", "record", 0)):
        file = ready_file(settings, role, index)
        file.parent.mkdir(exist_ok=True)
        file.write_text("4711")

        assert children[name].ready(4711)


def test_a_forced_broker_that_cannot_run_is_refused_before_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Fatal, match="LFR_BROKER=kafka"):
        plan(Settings(home=tmp_path, cache=tmp_path, broker="kafka"), load_policy(), with_page=False)
