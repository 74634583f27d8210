"""Settings: where things are, read from the environment when an entry point asks, and never at import."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from lfr_core.common.project import PROJECT
from lfr_core.common.settings import Settings


def test_everything_listens_on_this_machine_unless_told_otherwise() -> None:
    settings = Settings()

    assert settings.kafka_bootstrap == "127.0.0.1:9392"
    assert settings.gallery_uri == "http://127.0.0.1:19530"
    assert settings.records_url == f"sqlite:///{settings.home / 'records.sqlite3'}"


def test_services_elsewhere_replace_the_embedded_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LFR_KAFKA_SERVERS", "one:9092,two:9092")
    monkeypatch.setenv("LFR_MILVUS_URI", "http://milvus:19530")
    monkeypatch.setenv("LFR_DATABASE_URL", "postgresql+psycopg://u@db/lfr")
    settings = Settings()

    assert settings.kafka_bootstrap == "one:9092,two:9092"
    assert settings.gallery_uri == "http://milvus:19530"
    assert settings.records_url == "postgresql+psycopg://u@db/lfr"


def test_what_a_system_writes_and_what_can_be_fetched_again_lie_apart_below_the_checkout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LFR_HOME")
    monkeypatch.delenv("LFR_CACHE", raising=False)
    settings = Settings()

    assert (settings.home, settings.cache) == (PROJECT / "var" / "lfr", PROJECT / "var" / "cache")
    assert settings.pack_folder == settings.cache / "models" / "open-pack"


def test_a_model_pack_of_ones_own_is_used_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LFR_MODEL_PACK", str(tmp_path))

    assert Settings().pack_folder == tmp_path


def test_execution_providers_are_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LFR_EXECUTION_PROVIDERS", '["CUDAExecutionProvider", "CPUExecutionProvider"]')

    assert Settings().execution_providers == ("CUDAExecutionProvider", "CPUExecutionProvider")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_PORT", "many"),
        ("BROKER", "rabbit"),
        ("WORKERS", "-1"),
        ("FRAME_PARTITIONS", "0"),
        ("INFERENCE_THREADS", "0"),
    ],
)
def test_a_setting_that_cant_be_used_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"LFR_{name}", value)

    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_settings_in_use_cant_be_changed() -> None:
    settings = Settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.workers = 3  # type: ignore[misc]  # that is the point


def test_the_tests_have_a_home_of_their_own() -> None:
    assert not Settings().home.is_relative_to(PROJECT)
