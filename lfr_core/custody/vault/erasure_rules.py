"""Which kept keys may be destroyed by which rule, and what the keystore and the records must say of them first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from lfr_core.common.errors import Refused
from lfr_core.custody.vault.access import PeopleRegister
from lfr_core.custody.vault.key_terms import CLOCKS_APART_S, KeyTerms
from lfr_core.custody.vault.port import ErasureRule, KeptKeyInfo, KeyKind
from lfr_core.domain.gate_inputs import GateFacts, GateFactsSource

__all__ = ["ERASES", "check_erasure_rule", "check_lists_unused", "check_requests"]

ERASES: Final[Mapping[ErasureRule, frozenset[KeyKind]]] = MappingProxyType(
    {
        ErasureRule.ALERTS_DUE: frozenset({KeyKind.ALERT, KeyKind.SIGHTINGS}),
        ErasureRule.FOOTAGE_DUE: frozenset({KeyKind.FOOTAGE}),
        ErasureRule.FOOTAGE_STRAY: frozenset({KeyKind.FOOTAGE}),
        ErasureRule.LIST_AT_CLOSE: frozenset({KeyKind.WATCHLIST}),
        ErasureRule.LIST_ENDED: frozenset({KeyKind.WATCHLIST}),
        ErasureRule.LIST_REFUSED: frozenset({KeyKind.WATCHLIST}),
        ErasureRule.REQUEST_CLOSED: frozenset({KeyKind.RIGHTS}),
        ErasureRule.REQUEST_NOT_TAKEN: frozenset({KeyKind.RIGHTS}),
    }
)
"""Which keys a rule of erasure is about. Which processes may name it stands in `process_identity.py`."""
_WHEN_DUE: Final = frozenset({KeyKind.ALERT, KeyKind.FOOTAGE, KeyKind.SIGHTINGS})
"""What nobody has destroyed before it is due."""


def check_erasure_rule(rule: ErasureRule, infos: Collection[KeptKeyInfo], facts: GateFactsSource, now_ns: int) -> None:
    """See that a rule is about these keys, and that what is to go when it is due is due.

    Alerts and sightings of test subjects, of an evaluation or a demonstration that is over, may go before.

    Raises:
        Refused: `vault.erasure-rule`; `vault.not-due`: by the keystore, whatever the records say.
        Retryable: something isn't due, and the records don't say of whom it is.
    """
    for info in infos:
        if info.kind not in ERASES[rule]:
            raise Refused("vault.erasure-rule", f"{rule} is no rule for keys of {info.kind}: none is destroyed")
    early = [info for info in infos if info.kind in _WHEN_DUE and info.due_ns > now_ns + CLOCKS_APART_S * 1e9]
    for info in early:
        if info.kind is KeyKind.FOOTAGE or not _is_past_test(facts.facts(info.deployment)):
            raise Refused("vault.not-due", f"the {info.kind} {info.subject} isn't due yet: its key isn't destroyed")


def _is_past_test(found: GateFacts | None) -> bool:
    return found is not None and found.status.is_over and not found.is_operational and not found.records_why


def _has_list(found: GateFacts) -> bool:
    """Return whether a list was attached to the deployment."""
    return bool(found.gallery or (found.planned is not None and found.planned.list_digest))


def check_requests(
    rule: ErasureRule, infos: Iterable[KeptKeyInfo], people: PeopleRegister, terms: KeyTerms, now_ns: int
) -> None:
    """See that a request is closed, or was never taken, among those whose keys are to be destroyed.

    One that is closed has its content under another key; one that wasn't taken has no record, and a key that was made
    a moment ago: a record that somebody took away doesn't make it one.

    Raises:
        Refused: `vault.request-open`; `records.not-on-trail`; `audit.damaged`.
        Retryable: the records are away.
    """
    for info in infos:
        if info.kind is not KeyKind.RIGHTS:
            continue
        closed = people.is_request_closed(info.subject)  # a closed one's new key is of `…/closed`, which is none's name
        was_not_taken = closed is None and "/" not in info.subject and terms.is_new_request(info, now_ns)
        if not (closed if rule is ErasureRule.REQUEST_CLOSED else was_not_taken):
            raise Refused("vault.request-open", f"the records don't say so of {info.subject}: its key isn't destroyed")


def check_lists_unused(rule: ErasureRule, infos: Iterable[KeptKeyInfo], facts: GateFactsSource) -> None:
    """See that no list is in use among those whose keys are to be destroyed.

    A refused list's deployment isn't over, and has no list yet.

    Raises:
        Refused: `vault.list-in-use`.
        Retryable: the records don't say whether a deployment is over.
    """
    for deployment in sorted({info.deployment for info in infos if info.kind is KeyKind.WATCHLIST}):
        found = facts.facts(deployment)
        is_refused = rule is ErasureRule.LIST_REFUSED and found is not None and not _has_list(found)
        if found is None or not (found.status.is_over or is_refused):
            raise Refused("vault.list-in-use", f"{deployment} isn't over: its list's key isn't destroyed before it is")
