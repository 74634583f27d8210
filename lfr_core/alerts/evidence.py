"""What is handed to somebody who doesn't trust us: an export of the trail, and the evidence of one deployment.

No names, no pictures, no ids of people on lists: figures, the trail with its pseudonyms, certificates, signatures.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import BinaryIO, Protocol

from sqlalchemy import Engine

from lfr_core.alerts import read
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.bundle import BundleSummary, BundleWriter
from lfr_core.custody.audit.entry import canonical
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import HeadSigner, Signer, Verb
from lfr_core.custody.audit.read import snapshot
from lfr_core.custody.audit.slices import SliceCounts, read_deployment_lines, whole_lines
from lfr_core.custody.vault.signing import NOT_SIGNED

__all__ = ["SignedText", "certificate_line", "describe", "export_trail", "write_evidence"]

_TRIES = 5
"""A deployment that runs is recorded meanwhile, and the vault signs what the records say when it looks."""


class SignedText(Protocol):
    """A certificate as it is kept: canonical JSON, and whose signature it has (hexadecimal)."""

    @property
    def body(self) -> str: ...

    @property
    def signature(self) -> str: ...

    @property
    def public_key(self) -> str: ...


def export_trail(
    engine: Engine,
    out: BinaryIO,
    *,
    signer: Signer | None,
    clock: Clock,
    deployment: str | None = None,
    verb: Verb | None = None,
    since_ns: int | None = None,
) -> BundleSummary:
    """Write the whole trail as JSON lines; of entries that don't fit the filters only the digest, so that it verifies.

    Without a signer (the vault is away) the manifest isn't signed, and the newest signed head speaks for the entries.

    Raises:
        Refused: `audit.damaged`.
        Retryable: the database is away.
        OSError: the file can't be written.
    """
    counts, bundle = SliceCounts(), BundleWriter(out)
    with snapshot(engine) as session:
        bundle.begin("audit")
        for line in whole_lines(
            session,
            lambda entry: (
                (deployment is None or entry.deployment == deployment)
                and (verb is None or entry.verb == verb.value)
                and (since_ns is None or entry.at_ns >= since_ns)
            ),
            counts,
        ):
            bundle.write_line(line)
    return bundle.finish(
        {
            "kind": "openlfr.audit-export",
            "made_at_ns": clock.time_ns(),
            "filter": {
                "deployment": deployment or "",
                "verb": "" if verb is None else verb.value,
                "since_ns": since_ns or 0,
            },
            **asdict(counts),
        },
        signer,
    )


def write_evidence(
    engine: Engine,
    deployment: str,
    out: BinaryIO,
    *,
    signer: HeadSigner,
    clock: Clock,
    certificates: Sequence[SignedText],
) -> BundleSummary:
    """Write the evidence of one deployment: its authority, its counts, its part of the trail, its certificates.

    Raises:
        Refused: `deployment.unknown`; `audit.damaged`; `vault.not-signed`: the records go on changing.
        Retryable: the vault or the database is away.
        OSError: the file can't be written.
    """
    describe(engine, deployment)  # or refused before anything is written
    start = out.tell()
    for left in reversed(range(_TRIES)):
        sign_head(engine, signer, clock)  # so that every entry there is has a signature over it
        try:
            return _write_evidence(engine, deployment, out, signer=signer, clock=clock, certificates=certificates)
        except Refused as error:
            if error.rule != NOT_SIGNED or not left:
                raise
        out.seek(start)  # something was recorded meanwhile, and the vault has looked
        out.truncate()
    raise AssertionError  # the last try returns or raises


def describe(engine: Engine, deployment: str) -> tuple[str, str]:
    """Return a deployment's authority and its counts, each as a line of its evidence.

    Raises:
        Refused: `deployment.unknown`.
        Retryable: the database is away.
    """
    found = read.deployment(engine, deployment)
    if found is None:
        raise Refused("deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows them")
    totals = read.counts(engine, deployment)
    counts = {
        "frames": asdict(totals.frames),
        "faces": totals.faces,
        "tracks_started": totals.tracks_started,
        "faces_compared": totals.faces_compared,
        "alerts": _tally(totals.alerts),
        "blue_list": _tally(totals.blue_list),
    }
    return _authority(found), canonical(counts)


def certificate_line(one: SignedText) -> str:
    """Return a certificate as a line of a deployment's evidence."""
    return canonical({"certificate": json.loads(one.body), "public_key": one.public_key, "signature": one.signature})


def _write_evidence(
    engine: Engine,
    deployment: str,
    out: BinaryIO,
    *,
    signer: Signer,
    clock: Clock,
    certificates: Sequence[SignedText],
) -> BundleSummary:
    bundle, counts = BundleWriter(out), SliceCounts()
    with snapshot(engine) as session:
        bundle.begin("audit")
        for line in read_deployment_lines(session, deployment, counts):
            bundle.write_line(line)
    bundle.begin("certificates")
    for one in certificates:
        bundle.write_line(certificate_line(one))
    for part, line in zip(("authority", "counts"), describe(engine, deployment), strict=True):
        bundle.begin(part)
        bundle.write_line(line)
    return bundle.finish(
        {
            "kind": "openlfr.evidence",
            "deployment": deployment,
            "made_at_ns": clock.time_ns(),
            **asdict(counts),
        },
        signer,
    )


def _authority(found: read.DeploymentSummary) -> str:
    """Write the deployment as public facts."""
    view = found.view
    times = {"created_at": found.created_at, "opened_at": found.opened_at, "ended_at": found.ended_at}
    return canonical(
        {
            "deployment": view.id,
            "kind": view.kind.value,
            "status": view.status.value,
            "embedding_contract": view.contract_id,
            "threshold": view.threshold,
            "agreeing_shots": view.agreeing_shots,
            "live_only": view.live_only,
            "watchlist_size": found.watchlist_size,
            "blue_list_size": found.blue_list_size,
            **{name: None if at is None else at.isoformat() for name, at in times.items()},
        }
    )


def _tally(tally: read.AlertTally) -> dict[str, object]:
    return {
        "total": tally.total,
        "undecided": tally.undecided,
        "judgements": {key.value: number for key, number in tally.judgements.items()},
        "engagements": {key.value: number for key, number in tally.engagements.items()},
        "cells": {key.value: number for key, number in tally.cells.items()},
    }
