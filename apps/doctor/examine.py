"""All checks, in the order a person would mend them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.doctor import machine, services
from apps.doctor.checks import Check, Level, fail, guarded
from apps.doctor.open_ports import open_ports
from apps.supervisor.state import is_held
from lfr_core.common.errors import Fatal

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings

__all__ = ["examine"]


def examine(settings: Settings) -> list[Check]:
    """Look at everything these settings need; changes nothing but empty folders for home and cache."""
    from lfr_core.domain.policy import load_policy
    from streams.broker.choose import choose_broker, inspect_machine

    running = is_held(settings.home)
    found = inspect_machine(settings)
    try:
        choice = choose_broker(settings, found)
    except Fatal as error:
        choice, refusal = None, str(error)
    own_broker = choice is None or not choice.external
    kafka = own_broker and (choice is None or choice.traits.has_retention)
    checks = [
        guarded("settings", machine.settings_sources),
        guarded("write access", lambda: machine.write_access(settings)),
        guarded("privacy", lambda: machine.privacy(settings)),
        guarded("disk", lambda: machine.disk(settings)),
        guarded("home folder", lambda: machine.home_on_network(settings)),
        guarded("memory", machine.memory),
        guarded("security chip", lambda: machine.security_chip(settings)),
        guarded("clock", lambda: machine.clock(newest_record_ns=services.newest_record_ns(settings))),
        guarded("ports", lambda: machine.ports(settings, running=running, own_broker=own_broker)),
        guarded("java", lambda: machine.java(needed=kafka)),
        guarded("maven", lambda: machine.maven(jars=found.jars)),
        guarded("camera decoder", lambda: machine.camera_decoder(settings)),
        guarded("jars", lambda: services.jars(settings, needed=kafka and not found.maven)),
        guarded("policy", lambda: services.policy(settings)),
        guarded("models", lambda: services.models(settings)),
        guarded("database", lambda: services.database(settings)),
        guarded("gallery", lambda: services.gallery(settings, running=running)),
        guarded("workflows", lambda: services.workflows(settings, running=running)),
        guarded("identity", lambda: services.identity(settings, running=running)),
        guarded("retention", lambda: services.retention(settings, running=running)),
    ]
    checks += open_ports(settings, choice)
    if choice is None:
        return [*checks, fail("broker", refusal, "the sentence says how")]
    policy = None
    if not any(check.name == "policy" and check.level is Level.FAIL for check in checks):
        policy = load_policy(settings.policy_file)
    chosen = choice
    return [*checks, guarded("broker", lambda: services.broker(settings, chosen, policy, running=running))]
