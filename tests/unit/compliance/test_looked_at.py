"""The ledger says when its promises were last looked at."""

from __future__ import annotations

from apps.compliance.panels import looked_at_words
from lfr_core.publication.promises.ledger import LedgerEntry
from lfr_core.publication.promises.port import Promise
from tests.support.records import NOW_NS

HOUR_NS = 3_600_000_000_000


def looked_at(*moments: int | None) -> str:
    promise = Promise("a", "A sentence.", "A source.", check="a")
    return looked_at_words([LedgerEntry(promise, at_ns=each) for each in moments])


def test_who_reads_the_ledger_is_told_of_what_time_it_is() -> None:
    one = looked_at(NOW_NS, None, NOW_NS)

    assert one.startswith("Last looked at on ")
    assert "Longest ago" not in one
    assert "Longest ago, of one of them: " in looked_at(NOW_NS, NOW_NS - HOUR_NS)
    assert looked_at(None) == "They weren't looked at yet."
