"""Proves deletion for one installation: its services put together, and canaries injected into every store.

Imports no Prefect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from lfr_core.common.errors import Refused
from lfr_core.domain.actors import SystemActor
from lfr_core.retention.build import build_certificate_service
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary
from lfr_core.retention.erasure.places import broker_store
from lfr_core.retention.erasure.service import Erasure
from streams.broker.connection import connect_as
from streams.broker.traits import read_traits
from streams.broker.users import User

if TYPE_CHECKING:
    import numpy as np

    from lfr_core.custody.installation import Installation
    from lfr_core.domain.deployments import DeploymentView
    from streams.canary import CanaryStreams

__all__ = ["build_erasure", "collect_frame_canary", "inject_canaries"]

ACTOR = SystemActor.ERASURE


def build_erasure(installation: Installation) -> Erasure:
    """Put the services together. Connects to nothing. Raises Fatal when broker.json is damaged."""
    settings = installation.settings
    return Erasure(
        settings=settings,
        engine=installation.engine,
        vault=installation.vault,
        trail=installation.trail,
        certificates=build_certificate_service(installation),
        clock=installation.clock,
        broker=broker_store(settings, has_retention=read_traits(settings).has_retention),
        grace_s=installation.policy.vault.grace_s,
    )


def inject_canaries(
    installation: Installation,
    deployment: str,
    kinds: Sequence[CanaryKind],
    report: Callable[[str], None] = lambda _: None,
) -> tuple[InjectedCanary, ...]:
    """Inject canaries of `kinds`, and make their control: each must be found where it was put.

    A sighting and its alert are injected together. `report` is called with a line before each.

    Raises:
        Refused: `deployment.unknown`; what a kind needs (a list, a live deployment) isn't there.
        Retryable: the broker, Milvus, the vault or the records are away.
    """
    from lfr_core.deployments.views import DeploymentReader

    settings = installation.settings
    view = DeploymentReader(installation.engine).find(deployment)
    if view is None:
        raise Refused(
            "deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows those there are"
        )
    streams = _build_streams(installation)
    injected: list[InjectedCanary] = []
    injectors: dict[CanaryKind, Callable[[], tuple[InjectedCanary, ...]]] = {
        CanaryKind.TEMPLATE: lambda: (_inject_template(installation, view, streams.random),),
        CanaryKind.REFERENCE: lambda: (_inject_reference(installation, view, streams.random),),
        CanaryKind.FOOTAGE: lambda: (streams.inject_footage(deployment, settings.footage_store),),
        CanaryKind.ALERT: lambda: streams.inject_alert(view),
    }
    asked = {CanaryKind.ALERT if kind is CanaryKind.SIGHTING else kind for kind in kinds}
    for kind, inject in injectors.items():
        if kind in asked:
            report(f"injecting: {kind.value}")
            injected += inject()
    erasure = build_erasure(installation)
    known: tuple[InjectedCanary, ...] = ()
    if injected:
        report("searching for the canaries")
        known = erasure.remember(deployment, injected)
    if CanaryKind.FRAME in asked:  # last: the broker keeps it for a minute, and without a camera there is none
        report(f"injecting: {CanaryKind.FRAME.value}")
        known += erasure.remember(deployment, [streams.inject_frame(deployment)])
    return known


def collect_frame_canary(
    installation: Installation, deployment: str, *, ask: bool = True
) -> tuple[InjectedCanary, ...]:
    """Make the control of the canary frame that a camera has just sent; none has: with `ask` one is asked for.

    Raises:
        Refused: the gate is shut.
        Retryable: the vault or the records are away.
    """
    sent = _build_streams(installation).collect_frame(deployment, ask=ask)
    return () if sent is None else build_erasure(installation).remember(deployment, [sent])


def _build_streams(installation: Installation) -> CanaryStreams:
    import numpy as np

    from streams.canary import CanaryStreams

    return CanaryStreams(
        connect_as(User.ERASURE, installation.settings),
        read_traits(installation.settings),
        installation.policy,
        installation.vault,
        installation.engine,
        installation.clock,
        np.random.default_rng(),
    )


def _inject_template(installation: Installation, view: DeploymentView, random: np.random.Generator) -> InjectedCanary:
    from lfr_core.recognition.gallery.milvus import milvus_gallery
    from lfr_core.recognition.gallery.rotated import build_rotated_gallery
    from lfr_core.retention.erasure.inject import inject_template

    rotate = partial(build_rotated_gallery, vault=installation.vault, actor=ACTOR, clock=installation.clock)
    with closing(milvus_gallery(installation.settings)) as milvus:
        return inject_template(view, rotate, milvus, installation.engine, clock=installation.clock, random=random)


def _inject_reference(installation: Installation, view: DeploymentView, random: np.random.Generator) -> InjectedCanary:
    from lfr_core.retention.erasure.inject import inject_reference

    return inject_reference(installation.engine, installation.vault, view, clock=installation.clock, random=random)
