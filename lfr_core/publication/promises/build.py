"""The checks of one installation, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from numpy.random import Generator
from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.common.project import PROJECT
from lfr_core.custody.installation import Installation
from lfr_core.custody.vault.port import Vault
from lfr_core.domain.gate import GateLimits
from lfr_core.domain.policy import Policy
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.checks.accuracy import FalseAlerts, ThresholdBound
from lfr_core.publication.promises.checks.answers import AnswersInTime
from lfr_core.publication.promises.checks.audit_and_certificates import DeletionCertified, TrailVerifies
from lfr_core.publication.promises.checks.authority import Authorised
from lfr_core.publication.promises.checks.frames import FacesForgotten, NoTemplateKept, RecognitionGated
from lfr_core.publication.promises.checks.lists import (
    ListGone,
    ListLawful,
    ListNew,
    LiveCamerasOnly,
    OnlyListedMatched,
    SearchForgets,
)
from lfr_core.publication.promises.checks.people import AvoidanceNoGround, PersonDecides
from lfr_core.publication.promises.checks.published import Announced, ResultsInTime
from lfr_core.publication.promises.checks.retention import AlertsGone, DeletionsInTime, FootageGone
from lfr_core.publication.promises.checks.source import NoExportPath
from lfr_core.publication.promises.ledger import PromiseLedger
from lfr_core.publication.promises.port import PromiseCheck
from lfr_core.recognition.gallery.milvus import milvus_gallery
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.retention.build import build_certificate_service
from lfr_core.retention.erasure.certificate_service import CertificateService

__all__ = ["State", "checks_of", "open_ledger"]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What the checks read."""

    engine: Engine
    vault: Vault
    gallery: Gallery
    certificates: CertificateService
    keystore_folder: Path
    records_key: Callable[[], bytes]
    """Asks the vault for the key of what the audit trail says of records."""
    source: Path
    """The folder that holds the packages."""
    alone: bool
    """Whether nobody else uses that Milvus."""
    random: Generator
    """For the bootstrap of rates."""
    clock: Clock
    """Wall time."""
    pause: Callable[[float], None]
    """Waits for so many seconds."""


def checks_of(state: State, policy: Policy) -> tuple[PromiseCheck, ...]:
    """Build every check there is. Nothing is connected or read before the first check is run."""
    engine, vault, accuracy = state.engine, state.vault, policy.accuracy
    large, small = accuracy.large_list_people, accuracy.small_list_people
    return (
        ListNew(engine, vault),
        ListLawful(engine),
        OnlyListedMatched(engine),
        ListGone(engine, vault, policy),
        SearchForgets(engine, state.gallery, policy, alone=state.alone),
        LiveCamerasOnly(engine),
        FacesForgotten(engine, policy.vault),
        NoTemplateKept(engine),
        RecognitionGated(engine, vault, state.clock, GateLimits.of(policy), state.pause),
        NoExportPath(state.source),
        AlertsGone(engine, vault, policy),
        FootageGone(engine, vault, policy),
        DeletionsInTime(engine, policy),
        ThresholdBound(engine),
        FalseAlerts(
            engine, "accuracy.large-list", list_people=large, one_in=accuracy.large_list_one_in, random=state.random
        ),
        FalseAlerts(
            engine, "accuracy.small-list", list_people=small, one_in=accuracy.small_list_one_in, random=state.random
        ),
        PersonDecides(engine),
        AvoidanceNoGround(engine),
        Authorised(engine),
        Announced(engine),
        ResultsInTime(engine, policy.publication),
        AnswersInTime(engine, policy.publication),
        TrailVerifies(engine, state.keystore_folder, state.records_key),
        DeletionCertified(engine, state.certificates, state.keystore_folder, policy),
    )


@contextmanager
def open_ledger(
    installation: Installation, *, random: Generator, pause: Callable[[float], None]
) -> Iterator[PromiseLedger]:
    """Open the ledger of an installation; the gallery that it looks at is closed at the end of the block.

    Raises:
        Retryable: the database's folder can't be written.
    """
    settings, engine, policy = installation.settings, installation.engine, installation.policy
    vault, trail, clock = installation.vault, installation.trail, installation.clock
    with closing(milvus_gallery(settings)) as gallery:
        state = State(
            engine=engine,
            vault=vault,
            gallery=gallery,
            certificates=build_certificate_service(installation),
            keystore_folder=settings.keystore_folder,
            records_key=trail.records_key,
            source=PROJECT,
            alone=not settings.milvus_uri,
            random=random,
            clock=clock,
            pause=pause,
        )
        yield PromiseLedger(engine, trail, clock, promises(policy), checks_of(state, policy))
