"""What could not be processed: written in batches, so many of each camera in an hour, and every one counted.

Anybody who can reach the broker can send what nobody can read, as fast as a disk takes it, under any name. So the
first letters of a camera in an hour are kept whole, the others as a number; and there are so many names in an hour,
the others share one. Both go after a week, as on the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import delete, text
from sqlmodel import Session, col, select

from lfr_core.alerts.plausibility import Implausible
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Poison
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.record_mac import UNAUTHENTIC
from lfr_core.deployments.reading import call
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.messages import NOT_LISTED, DeadLetter
from lfr_core.storage.sql import is_storable
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.stream import DeadLetterCountRow, DeadLetterRow

__all__ = ["KEPT_AN_HOUR", "NAMES_AN_HOUR", "write_dead_letters"]

KEPT_AN_HOUR = 50
"""Letters of one camera kept whole: enough to find out what is wrong."""
NAMES_AN_HOUR = 500
"""Cameras by topic and partition: many times those of one installation."""
HOUR_NS = 3_600 * 10**9
_KEPT_HOURS = 7 * 24
_SAME_NS = HOUR_NS  # a broker made anew counts offsets from 0 again: only within an hour is it the same
_LOCK = 0x4C46_5253
_OTHERS = ("", -1, "")
_FORGED = (
    "Records that no process of ours sent came to the broker, and were refused: somebody else writes there. See "
    "`lfr camera refused` and the runbook forged-records."
)


_STRANGER = (
    "Somebody who isn't on the approved list was in a gallery: the frame was refused, and no alert came of it. Who "
    "could write to the gallery? See the runbook gallery-changed."
)
_INVENTED = (
    "Counts that can't be true came from a worker, signed as a worker signs, and were refused: more frames or faces "
    "than a camera can have seen. See the runbook forged-records."
)
_ALARMS = dict.fromkeys(UNAUTHENTIC, _FORGED) | {NOT_LISTED: _STRANGER, Implausible.__name__: _INVENTED}


def write_dead_letters(
    session: Session, letters: Sequence[DeadLetter], *, now_ns: int, new_id: Callable[[], UUID]
) -> tuple[tuple[DeadLetter, Poison], ...]:
    """Keep and count letters; those delivered again change nothing. Gives back those that can't be stored.

    Those that nobody of this installation sent raise an alarm, and those that met a stranger in a gallery.
    The letters of one topic's partition come in the order of their offsets. The caller owns the transaction.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    hour = now_ns // HOUR_NS
    counts = {
        (row.topic, row.partition, row.camera): row
        for row in session.exec(select(DeadLetterCountRow).where(DeadLetterCountRow.hour == hour))
    }
    if not counts:
        _forget(session, hour)
    failures: list[tuple[DeadLetter, Poison]] = []
    for letter in letters:
        if not is_storable(letter.offset, letter.partition, letter.at_ns):
            failures.append((letter, Poison("a refused record holds a number past 64 bits: it can't be stored")))
            continue
        row = _count_of(session, counts, letter, hour)
        count = letter.count
        if row.letters and abs(letter.at_ns - row.last_ns) <= _SAME_NS:
            count = min(count, letter.offset - row.last_offset)  # the rest is delivered again after a worker's restart
        if count <= 0:
            continue
        row.letters += count
        row.unauthentic += count * (letter.error in UNAUTHENTIC)
        # letters under the name of all others come from many places: what is delivered again is counted again
        row.last_offset = -1 if _place(row) == _OTHERS else letter.offset
        row.last_ns, row.error, row.reason = min(letter.at_ns, now_ns), letter.error, letter.reason
        if row.kept < KEPT_AN_HOUR and not _is_kept(session, letter):
            row.kept += 1
            values = letter.model_dump(exclude={"schema_version", "count"}) | {"at_ns": min(letter.at_ns, now_ns)}
            session.add(DeadLetterRow(id=new_id(), **values))
    for why in dict.fromkeys(_ALARMS[letter.error] for letter in letters if letter.error in _ALARMS):
        _raise_alarm(session, why, now_ns)
    session.flush()
    return tuple(failures)


def _raise_alarm(session: Session, why: str, now_ns: int) -> None:
    """Call those who answer for each planned deployment that is open: somebody else writes to broker or gallery.

    Nothing is suspended here: what was refused had no effect, and reaching the broker mustn't be a way to stop a
    deployment. Of a gallery's strangers the watch takes care.
    """
    is_open = col(DeploymentRow.status).in_([DeploymentStatus.LIVE.value, DeploymentStatus.SUSPENDED.value])
    rows = session.exec(select(DeploymentRow.id).where(is_open).where(col(DeploymentRow.planned).is_(True)))
    for deployment in rows.all():
        for role in (Role.AUTHORISING_OFFICER, Role.COMPLIANCE):
            call(session, role=role, deployment=deployment, why=why, now=utc_from_ns(now_ns))


def _place(row: DeadLetterCountRow) -> tuple[str, int, str]:
    return row.topic, row.partition, row.camera


def _count_of(
    session: Session, counts: dict[tuple[str, int, str], DeadLetterCountRow], letter: DeadLetter, hour: int
) -> DeadLetterCountRow:
    place = (letter.topic, letter.partition, letter.camera)
    if place not in counts and len(counts) >= NAMES_AN_HOUR:
        place = _OTHERS
    if place not in counts:
        topic, partition, camera = place
        row = DeadLetterCountRow(
            hour=hour, topic=topic, partition=partition, camera=camera, letters=0, kept=0, last_offset=-1, last_ns=0,
            error="", reason="", unauthentic=0,
        )  # fmt: skip
        session.add(row)
        counts[place] = row
    return counts[place]


def _is_kept(session: Session, letter: DeadLetter) -> bool:
    same = (
        select(DeadLetterRow.id)
        .where(DeadLetterRow.topic == letter.topic)
        .where(DeadLetterRow.partition == letter.partition)
        .where(DeadLetterRow.offset == letter.offset)
        .where(DeadLetterRow.reason == letter.reason)
        .where(col(DeadLetterRow.at_ns).between(letter.at_ns - _SAME_NS, letter.at_ns + _SAME_NS))
    )
    return session.exec(same).first() is not None


def _forget(session: Session, hour: int) -> None:
    """Delete, once an hour, what is a week old."""
    oldest = hour - _KEPT_HOURS
    session.execute(delete(DeadLetterCountRow).where(col(DeadLetterCountRow.hour) < oldest))
    session.execute(delete(DeadLetterRow).where(col(DeadLetterRow.at_ns) < oldest * HOUR_NS))
