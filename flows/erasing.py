"""Proof of deletion, put together: the services of these settings, and planting in all of them. Needs no Prefect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.client import vault_client
from lfr_core.domain.actors import SystemActor
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary
from lfr_core.retention.erasure.places import broker_store
from lfr_core.retention.erasure.service import Erasure
from streams.broker.traits import traits_of

if TYPE_CHECKING:
    import numpy as np
    from sqlalchemy import Engine

    from lfr_core.common.settings import Settings
    from lfr_core.domain.deployments import DeploymentView
    from lfr_core.domain.policy import Policy
    from lfr_core.recognition.gallery import Gallery

__all__ = ["erasure_of", "plant"]

ACTOR = SystemActor.ERASURE


def erasure_of(settings: Settings, policy: Policy, engine: Engine) -> Erasure:
    """The services. Nothing is connected until something is asked. Raises Fatal when broker.json is damaged."""
    vault = vault_client(settings)
    return Erasure(
        settings=settings,
        engine=engine,
        vault=vault,
        trail=AuditTrail(vault, SystemClock()),
        clock=SystemClock(),
        broker=broker_store(settings, has_retention=traits_of(settings).has_retention),
        grace_s=policy.vault.grace_s,
    )


def plant(
    settings: Settings,
    policy: Policy,
    engine: Engine,
    deployment: str,
    kinds: Sequence[CanaryKind],
    say: Callable[[str], None] = lambda _: None,
) -> tuple[InjectedCanary, ...]:
    """Plant canaries of `kinds`, and make their control: each must be found where it was put.

    A sighting and its alert are planted together. `say` is told before each.

    Raises:
        Refused: `deployment.unknown`; what a kind needs (a list, a live deployment) isn't there.
        Retryable: the broker, Milvus, the vault or the records are away.
    """
    import numpy as np

    from lfr_core.deployments.views import DeploymentReader
    from streams.canary import CanaryStreams

    view = DeploymentReader(engine).find(deployment)
    if view is None:
        raise Refused(
            "deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows those there are"
        )
    erasure = erasure_of(settings, policy, engine)
    random = np.random.default_rng()
    streams = CanaryStreams(
        settings.kafka_bootstrap, traits_of(settings), policy, erasure.vault, engine, erasure.clock, random
    )
    planted: list[InjectedCanary] = []
    ways: dict[CanaryKind, Callable[[], tuple[InjectedCanary, ...]]] = {
        CanaryKind.TEMPLATE: lambda: (_template(settings, erasure, view, random),),
        CanaryKind.REFERENCE: lambda: (_reference(erasure, view, random),),
        CanaryKind.FOOTAGE: lambda: (streams.inject_footage(deployment, settings.footage_store),),
        CanaryKind.ALERT: lambda: streams.inject_alert(view),
        CanaryKind.FRAME: lambda: (streams.inject_frame(deployment),),  # last: the broker keeps it for a minute
    }
    wanted = {CanaryKind.ALERT if kind is CanaryKind.SIGHTING else kind for kind in kinds}
    for kind, way in ways.items():
        if kind in wanted:
            say(f"planting: {kind.value}")
            planted += way()
    say("searching for what was planted")
    return erasure.remember(deployment, planted)


def _template(
    settings: Settings, erasure: Erasure, view: DeploymentView, random: np.random.Generator
) -> InjectedCanary:
    from lfr_core.recognition.gallery import MilvusGallery
    from lfr_core.recognition.gallery.rotated import rotated_gallery
    from lfr_core.retention.erasure.inject import inject_template

    def turned(inner: Gallery) -> Gallery:
        return rotated_gallery(inner, erasure.vault, actor=ACTOR)

    with closing(MilvusGallery(settings.gallery_uri)) as milvus:
        return inject_template(view, turned, milvus, erasure.engine, clock=erasure.clock, random=random)


def _reference(erasure: Erasure, view: DeploymentView, random: np.random.Generator) -> InjectedCanary:
    from lfr_core.retention.erasure.inject import inject_reference

    return inject_reference(erasure.engine, erasure.vault, view, clock=erasure.clock, random=random)
