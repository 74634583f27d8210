"""Whatever one thing is done to a trail by hand, verification finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from lfr_core.custody.audit.chain import Fault
from lfr_core.custody.audit.entry import digest_of, link
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.signed import Head
from lfr_core.custody.audit.trail import record
from lfr_core.custody.audit.verify import AuditReport, verify
from lfr_core.storage.engine import open_engine
from tests.support.audit import Notary, audit_trail
from tests.support.databases import Postgres, make_records
from tests.support.records import ManualClock

ENTRIES = 12
COLUMNS = ("at_ns", "deployment", "verb", "body", "previous_hash", "hash")
HEAD_COLUMNS = ("hash", "at_ns", "public_key", "signature")
NOTARY = Notary()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow])]
)
def signed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Head]]:
    """A trail under heads at 4, 8 and 12. Tests damage it in transactions that are rolled back."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('audit') / 'records.sqlite3'}"
    else:
        server = request.getfixturevalue("postgres")
        assert isinstance(server, Postgres)
        url = server.new_database()
    make_records(url)
    engine, clock = open_engine(url), ManualClock()
    trail = audit_trail(clock, NOTARY)
    head = None
    for number in range(1, ENTRIES + 1):
        clock.advance(1)
        record(engine, trail, AuditEvent(Verb.DECIDE, "Ann", "dep", f"alert:{number}", facts={"n": number}))
        if number % 4 == 0:
            head = sign_head(engine, NOTARY, clock)
    assert head is not None
    yield engine, head
    engine.dispose()


def after(engine: Engine, head: Head | None, *statements: tuple[str, dict[str, object]]) -> AuditReport:
    """What verification says of the trail with these changes made, which are then undone."""
    kept = {table: engine_rows(engine, table) for table in ("audit_entry", "audit_head")}
    try:
        with engine.begin() as connection:
            for statement, values in statements:
                connection.execute(text(statement), values)
        return verify(engine, public_key=NOTARY.public_key, checkpoint=head)
    finally:
        with engine.begin() as connection:
            for table, rows in kept.items():
                connection.execute(text(f"DELETE FROM {table}"))
                names = rows[0].keys()
                connection.execute(
                    text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{n}' for n in names)})"),
                    rows,
                )


def engine_rows(engine: Engine, table: str) -> list[dict[str, object]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]


def found(report: AuditReport) -> tuple[int, Fault] | None:
    return None if report.problem is None else (report.problem.seq, report.problem.fault)


def changed(value: object, at: int) -> object:
    if isinstance(value, int):
        return value + 1 + at
    assert isinstance(value, str)
    place = at % len(value)
    return value[:place] + ("x" if value[place] != "x" else "y") + value[place + 1 :]


EXAMPLES = settings(max_examples=40)


def test_the_trail_is_good_before_anything_is_done_to_it(signed: tuple[Engine, Head]) -> None:
    assert found(after(*signed)) is None


@EXAMPLES
@given(seq=st.integers(1, ENTRIES), column=st.sampled_from(COLUMNS), at=st.integers(0, 400))
def test_any_change_of_an_entry_is_found(signed: tuple[Engine, Head], seq: int, column: str, at: int) -> None:
    engine, head = signed
    (row,) = (row for row in engine_rows(engine, "audit_entry") if row["seq"] == seq)
    report = after(
        engine,
        head,
        (f"UPDATE audit_entry SET {column} = :new WHERE seq = :seq", {"new": changed(row[column], at), "seq": seq}),
    )

    problem = report.problem
    assert problem is not None
    assert problem.seq == seq


@EXAMPLES
@given(seq=st.integers(1, ENTRIES))
def test_any_removal_is_found(signed: tuple[Engine, Head], seq: int) -> None:
    report = after(*signed, ("DELETE FROM audit_entry WHERE seq = :seq", {"seq": seq}))

    assert found(report) == (seq, Fault.TRUNCATED if seq == ENTRIES else Fault.MISSING)


@EXAMPLES
@given(cut=st.integers(1, ENTRIES), heads_too=st.booleans())
def test_any_cut_is_found_also_with_the_heads(signed: tuple[Engine, Head], cut: int, heads_too: bool) -> None:  # noqa: FBT001  hypothesis gives it
    statements: list[tuple[str, dict[str, object]]] = [("DELETE FROM audit_entry WHERE seq >= :cut", {"cut": cut})]
    if heads_too:
        statements.append(("DELETE FROM audit_head WHERE seq >= :cut", {"cut": cut}))

    assert found(after(*signed, *statements)) == (cut, Fault.TRUNCATED)


@EXAMPLES
@given(pair=st.lists(st.integers(1, ENTRIES), min_size=2, max_size=2, unique=True))
def test_any_swap_is_found(signed: tuple[Engine, Head], pair: list[int]) -> None:
    first, second = sorted(pair)
    moves: list[tuple[str, dict[str, object]]] = [
        ("UPDATE audit_entry SET seq = :to WHERE seq = :of", {"of": of, "to": to})
        for of, to in ((first, 1000), (second, first), (1000, second))
    ]

    assert found(after(*signed, *moves)) == (first, Fault.MOVED)


@EXAMPLES
@given(gap=st.integers(1, 3), is_linked=st.booleans(), of=st.integers(1, ENTRIES))
def test_an_entry_appended_by_hand_is_found(
    signed: tuple[Engine, Head],
    gap: int,
    is_linked: bool,  # noqa: FBT001  hypothesis gives it
    of: int,
) -> None:
    engine, head = signed
    rows = {row["seq"]: row for row in engine_rows(engine, "audit_entry")}
    row = dict(rows[of]) | {"seq": ENTRIES + gap}
    if is_linked:  # the hashes worked out; the body says another number
        row["previous_hash"] = rows[ENTRIES]["hash"]
        row["hash"] = link(str(row["previous_hash"]), digest_of(str(row["body"])))
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)

    report = after(engine, head, (f"INSERT INTO audit_entry ({names}) VALUES ({values})", row))
    assert report.problem is not None
    assert report.problem.seq == ENTRIES + 1


@EXAMPLES
@given(seq=st.integers(1, ENTRIES))
def test_a_trail_rewritten_from_any_entry_on_is_found(signed: tuple[Engine, Head], seq: int) -> None:
    engine, head = signed
    rows = sorted(engine_rows(engine, "audit_entry"), key=lambda row: int(str(row["seq"])))
    previous = "0" * 64 if seq == 1 else str(rows[seq - 2]["hash"])
    rewrites: list[tuple[str, dict[str, object]]] = []
    for row in rows[seq - 1 :]:
        body = str(row["body"])
        body = body.replace('"n":', '"m":') if row["seq"] == seq else body
        new = link(previous, digest_of(body))
        rewrites.append(
            (
                "UPDATE audit_entry SET body = :body, previous_hash = :previous, hash = :hash WHERE seq = :seq",
                {"body": body, "previous": previous, "hash": new, "seq": row["seq"]},
            )
        )
        previous = new

    assert found(after(engine, head, *rewrites)) == (-(-seq // 4) * 4, Fault.REPLACED)


@EXAMPLES
@given(seq=st.sampled_from([4, 8, 12]), column=st.sampled_from(HEAD_COLUMNS), at=st.integers(0, 400))
def test_any_change_of_a_head_is_found(signed: tuple[Engine, Head], seq: int, column: str, at: int) -> None:
    engine, head = signed
    (row,) = (row for row in engine_rows(engine, "audit_head") if row["seq"] == seq)
    report = after(
        engine,
        head,
        (f"UPDATE audit_head SET {column} = :new WHERE seq = :seq", {"new": changed(row[column], at), "seq": seq}),
    )

    assert found(report) == (seq, Fault.BAD_SIGNATURE)
