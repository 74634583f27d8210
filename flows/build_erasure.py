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

__all__ = ["build_erasure", "inject_canaries"]

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
    import numpy as np

    from lfr_core.deployments.views import DeploymentReader
    from streams.canary import CanaryStreams

    settings, engine = installation.settings, installation.engine
    view = DeploymentReader(engine).find(deployment)
    if view is None:
        raise Refused(
            "deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows those there are"
        )
    random = np.random.default_rng()
    streams = CanaryStreams(
        connect_as(User.ERASURE, settings),
        read_traits(settings),
        installation.policy,
        installation.vault,
        engine,
        installation.clock,
        random,
    )
    injected: list[InjectedCanary] = []
    injectors: dict[CanaryKind, Callable[[], tuple[InjectedCanary, ...]]] = {
        CanaryKind.TEMPLATE: lambda: (_inject_template(installation, view, random),),
        CanaryKind.REFERENCE: lambda: (_inject_reference(installation, view, random),),
        CanaryKind.FOOTAGE: lambda: (streams.inject_footage(deployment, settings.footage_store),),
        CanaryKind.ALERT: lambda: streams.inject_alert(view),
        CanaryKind.FRAME: lambda: (streams.inject_frame(deployment),),  # last: the broker keeps it for a minute
    }
    asked = {CanaryKind.ALERT if kind is CanaryKind.SIGHTING else kind for kind in kinds}
    for kind, inject in injectors.items():
        if kind in asked:
            report(f"injecting: {kind.value}")
            injected += inject()
    report("searching for the canaries")
    return build_erasure(installation).remember(deployment, injected)


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
