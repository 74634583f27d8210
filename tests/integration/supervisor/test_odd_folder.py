"""Everything is below the home folder, whatever its name, and a broker that writes elsewhere is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import make_url

from apps.supervisor.plan import plan
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.canaille import build_account_directory
from lfr_core.custody.identity.embedded import identity_folder
from lfr_core.domain.policy import load_policy
from lfr_core.storage.migrate import check, upgrade
from streams.broker import KAFKA
from streams.broker.choose import BrokerChoice
from streams.broker.log_dirs import read_log_dirs, refuse_other_folder
from streams.broker.users import login_folder
from tests.support.brokers import RunningBroker, new_kafka
from tests.support.milvus import MilvusServer
from tests.support.prefect import PrefectProcess

ODD = "sp ace/ünï 😀 100%41 {x} ?q=1#x :=\\'\"&;"
"""White space, letters outside ASCII and outside 16 bits, and what means something in URLs and properties."""


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    folder = tmp_path / "odd" / ODD
    folder.mkdir(parents=True)
    return folder


def assert_nothing_beside(odd: Path) -> None:
    """No second folder with a mangled name, at any step of the way."""
    top = odd.parents[1]
    assert [each.name for each in top.iterdir()] == ["sp ace"]
    assert [each.name for each in (top / "sp ace").iterdir()] == [odd.name]


@pytest.mark.kafka
@pytest.mark.parametrize("name", ["home", "ho,me"])
@pytest.mark.slow
def test_kafka_keeps_its_records_in_the_home_whatever_its_name_and_whatever_the_locale(
    odd: Path, tmp_path: Path, kafka_libs: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    broker = new_kafka(odd / name, kafka_libs)
    broker.start()
    try:
        broker.fresh_topics(tmp_path / "elsewhere")
        refuse_other_folder(broker.connection(), broker.data)
        assert read_log_dirs(broker.connection()) == (str(broker.data),)
    finally:
        broker.stop()

    assert any(each.name.startswith("lfr.") for each in broker.data.iterdir())
    assert_nothing_beside(odd)
    assert [each.name for each in odd.iterdir()] == [name]


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_that_keeps_its_records_elsewhere_than_it_was_told_does_not_start(
    kafka_broker: RunningBroker, tmp_path: Path
) -> None:
    port = int(kafka_broker.servers.rpartition(":")[2])
    own = BrokerChoice(KAFKA, external=False, needs_maven=False, why="a test")
    settings = Settings(home=tmp_path, kafka_port=port, broker="kafka")
    assert kafka_broker.logins is not None
    shutil.copytree(kafka_broker.logins, login_folder(settings))
    (broker,) = [each for each in plan(settings, load_policy(), choice=own) if each.name == "broker"]

    assert broker.once_ready is not None
    with pytest.raises(Fatal, match=f"keeps its records in {kafka_broker.data} and not in {tmp_path}"):
        broker.once_ready()


@pytest.mark.kafka
def test_a_broker_that_names_the_folder_but_writes_another_is_found_out(
    kafka_broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.broker.log_dirs.read_log_dirs", lambda _connection: (str(tmp_path),))

    with pytest.raises(Fatal, match="aren't there"):
        refuse_other_folder(kafka_broker.connection(), tmp_path)


@pytest.mark.slow
def test_records_and_gallery_are_in_the_home_whatever_its_name(odd: Path) -> None:
    settings = Settings(home=odd / "home")
    upgrade(settings.records_url)
    gallery = MilvusServer(odd / "home" / "milvus").start()
    gallery.stop()

    assert make_url(settings.records_url).database == str(odd / "home" / "records.sqlite3")
    assert check(settings.records_url)
    assert (odd / "home" / "records.sqlite3").stat().st_size > 0
    assert any((odd / "home" / "milvus").iterdir())
    assert_nothing_beside(odd)
    assert {each.name for each in odd.iterdir()} == {"home"}


@pytest.mark.identity
@pytest.mark.slow
def test_the_accounts_are_in_the_home_whatever_its_name(odd: Path) -> None:
    home = odd / "home"

    build_account_directory(Settings(home=home), load_policy().access).create("olu.operator", "Olu Operator")

    assert (identity_folder(Settings(home=home)) / "accounts.sqlite3").stat().st_size > 0
    assert_nothing_beside(odd)
    assert {each.name for each in odd.iterdir()} == {"home"}


@pytest.mark.slow
def test_the_workflow_server_is_in_the_home_whatever_its_name(odd: Path) -> None:
    home = odd / "home"
    home.mkdir()
    process = PrefectProcess(home)
    try:
        process.start()
        process.server.ask("POST", "/flows/", {"name": "odd"})
    finally:
        process.stop()

    assert (home / "prefect" / "prefect.db").stat().st_size > 0
    assert_nothing_beside(odd)
    assert {each.name for each in odd.iterdir()} == {"home"}
