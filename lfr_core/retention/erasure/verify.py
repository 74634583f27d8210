"""The search itself: every store, for every canary, in the clear and as it was stored; and what follows from it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from lfr_core.common.errors import Fatal
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary, PositiveControl
from lfr_core.retention.erasure.keys import Keys
from lfr_core.retention.erasure.search import Needles, SearchResult, search_files
from lfr_core.retention.erasure.stores import Store, say_another

__all__ = [
    "CanaryFinding",
    "ControlledCanary",
    "NotRead",
    "StoreResult",
    "Verdict",
    "Verification",
    "confirm",
    "find_failures",
    "verify",
]

_MOST_NAMED = 20
"""Unreadable files named in a certificate; their number is reported too."""


class Verdict(StrEnum):
    """What the search of one store says of one canary."""

    FOUND_CLEAR = "found clear"
    """Its clear form lies there: never allowed."""
    GONE = "gone"
    """Nothing of it is there."""
    SEALED = "sealed and unopenable"
    """Its sealed form is still there; the vault refuses, and the key's fingerprint is among the destroyed."""
    KEPT = "kept, not due yet"
    """Its stored form is there, and its time isn't over."""
    OPENABLE = "still openable"
    """Its stored form is there though it is due, and can be opened or was never sealed."""
    NOT_SEARCHED = "not searched"
    """The store, or a part of it, couldn't be read."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NotRead(_Value):
    """Something that wasn't read, and why."""

    where: str
    why: str


class CanaryFinding(_Value):
    """One canary in one store."""

    canary: str
    verdict: Verdict
    places: tuple[str, ...] = ()
    """Where, at most a few."""
    why: str = ""


class StoreResult(_Value):
    """One store. Times in milliseconds, so that every number of a certificate is whole."""

    store: str
    what: str
    searched: bool
    files: int
    bytes_read: int
    milliseconds: int
    not_searched: tuple[NotRead, ...]
    """Parts that weren't read."""
    unread_files: int
    findings: tuple[CanaryFinding, ...]


class Verification(_Value):
    """What a search of all stores said, and when."""

    at_ns: int
    ended_ns: int | None
    """When the deployment ended; None: it hasn't."""
    engine_control: bool
    """Whether the search found a file with the clear forms that was put there for it to find."""
    due: tuple[str, ...]
    """Canaries that had to be gone by then."""
    stores: tuple[StoreResult, ...]
    failures: tuple[str, ...]
    unknown_files: Mapping[str, int] = {}
    """How many files that no record knows lie among the data, by place: that they hold no canary says little."""

    @property
    def passed(self) -> bool:
        return not self.failures


def confirm(injected: Sequence[InjectedCanary], stores: Iterable[Store]) -> tuple[InjectedCanary, ...]:
    """Search, as the control, for what was just injected: note whether its stored form was found, and mark its store.

    Raises:
        Retryable: a service is away.
        Fatal: a store's mark can't be written.
    """
    result: list[InjectedCanary] = []
    by_name = {store.name: store for store in stores}
    searches: dict[str, frozenset[tuple[str, bool]]] = {}
    for one in injected:
        store = by_name.get(one.store)
        if store is None or not store.searched:
            result.append(one.model_copy(update={"control": PositiveControl.NOT_SEARCHED}))
            continue
        if one.store not in searches:
            needles = _CanaryNeedles([each for each in injected if each.store == one.store])
            searches[one.store] = frozenset(needles.hits(store.search(needles.needles)))
        is_there = (one.id, False) in searches[one.store]
        control, mark = PositiveControl.FOUND if is_there else PositiveControl.MISSED, store.mark(make=is_there)
        result.append(one.model_copy(update={"control": control, "mark": mark}))
    return tuple(result)


def verify(
    injected: Sequence[InjectedCanary],
    stores: Sequence[Store],
    keys: Keys,
    *,
    now_ns: int,
    ended_ns: int | None,
    scratch: Path,
    known: Sequence[str] = (),
    unknown_files: Mapping[str, int] | None = None,
) -> Verification:
    """Search every store for every canary.

    Args:
        injected: what to look for.
        stores: where.
        keys: says whether a key is gone.
        now_ns: wall time: decides what is due.
        ended_ns: when the deployment ended; None: it hasn't.
        scratch: folder for the file that the search must find; it is removed again.
        known: what is wrong already, in words: it fails the verification too.
        unknown_files: how many files no record knows, by place.

    Raises:
        Retryable: the vault, the records or a searched service are away: nothing can be said.
        Fatal: `scratch` can't be written.
    """
    needles = _CanaryNeedles(injected)
    due = {one.id for one in injected if one.is_due(now_ns, ended_ns)}
    gone: dict[str, str] = {one.id: _still_opens(one, keys, due=one.id in due) for one in injected}
    results = tuple(_search(store, needles, gone, due) for store in stores)
    engine_control = _finds_what_is_there(needles, scratch)
    return Verification(
        at_ns=now_ns,
        ended_ns=ended_ns,
        engine_control=engine_control,
        due=tuple(one.id for one in injected if one.id in due),
        stores=results,
        failures=(*known, *find_failures(injected, results, engine_control=engine_control)),
        unknown_files=dict(unknown_files or {}),
    )


class _CanaryNeedles:
    """The needles of several canaries, and whose each is."""

    def __init__(self, injected: Sequence[InjectedCanary]) -> None:
        self.injected = injected
        owned = [(needle, one.id, clear) for one in injected for clear in (True, False) for needle in _of(one, clear)]
        self.needles = Needles([needle for needle, _, _ in owned])
        self._owners = [(canary, clear) for _, canary, clear in owned]

    def hits(self, searched: SearchResult) -> dict[tuple[str, bool], list[str]]:
        """Return places by canary and form (True: clear)."""
        places: dict[tuple[str, bool], list[str]] = {}
        for found in searched.found:
            named = places.setdefault(self._owners[found.needle], [])
            if (where := f"{found.where} at {found.offset}") not in named:
                named.append(where)
        return places


def _of(injected: InjectedCanary, clear: bool) -> tuple[bytes, ...]:  # noqa: FBT001  one of two forms
    return injected.clear if clear else injected.stored


def _still_opens(injected: InjectedCanary, keys: Keys, *, due: bool) -> str:
    """Say why what is stored can still be opened; empty when it can't."""
    if not injected.key_id:
        return "it isn't sealed: only its removal makes it go"
    state = keys.state(injected)
    if not due and not state.is_gone:
        return "its key isn't due to be destroyed yet"
    if not state.refused:
        return "the vault doesn't say that its key is gone"
    return "" if state.recorded else "the vault has no such key, but its fingerprint isn't among those destroyed"


def _search(store: Store, needles: _CanaryNeedles, still_opens: dict[str, str], due: set[str]) -> StoreResult:
    searched = store.search(needles.needles)
    hits = needles.hits(searched)
    found = [one for one in needles.injected if one.store == store.name and one.control is PositiveControl.FOUND]
    instead = say_another(store, searched, {one.mark for one in found})
    readable = store.searched and not searched.unreadable and not instead
    findings = [
        _judge(one, hits, still_opens[one.id], due=one.id in due, readable=readable) for one in needles.injected
    ]
    unread = [NotRead(where=store.name, why=instead)] if instead else []
    unread += [NotRead(where=one.where, why=one.why) for one in (*store.limits, *searched.unreadable)]
    return StoreResult(
        store=store.name,
        what=store.what,
        searched=store.searched,
        files=searched.files,
        bytes_read=searched.bytes_read,
        milliseconds=round(searched.seconds * 1e3),
        not_searched=tuple(unread[:_MOST_NAMED]),
        unread_files=len(searched.unreadable),
        findings=tuple(findings),
    )


def _judge(
    injected: InjectedCanary, hits: dict[tuple[str, bool], list[str]], opens: str, *, due: bool, readable: bool
) -> CanaryFinding:
    if clear := hits.get((injected.id, True)):
        return CanaryFinding(canary=injected.id, verdict=Verdict.FOUND_CLEAR, places=tuple(clear[:5]))
    if stored := hits.get((injected.id, False)):
        verdict = Verdict.SEALED if not opens else Verdict.OPENABLE if due else Verdict.KEPT
        return CanaryFinding(canary=injected.id, verdict=verdict, places=tuple(stored[:5]), why=opens)
    return CanaryFinding(canary=injected.id, verdict=Verdict.GONE if readable else Verdict.NOT_SEARCHED)


def _finds_what_is_there(needles: _CanaryNeedles, scratch: Path) -> bool:
    """Check that the search finds every canary's clear form in a file made for it. The file is removed at once."""
    try:
        scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix="lfr-control-", dir=scratch)
    except OSError as error:
        raise Fatal(f"the search's own control can't be written to {scratch}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            for one in needles.injected:
                file.write(b"\x00" * 7 + b"\x00".join(one.clear))
        hits = needles.hits(search_files(needles.needles, [Path(name)]))
    except OSError as error:
        raise Fatal(f"the search's own control can't be written to {scratch}: {error.strerror}") from error
    finally:
        Path(name).unlink(missing_ok=True)
    return all((one.id, True) in hits for one in needles.injected)


class ControlledCanary(Protocol):
    """A canary as injected, or as a certificate names it."""

    @property
    def id(self) -> str: ...

    @property
    def kind(self) -> CanaryKind: ...

    @property
    def store(self) -> str: ...

    @property
    def control(self) -> PositiveControl: ...


def find_failures(
    injected: Sequence[ControlledCanary], results: Sequence[StoreResult], *, engine_control: bool
) -> Iterable[str]:
    """Yield what the findings of a search fail for, in words."""
    if not engine_control:
        yield "the search didn't find what was put there for it to find: none of its answers counts"
    kinds = {one.id: one.kind.value for one in injected}
    homes = {(one.id, one.store) for one in injected if one.control is PositiveControl.FOUND}
    for one in injected:
        if one.control in (PositiveControl.MISSED, PositiveControl.PENDING):
            yield f"{one.kind.value}: control {one.control.value}: after the injection it wasn't found in {one.store}"
    for result in results:
        for finding in result.findings:
            if finding.verdict is Verdict.FOUND_CLEAR:
                yield f"{kinds[finding.canary]}: found in the clear in {result.store}"
            elif finding.verdict is Verdict.OPENABLE:
                yield f"{kinds[finding.canary]}: still openable in {result.store} though due: {finding.why}"
            elif finding.verdict is Verdict.NOT_SEARCHED and (finding.canary, result.store) in homes:
                yield f"{kinds[finding.canary]}: {result.store} can't be read whole, where it was injected"
