"""Forces side by side: the same rates with the same intervals, from tables as they publish them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lfr_core.common.errors import Poison, Refused
from lfr_core.domain.rates import Proportion, natural_frequency, proportion
from lfr_core.publication.quality.columns import Column
from lfr_core.publication.quality.table import PublishedRow, PublishedTable

__all__ = ["ForceFigures", "figures_of"]

_TRUE = (Column.TRUE_CONFIRMED, Column.TRUE_UNCONFIRMED)
_FALSE = (Column.FALSE_CONFIRMED, Column.FALSE_UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class ForceFigures:
    """One table, added up.

    left_out: rows without usable counts, which are in no figure; suppressed: those of them in which a small number is
    kept back, so that every rate is of the other rows alone. faces_are: "compared", "seen" or "seen, estimated";
    rates on different bases aren't comparable without saying so. not_decided: alerts in no share, which are of those
    decided; None where the table doesn't say, so that nobody knows what its cells hold.
    """

    name: str
    deployments: int
    left_out: tuple[int, ...]
    suppressed: tuple[int, ...]
    first: str
    last: str
    thresholds: tuple[str, ...]
    faces_are: str
    false_alerts_per_face: Proportion
    false_share_of_alerts: Proportion
    precision_confirmed: Proportion
    not_decided: int | None = None

    @property
    def in_words(self) -> str:
        """In whole people."""
        return natural_frequency(
            faces=self.false_alerts_per_face.n,
            alerts=self.false_share_of_alerts.n + (self.not_decided or 0),
            false_alerts=self.false_share_of_alerts.k,
            not_decided=self.not_decided or 0,
        )


def figures_of(table: PublishedTable) -> ForceFigures:
    """Add a table up. Superseded revisions count for nothing; alerts are the sum of their cells, not the printed total.

    Raises:
        Poison: no row has faces and alerts.
        Refused: `records.structure`: what some rows are isn't known.
    """
    if faults := table.structural_faults:
        first = "; ".join(f"row {fault.line}: {fault.message} ({fault.rule})" for fault in faults[:3])
        raise Refused(
            "records.structure",
            f"{table.name} can't be added up: {first}{' ...' if len(faults) > 3 else ''}. "  # as above
            "`lfr records validate` names every such row; mend them first",
        )
    rows = _newest(table.rows)
    base = Column.FACES_COMPARED if table.has(Column.FACES_COMPARED) else Column.FACES_SEEN
    used, left_out = [], []
    faces = true = false = confirmed = false_confirmed = not_decided = 0
    for row in rows:
        row_true = _one_of(row, _TRUE, Column.TRUE_ALERTS)
        row_false = _one_of(row, _FALSE, Column.FALSE_ALERTS)
        row_faces = row.count(base)
        if (
            row_true is None
            or row_false is None
            or row_faces is None
            or min(row_true, row_false) < 0
            or row_false > row_faces
            or row.suppressed.keys() & {*_TRUE, *_FALSE, Column.NOT_DECIDED}
        ):
            left_out.append(row.number)
            continue
        used.append(row)
        faces, true, false = faces + row_faces, true + row_true, false + row_false
        confirmed += max(0, row.count(Column.TRUE_CONFIRMED) or 0)
        false_confirmed += max(0, row.count(Column.FALSE_CONFIRMED) or 0)
        not_decided += max(0, row.count(Column.NOT_DECIDED) or 0)
    if not used:
        raise Poison(f"no row of {table.name} has both alerts and faces: there is nothing to compare")
    dates = sorted(row.date.value.isoformat() for row in used if row.date)
    estimated = "estimate" in table.headers[base].casefold() and not table.has(Column.COUNTING_METHOD)
    return ForceFigures(
        name=table.name,
        deployments=len(used),
        left_out=tuple(left_out),
        suppressed=tuple(row.number for row in rows if row.number in left_out and row.suppressed),
        first=dates[0] if dates else "",
        last=dates[-1] if dates else "",
        thresholds=tuple(sorted({f"{row.threshold:g}" for row in used if row.threshold is not None})),
        faces_are="compared" if base is Column.FACES_COMPARED else "seen, estimated" if estimated else "seen",
        false_alerts_per_face=proportion(false, faces),
        false_share_of_alerts=proportion(false, true + false),
        precision_confirmed=proportion(confirmed, confirmed + false_confirmed),
        not_decided=not_decided if table.has(Column.NOT_DECIDED) else None,
    )


def _newest(rows: Sequence[PublishedRow]) -> list[PublishedRow]:
    """Keep of each session the highest revision; rows without a session stand for themselves."""
    newest: dict[str, PublishedRow] = {}
    for row in rows:
        key = row.session or f"row {row.number}"
        known = newest.get(key)
        if known is None or (row.count(Column.REVISION) or 1) > (known.count(Column.REVISION) or 1):
            newest[key] = row
    return list(newest.values())


def _one_of(row: PublishedRow, parts: Sequence[Column], whole: Column) -> int | None:
    counts = [row.count(column) for column in parts]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else row.count(whole)
