"""The children of a running OpenLFR: which, with which command, ready when, after whom."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apps.supervisor.children import ChildSpec
from apps.supervisor.identity import identity_child
from apps.supervisor.probes import broker_answers, http_ok, port_answers, says_alive, says_ready, vault_answers
from apps.supervisor.workflows import purge_child, workflow_children
from lfr_core.common.environment import LOCK_MEMORY
from lfr_core.common.starting import STARTING
from lfr_core.recognition.gallery.access import LOGIN_VARIABLE
from lfr_core.recognition.lite_server import lite_server_command
from streams.broker.choose import BrokerChoice, choose_broker, inspect_machine
from streams.broker.connection import connect_as
from streams.broker.jars import libs_folder
from streams.broker.kafka import KafkaNode, broker_command
from streams.broker.tansu import tansu_binary, tansu_command
from streams.broker.traits import BrokerKind, BrokerTraits
from streams.broker.users import User, login_folder

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings
    from lfr_core.domain.policy import Policy

__all__ = ["plan", "settings_env", "worker_count"]

BROKER, GALLERY, VAULT, RECORD, PAGE, WATCH = "broker", "gallery", "vault", "record", "page", "watch"
PUBLIC = "public"
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What numpy and Milvus read; two threads that wait for each other cost eleven times as much (docs/facts.md)."""
_ALLOCATOR: Final = {"MALLOC_ARENA_MAX": "2"}
"""glibc keeps a heap for each thread, up to 16: pages open for half an hour held 382 MB of which 139 were in use."""
_WORKER_START_S = 120.0  # models are loaded and warmed up; on a busy machine that takes a while


def settings_env(settings: Settings, broker: BrokerKind | None = None) -> dict[str, str]:
    """Return `settings` as the environment that gives a child the same ones; folders absolute, `broker` if decided.

    A setting that is None isn't passed: it is None by default. A login of Milvus that was given beside them goes along.
    """
    env: dict[str, str] = {}
    for name, value in settings:
        match value:
            case None:
                continue
            case Path():
                # the public site's folder is a link that is replaced: it isn't followed
                text = str(value.absolute() if name == "public_folder" else value.resolve())
            case bool():
                text = "true" if value else "false"
            case tuple() | list():
                text = json.dumps(value)
            case _:
                text = str(value)
        env[f"LFR_{name.upper()}"] = text
    if settings.milvus_uri and LOGIN_VARIABLE in os.environ:
        env[LOGIN_VARIABLE] = os.environ[LOGIN_VARIABLE]
    if broker is not None:
        env["LFR_BROKER"] = broker.value
    return env


def worker_count(settings: Settings) -> int:
    """Return the number of recognition workers: as set, else one per core less one for the rest, at least one."""
    return settings.workers or max(1, (os.cpu_count() or 2) - 1)


def plan(
    settings: Settings,
    policy: Policy,
    *,
    choice: BrokerChoice | None = None,
    with_page: bool = True,
    with_flows: bool = False,
    with_login: bool = False,
) -> list[ChildSpec]:
    """Plan every child that these settings ask for; what they name as external isn't started.

    `with_flows`: Prefect's server, our flows, the purge, and the watch over planned deployments. A run that ends by
    itself and destroys what it made needs none of them. `with_login`: the identity server, without pages and flows too.

    Raises:
        Fatal: no broker can be run on this machine (see `streams.broker.choose`).
    """
    choice = choice or choose_broker(settings, inspect_machine(settings))
    threads = str(settings.inference_threads)  # beyond it, the processes would fight for the cores
    env = settings_env(settings, choice.traits.kind) | dict.fromkeys(_THREAD_COUNTS, threads)
    env |= _ALLOCATOR | {LOCK_MEMORY: "1", STARTING: "1"}  # who is given settings has faces or keys
    children: list[ChildSpec] = []
    if not choice.external:
        children.append(_broker(settings, policy, choice.traits))
    if not settings.milvus_uri:
        children.append(_gallery(settings))
    if not settings.vault_address:
        children.append(_vault(settings, env))
    needs = tuple(child.name for child in children)
    broker = tuple(name for name in needs if name in {BROKER, VAULT})
    children.append(_worker(settings, env, "record", 0, broker))
    children += [_worker(settings, env, "recognise", index, needs) for index in range(worker_count(settings))]
    if with_page:
        children.append(_page(settings, env, broker))
    if with_page and with_flows:
        children.append(_public(settings, policy))
    if (with_page or with_flows or with_login) and not settings.oidc_issuer:
        children.append(identity_child(settings, env))
    if with_flows:
        children += workflow_children(settings, policy, env, (VAULT,))
        children.append(_watch(settings, env, (*broker, RECORD)))
        children.append(purge_child(settings, policy, env))
    return children


def _broker(settings: Settings, policy: Policy, traits: BrokerTraits) -> ChildSpec:
    connection = connect_as(User.ADMINISTRATION, settings, traits)
    ports: tuple[int, ...] = (settings.kafka_port,)
    records: Path | None = None
    if traits.kind is BrokerKind.KAFKA:
        home, libs = settings.home.resolve() / "kafka", libs_folder(settings.cache.resolve())
        node = KafkaNode(
            home, settings.kafka_port, settings.kafka_controller_port, libs, login_folder(settings).resolve()
        )
        command, records = broker_command(node), node.log_dir
        ports += (settings.kafka_controller_port,)
    else:
        binary = tansu_binary(settings.cache)
        command = tansu_command(binary or Path("tansu"), settings.kafka_port)

    def topics() -> None:
        from streams.broker.log_dirs import refuse_other_folder
        from streams.broker.rights import ensure_rights
        from streams.topics import ensure_topics

        if records is not None:
            refuse_other_folder(connection, records)
            ensure_rights(connection)
        ensure_topics(connection, settings, policy, traits)

    return ChildSpec(
        BROKER,
        command,
        ready=broker_answers(connection),
        once_ready=topics,  # again after each restart: Tansu has forgotten them, Kafka may keep records elsewhere
        stop_deadline_s=20.0,  # Kafka closes its segments
        start_deadline_s=90.0,
        ports=ports,
    )


def _gallery(settings: Settings) -> ChildSpec:
    return ChildSpec(
        GALLERY,
        lite_server_command(settings.home.resolve() / "milvus", settings.milvus_port),
        env=dict.fromkeys(_THREAD_COUNTS, str(settings.inference_threads)) | {STARTING: "1"},
        ready=port_answers(settings.milvus_port),
        ports=(settings.milvus_port,),
        shares_ports=True,  # gRPC's default
    )


def _vault(settings: Settings, env: dict[str, str]) -> ChildSpec:
    return ChildSpec(
        VAULT,
        (sys.executable, "-m", "apps.vault"),
        env=env,
        ready=vault_answers(settings),
        alive=vault_answers(settings),
        stop_deadline_s=5.0,
    )


def _worker(settings: Settings, env: dict[str, str], role: str, index: int, needs: tuple[str, ...]) -> ChildSpec:
    recognises = role == "recognise"
    # streams.worker.ready_file, without importing Faust here; a test keeps the two equal
    liveness = settings.home.resolve() / "run" / f"worker-{role}-{index}.ready"
    return ChildSpec(
        f"{role}-{index}" if recognises else RECORD,
        (sys.executable, "-m", "streams.worker", role, "--index", str(index)),
        env=env,
        ready=says_ready(liveness),
        alive=says_alive(liveness),
        start_deadline_s=_WORKER_START_S,
        after=needs,
        prepares=True,
        outlived_by=(RECORD,) if recognises else (),  # what it sends last is still recorded
    )


def _watch(settings: Settings, env: dict[str, str], needs: tuple[str, ...]) -> ChildSpec:
    # apps.watch.process.ready_file, without importing the records here; a test keeps the two equal
    liveness = settings.home.resolve() / "run" / "watch.ready"
    return ChildSpec(
        WATCH,
        (sys.executable, "-m", "apps.watch"),
        env=env,
        ready=says_ready(liveness),
        alive=says_alive(liveness),
        after=needs,
        prepares=True,
    )


def _public(settings: Settings, policy: Policy) -> ChildSpec:
    """Specify the public site without our settings in its environment: it could reach nothing and needs none."""
    from apps.public.launch import command

    return ChildSpec(
        PUBLIC,
        tuple(command(settings, drafts=bool(policy.force.placeholders))),
        ready=http_ok(f"http://127.0.0.1:{settings.public_port}/health"),
        alive=http_ok(f"http://127.0.0.1:{settings.public_port}/health"),
        stop_deadline_s=5.0,
        after=(VAULT,),
        ports=(settings.public_port,),
        shares_ports=True,
    )


def _page(settings: Settings, env: dict[str, str], needs: tuple[str, ...]) -> ChildSpec:
    from apps.staff.launch import command, health_address

    answers = http_ok(health_address(settings))
    return ChildSpec(
        PAGE,
        tuple(command()),
        env=env,
        ready=answers,
        alive=answers,
        stop_deadline_s=5.0,
        after=needs,
        prepares=True,
        ports=(settings.operator_port,),
        shares_ports=True,
    )
