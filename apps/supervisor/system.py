"""Bring a whole OpenLFR up: database, broker, topics, children. Used by `lfr up`, `lfr demo`, `lfr stream run`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from apps.supervisor.cameras import wanted_cameras
from apps.supervisor.comparing import Comparing
from apps.supervisor.kept_files import KeptFiles
from apps.supervisor.plan import plan, settings_env
from apps.supervisor.state import ChildReport, make_home, refuse_running
from apps.supervisor.supervisor import Supervisor
from lfr_core.common.disk_room import say_too_little_room
from lfr_core.common.errors import Retryable
from lfr_core.common.network_disk import say_on_network

if TYPE_CHECKING:
    from lfr_core.common.clock import Clock
    from lfr_core.common.settings import Settings
    from lfr_core.domain.policy import Policy
    from streams.broker.choose import BrokerChoice

__all__ = ["BROKER_DIFFERS", "FILES_DIFFER", "MACHINE_COPIED", "find_copied_machines", "running_system"]

BROKER_DIFFERS: Final = (
    "the message broker isn't as the platform made it: {}. Somebody with a login there has changed it. `lfr down`, "
    "then `lfr up`, puts its topics and rights right: see the runbook “The broker or a file was changed”"
)
MACHINE_COPIED: Final = (
    "two machines use what one was given when it was admitted: {}. One of them has a copy of its folder. Compliance "
    "dismisses it (`lfr vault dismiss-machine NAME`) and admits it anew: see the runbook “A machine is lost”"
)
FILES_DIFFER: Final = (
    "files of the platform have gone from under it: {}. It goes on while it runs and may not start again: don't stop "
    "it, and see the runbook “The broker or a file was changed”"
)


@contextmanager
def running_system(
    settings: Settings,
    policy: Policy,
    clock: Clock,
    *,
    with_page: bool = True,
    with_flows: bool = False,
    with_login: bool = False,
    on_change: Callable[[tuple[ChildReport, ...]], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Supervisor]:
    """Start everything these settings ask for, and stop it at the end:

        with running_system(settings, policy, clock) as running:
            running.wait_ready(120)

    In order: nothing may run in this home yet; it is closed to other users; the database is brought up to date; the
    broker is chosen (and written to broker.json, for clients in other processes) and its jars are verified, or, if
    Maven can't get them and nobody insists on Kafka, Tansu is taken; an external broker's topics are seen to; the
    children are started. `say` is given a line about what takes long.

    Raises:
        Fatal: a system runs here already, a setting is refused, a port is taken, no broker can run, a jar isn't ours.
        Retryable: the external broker or the database is away; Maven couldn't get the jars that are insisted on.
    """
    from lfr_core.custody.installation import kept_head_of
    from lfr_core.recognition.gallery.access import milvus_access
    from lfr_core.storage.migrate import upgrade
    from streams.broker.connection import connect_as
    from streams.broker.traits import remember_kind
    from streams.broker.users import User
    from streams.topics import ensure_topics

    milvus_access(settings)  # a refused setting is told before anything starts
    refuse_running(settings.home)
    make_home(settings.home)
    _see_to_home(settings, say)
    choice = _choose_with_jars(settings, say)
    if choice.traits.banner:
        say(f"{choice.traits.banner} ({choice.why})")
    upgrade(settings.records_url, had_by=kept_head_of(settings))
    if choice.external:
        ensure_topics(connect_as(User.ADMINISTRATION, settings, choice.traits), settings, policy, choice.traits)
    children = plan(settings, policy, choice=choice, with_page=with_page, with_flows=with_flows, with_login=with_login)
    cameras = wanted_cameras(settings.home, settings_env(settings, choice.traits.kind)) if with_flows else tuple
    comparing = Comparing(_comparisons(settings, policy, choice) if with_flows else ())
    with (
        comparing,
        Supervisor(
            children,
            settings.home,
            clock=clock,
            on_change=on_change,
            wanted=cameras,
            compared=comparing.read,
        ) as running,
    ):
        remember_kind(settings.home, choice.traits.kind, servers=settings.kafka_bootstrap, why=choice.why)
        yield running


def _choose_with_jars(settings: Settings, say: Callable[[str], None]) -> BrokerChoice:
    """Choose the broker, and see to what it needs. Raises as `running_system`."""
    from streams.broker.choose import choose_broker, inspect_machine
    from streams.broker.jars import ensure_jars
    from streams.broker.traits import BrokerKind

    machine = inspect_machine(settings)
    choice = choose_broker(settings, machine)
    if not choice.external and choice.traits.kind is BrokerKind.KAFKA:
        try:
            ensure_jars(settings.cache, say)
        except Retryable as error:  # Maven has no line to its registry
            if settings.broker != "auto" or machine.tansu is None:
                raise
            say(str(error))
            choice = choose_broker(settings, replace(machine, jars=False, maven=False))
    return choice


def _comparisons(
    settings: Settings, policy: Policy, choice: BrokerChoice
) -> tuple[tuple[Callable[[], Sequence[str]], str], ...]:
    """Return what is compared while it runs, and the sentence about what differs."""
    from streams.broker.altered import BrokerComparer

    broker = BrokerComparer(settings, policy, choice.traits, is_ours=not choice.external)
    found = ((broker.find_differences, BROKER_DIFFERS), (KeptFiles(settings).find_differences, FILES_DIFFER))
    return found if settings.vault_address else (*found, (partial(find_copied_machines, settings), MACHINE_COPIED))


def find_copied_machines(settings: Settings) -> Sequence[str]:
    """Return which admitted machines are two, by what the vault has seen. Raises LfrError: it is away."""
    from lfr_core.custody.vault.client import make_vault_client
    from lfr_core.domain.actors import ProcessIdentity

    client = make_vault_client(settings, ProcessIdentity.SUPERVISOR)
    try:
        machines = client.machines()
    finally:
        client.close()
    return [f"{each.name} (from {each.copied})" for each in machines if each.copied and each.dismissed_ns is None]


def _see_to_home(settings: Settings, say: Callable[[str], None]) -> None:
    """Close the home to other users; say that it lies on another machine, or a disk that we fill is nearly full."""
    from lfr_core.common.private_files import close_to_others

    for path in close_to_others(settings):
        say(f"{path} was open to other users of this machine, and is closed to them now")
    for trouble in (say_on_network(settings.home), say_too_little_room(settings.home, settings.footage_store)):
        if trouble:
            say(trouble)
