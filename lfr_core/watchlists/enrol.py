"""From a watchlist's folder to a deployment's gallery: check everything, then enrol what passed."""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from lfr_core.common.counts import counted
from lfr_core.common.errors import Fatal, LfrError, Refused
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.domain.reserved import LIVE_PROBE_ENTRY, LIVE_PROBE_REFERENCE
from lfr_core.domain.watchlists import EntryRow, Refusal, RefusalReason
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.recognition.gallery.binding import compare_rows
from lfr_core.recognition.gallery.port import Gallery, Reference, StoredRow
from lfr_core.recognition.selftest.face import live_probe_template
from lfr_core.watchlists.csv_file import read_rows
from lfr_core.watchlists.eligibility import refusal_of, select_eligible
from lfr_core.watchlists.entries import Entry, EntryReference, FaceCheck, WatchlistReport, entry_id, reference_id
from lfr_core.watchlists.face_choices import read_choices
from lfr_core.watchlists.kept_looks import CROPS_DROPPED, NOTHING_KEPT, KeptLooks, look_once
from lfr_core.watchlists.photograph_checks import Looked, Progress, look_at_listed
from lfr_core.watchlists.photographs import DigestedRows, check_photograph

__all__ = ["Progress", "check_watchlist", "enrol"]

_BLOCK = 256
"""Templates compared at a time when looking for one picture under two subjects: 256 x n floats, 10 MB of 10,000."""

_NOBODY = -2.0
"""Below every cosine."""


def check_watchlist(
    folder: Path,
    *,
    kind: DeploymentKind,
    engine: FaceEngine,
    policy: Policy,
    today: date,
    progress: Progress = lambda _done, _total: None,
    deployment: str = "",
    last_day: date | None = None,
    kept: KeptLooks = NOTHING_KEPT,
    listed: DigestedRows | None = None,
) -> WatchlistReport:
    """Check a folder with photographs and `watchlist.csv`; nothing is written.

    A subject with at least one good photograph is an entry, with those; the others are refusals. What is refused:

    * rows that can't be read, lack a value or name a file outside; entries that expire, or whose rows disagree;
    * photographs and checks dated after `today`;
    * somebody under 18 without a rationale, or without a second approver who is another person;
    * photographs that are missing, no image, too large, without one face or with a bad one;
    * a photograph under two subjects, for both: the same file, or templates at least
      `policy.watchlist.duplicate_photo_similarity` alike;
    * in an operational deployment a list of test subjects alone;
    * entries beyond `policy.watchlist.max_entries` in the CSV's order, test subjects not counted.

    Args:
        folder: where they lie.
        kind: of the deployment that the list is for.
        engine: finds and embeds the faces.
        policy: the limits.
        today: the day of use.
        progress: called after each photograph.
        deployment: whose entry ids are made; leave it empty when only checking: then no crop can be had.
        last_day: the deployment's, if that isn't `today`.
        kept: what an earlier compile found, and where this one keeps what it finds.
        listed: the CSV's rows, where they were read already.

    Raises:
        Poison: the folder or its CSV can't be read at all.
    """
    listed, choices = listed or DigestedRows.of(folder, read_rows(folder)), read_choices(folder)
    refusals = list(listed.read.refusals)
    rows = select_eligible(listed.read.rows, today=today, last_day=last_day or today, refusals=refusals)
    kept = kept if deployment or kept is not NOTHING_KEPT else CROPS_DROPPED
    look = partial(look_once, folder, engine=engine, policy=policy, choices=choices, kept=kept)
    check = partial(check_photograph, folder, engine=engine, policy=policy, choices=choices)
    looked, unusable = look_at_listed(listed, rows, refusals, look, check, progress, threads=_threads_for(engine))
    nearest = _nearest_others(looked)
    looked = _keep_unshared(looked, _owners(listed), nearest, policy, refusals)
    entries = _keep_within_limits(_entries(looked, deployment), looked, kind, policy, refusals)
    return WatchlistReport(
        contract_id=engine.contract_id,
        entries=tuple(entries),
        refusals=tuple(sorted(refusals, key=lambda r: r.line)),
        faces=tuple(sorted((*unusable, *nearest), key=lambda face: face.line)),
        live_probe_template=live_probe_template(engine),
    )


def enrol(report: WatchlistReport, gallery: Gallery, name: str, contract_id: str) -> tuple[StoredRow, ...]:
    """Make the gallery `name` and fill it with the report's entries and the drawn test face.

    On any failure it is dropped again.

    Returns what it must hold from now on, which is what it was found to hold.

    Raises:
        Refused: `watchlist.empty`, `gallery.exists`.
        Fatal: the templates are of another embedding contract than `contract_id`; the store doesn't hold, bit for bit,
            what was put into it.
        Retryable: Milvus is away.
    """
    if not report.entries:
        raise Refused("watchlist.empty", "no entry of the watchlist can be enrolled; see what was refused and why")
    if report.contract_id != contract_id:
        raise Fatal(f"the templates are of embedding contract {report.contract_id}, not {contract_id}; check again")
    gallery.create(name, contract_id)
    try:
        references = [Reference(r.id, entry.id, r.template) for entry in report.entries for r in entry.references]
        if report.live_probe_template is not None:
            references.append(Reference(LIVE_PROBE_REFERENCE, LIVE_PROBE_ENTRY, report.live_probe_template))
        bound = gallery.add(name, contract_id, references)
        if found := compare_rows(bound, gallery.rows(name, contract_id)):
            raise Fatal(f"the gallery doesn't hold what was put into it ({found.words}): look at Milvus's disk and log")
        return bound
    except BaseException:
        with suppress(LfrError):  # the first failure is the one to tell
            gallery.drop(name)
        raise


def _threads_for(engine: FaceEngine) -> int:
    return (os.cpu_count() or 1) if isinstance(engine, PackEngine) else 1


def _owners(listed: DigestedRows) -> dict[str, set[str]]:
    """Return the subjects under which each file stands, by its hash: expired and conflicting rows count too."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in listed.read.rows:
        sha256 = listed.digests[row.photograph]
        if sha256 is not None:
            owners[sha256].add(row.subject)
    return owners


def _nearest_others(looked: list[Looked]) -> list[FaceCheck]:
    """Find for each photograph the most alike one of any other subject."""
    subjects = np.array([row.subject for row, _ in looked])
    _, number = np.unique(subjects, return_inverse=True)
    templates = np.array([photo.template for _, photo in looked], dtype=np.float32)
    nearest: list[FaceCheck] = []
    for start in range(0, len(looked), _BLOCK):
        block = slice(start, start + _BLOCK)
        similarity = templates[block] @ templates.T
        similarity[number[block, None] == number[None, :]] = _NOBODY
        for (row, photo), at, value in zip(
            looked[block], similarity.argmax(axis=1), similarity.max(axis=1), strict=True
        ):
            likeness, whose = (float(value), str(subjects[at])) if value > _NOBODY else (None, "")
            nearest.append(FaceCheck(row.line, row.subject, row.photograph, None, likeness, whose, notes=photo.notes))
    return nearest


def _keep_unshared(
    looked: list[Looked],
    owners: dict[str, set[str]],
    nearest: list[FaceCheck],
    policy: Policy,
    refusals: list[Refusal],
) -> list[Looked]:
    """Keep those whose picture stands under one subject only; whose picture the others show, nobody can say."""
    alike = policy.watchlist.duplicate_photo_similarity
    others = [owners[photo.sha256] - {row.subject} for row, photo in looked]
    for shared, face in zip(others, nearest, strict=True):
        if face.other_similarity is not None and face.other_similarity >= alike:
            shared.add(face.other_subject)
    for (row, _), shared in zip(looked, others, strict=True):
        if shared:
            refusals.append(
                refusal_of(
                    row,
                    RefusalReason.SHARED_PHOTOGRAPH,
                    f"the same picture stands under {', '.join(sorted(shared))}: find out whom it shows",
                )
            )
    return [item for item, shared in zip(looked, others, strict=True) if not shared]


def _entries(looked: list[Looked], deployment: str) -> list[Entry]:
    by_subject: dict[str, list[Looked]] = defaultdict(list)
    for row, photo in looked:
        by_subject[row.subject].append((row, photo))
    entries = []
    for subject, items in by_subject.items():
        row, entry = items[0][0], entry_id(deployment, subject)
        references = {  # one reference a file, though it may lie there under two names
            photo.sha256: EntryReference(
                id=reference_id(entry, photo.sha256),
                photograph=item.photograph,
                template=photo.template,
                read_crop=photo.read_crop,
                quality=photo.quality,
            )
            for item, photo in reversed(items)
        }
        entries.append(
            Entry(
                id=entry,
                subject=subject,
                category=row.category,
                legal_reference=row.legal_reference,
                approved_by=row.approved_by,
                expires_on=row.expires_on,
                references=tuple(reversed(references.values())),
                age=min((item.age for item, _ in items if item.age is not None), default=None),
            )
        )
    return entries


def _keep_within_limits(
    entries: list[Entry], looked: list[Looked], kind: DeploymentKind, policy: Policy, refusals: list[Refusal]
) -> list[Entry]:
    rows: dict[str, list[EntryRow]] = defaultdict(list)
    for row, _ in looked:
        rows[row.subject].append(row)
    real = [entry for entry in entries if not entry.category.is_test_subject]
    if kind is DeploymentKind.OPERATIONAL and not real:
        refusals += [
            refusal_of(
                row,
                RefusalReason.TEST_SUBJECTS_ONLY,
                "a list of test subjects alone belongs to an evaluation or a demo: use --kind evaluation",
            )
            for entry in entries
            for row in rows[entry.subject]
        ]
        return []
    beyond = {entry.id for entry in real[policy.watchlist.max_entries :]}
    refusals += [
        refusal_of(
            row,
            RefusalReason.TOO_MANY,
            f"the list holds {counted(len(real), 'entry')}; {policy.watchlist.max_entries} are allowed: shorten it",
        )
        for entry in entries
        if entry.id in beyond
        for row in rows[entry.subject]
    ]
    return [entry for entry in entries if entry.id not in beyond]
