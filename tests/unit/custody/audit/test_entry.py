from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.chain import Chain, Fault
from lfr_core.custody.audit.entry import (
    GENESIS,
    StoredEntry,
    actor_name,
    canonical,
    check_event,
    digest_of,
    link,
    parse_body,
    write_body,
)
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.domain.actors import SystemActor

GOOD = AuditEvent(Verb.ERASE, SystemActor.RETENTION, "dep", "alert:0b5c", "alerts.retention_h", {"keys": 3})


def event(**changes: Any) -> AuditEvent:
    values: dict[str, Any] = {name: getattr(GOOD, name) for name in GOOD.__dataclass_fields__}
    return AuditEvent(**(values | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"facts": {"crop": b"\xff\xd8"}},
        {"facts": {"why": "x" * 201}},
        {"facts": {"why": "two\nlines"}},
        {"facts": {"why": "a\u2028b"}},
        {"facts": {"similarity": 0.61}},
        {"facts": {"yes": True}},
        {"facts": {"none": None}},
        {"facts": {"template": [1, 2]}},
        {"facts": {"huge": 2**63}},
        {"facts": {"Name with spaces": 1}},
        {"facts": {f"fact_{number}": number for number in range(33)}},
        {"facts": {"half": "\ud800"}},
        {"subject": ""},
        {"subject": "Ann Operator"},
        {"subject": "alert:\x00"},
        {"rule": "x" * 201},
        {"deployment": b"dep"},
        {"actor": ""},
        {"actor": "  "},
        {"actor": "x" * 101},
        {"actor": "Ann\x07"},
        {"actor": "audit-writer:00"},
        {"actor": "system:Two Words"},
    ],
    ids=str,
)
def test_bytes_long_text_line_breaks_and_fractions_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        check_event(event(**changes))
    assert caught.value.rule == "audit.bad-event"


def test_ordinary_events_are_taken() -> None:
    check_event(GOOD)
    check_event(event(actor="Zoë  O'Neill-Smith", facts={"answer": "can't tell – again", "count": -1}))
    assert actor_name("  Ann   Operator ") == "Ann Operator"


def test_a_body_is_canonical_and_reads_back() -> None:
    body = write_body(event(facts={"b": 1, "a": "é"}), actor="system:retention", seq=7, at_ns=11)

    assert body == (
        '{"actor":"system:retention","at_ns":11,"deployment":"dep","facts":{"a":"é","b":1},'
        '"rule":"alerts.retention_h","seq":7,"subject":"alert:0b5c","v":1,"verb":"erase"}'
    )
    read = parse_body(body)
    assert read is not None
    assert (read.seq, read.verb, read.facts) == (7, Verb.ERASE, {"a": "é", "b": 1})
    assert parse_body(body.replace('"v":1', '"v":2')) is None
    assert parse_body(body.replace('"v":1', '"v":1,"name":"Ann"')) is None


def test_a_hash_is_that_of_the_previous_hash_and_the_bodys() -> None:
    digest = hashlib.sha256(b"{}").digest()

    assert link(GENESIS, digest_of("{}")) == hashlib.sha256(bytes(32) + digest).hexdigest()


LETTERS = "abcdefghijklmnopqrstuvwxyz"
NAMES = st.tuples(st.sampled_from(LETTERS), st.text(f"{LETTERS}0123456789_", max_size=39)).map("".join)
PRINTABLE = st.text(st.characters(categories=["L", "M", "N", "P", "S"], include_characters=" "), max_size=200)


@given(
    st.dictionaries(
        NAMES,
        st.integers(-(2**63) + 1, 2**63 - 1) | PRINTABLE,
        max_size=8,
    )
)
def test_whatever_facts_are_taken_read_back_the_same(facts: dict[str, str | int]) -> None:
    one = event(facts=facts)
    check_event(one)
    body = write_body(one, actor="system:retention", seq=1, at_ns=2)

    read = parse_body(body)
    assert read is not None
    assert read.facts == facts
    assert canonical(json.loads(body)) == body


def entry(seq: int, previous: str, *, says: int | None = None) -> StoredEntry:
    body = write_body(GOOD, actor="system:retention", seq=seq if says is None else says, at_ns=5)
    return StoredEntry(seq, 5, "dep", "erase", body, previous, link(previous, digest_of(body)), "", "")


def test_a_chain_tells_missing_moved_inserted_and_changed_apart() -> None:
    first = entry(1, GENESIS)
    second = entry(2, first.hash)

    def after_first(one: StoredEntry) -> Fault | None:
        chain = Chain()
        assert chain.follow(first) is None
        problem = chain.follow(one)
        return None if problem is None else problem.fault

    assert after_first(second) is None
    assert after_first(entry(3, second.hash)) is Fault.MISSING
    assert after_first(entry(2, first.hash, says=5)) is Fault.MOVED
    assert after_first(entry(2, "11" * 32)) is Fault.INSERTED
    assert after_first(entry(1, GENESIS)) is Fault.INSERTED
    assert after_first(entry(2, first.hash[::-1])) is Fault.INSERTED
    broken = StoredEntry(2, 5, "dep", "erase", second.body, "not hexadecimal", second.hash, "", "")
    assert after_first(broken) is Fault.CHANGED
