"""What the record counts: alerts by cell, people stopped, outcomes, groups and rates. Pure.

An alert is true, false or not decided; what nobody said is counted as that, never as one of the answers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median

from lfr_core.domain.alerts import Cell, Engagement, Judgement, published_cell
from lfr_core.domain.figures import AlertFigures, EngagementOutcome
from lfr_core.domain.rates import AlertCounts, Proportion, natural_frequency, rates_of
from lfr_core.domain.watchlists import Category
from lfr_core.publication import record as published
from lfr_core.publication.suppression import suppress_counts

__all__ = [
    "demographics",
    "dismissed",
    "duplicates",
    "engagements",
    "not_decided",
    "outcomes",
    "published_rate",
    "published_rates",
    "unanswered",
]

_TRUE = frozenset({Cell.TRUE_CONFIRMED, Cell.TRUE_UNCONFIRMED})
_FALSE = frozenset({Cell.FALSE_CONFIRMED, Cell.FALSE_UNCONFIRMED})
_NOT_DECIDED = frozenset({Cell.NOT_DECIDED})
_NOBODY = "they were due and nobody had judged them"


def unanswered(alerts: Sequence[AlertFigures]) -> int:
    """Count the alerts that nobody has judged or reviewed, test subjects left out."""
    return sum(_is_unanswered(each) and each.category is not Category.BLUE_LIST for each in alerts)


def dismissed(alerts: Sequence[AlertFigures]) -> int:
    """Count the false alerts that the operator judged to be different people."""
    return sum(each.decision.judgement is Judgement.DIFFERENT and _is(each, _FALSE) for each in alerts)


def not_decided(waiting: int, because: str) -> published.NotDecided | None:
    """Say whose word stands for alerts that nobody judged; `because` is the publication officer's, "": nobody's."""
    if not waiting:
        return None
    return published.NotDecided(
        alerts=waiting, said_by="publication officer" if because else "nobody", because=because or _NOBODY
    )


def engagements(alerts: Sequence[AlertFigures]) -> published.Engagements:
    """Count the people stopped, by what their alert was."""
    engaged = [each for each in alerts if each.decision.engagement is Engagement.ENGAGED]
    true, false = ([each for each in engaged if _is(each, cells)] for cells in (_TRUE, _FALSE))
    minutes = [each.minutes for each in false if each.minutes is not None and math.isfinite(each.minutes)]
    return published.Engagements(
        total=len(engaged),
        following_true=len(true),
        following_false=len(false),
        following_not_decided=len(engaged) - len(true) - len(false),
        not_recorded=sum(
            each.decision.engagement is None and each.decision.judgement is not Judgement.DIFFERENT for each in alerts
        ),
        median_minutes_false=median(minutes) if minutes else None,
    )


def duplicates(alerts: Sequence[AlertFigures]) -> int | None:
    """Count the alerts beyond the first on one entry; None where entries of some are deleted."""
    entries = [each.entry for each in alerts]
    return None if None in entries else len(entries) - len(set(entries))


def outcomes(alerts: Sequence[AlertFigures]) -> published.Outcomes:
    """Count outcomes: each confirmed person once, by the first alert that has an outcome; others by alert."""
    confirmed = [each for each in alerts if published_cell(each.decision) is Cell.TRUE_CONFIRMED]
    others = [each for each in alerts if published_cell(each.decision) is not Cell.TRUE_CONFIRMED]
    by_person: dict[str | int, EngagementOutcome | None] = {}
    for i, each in enumerate(confirmed):
        person = i if each.entry is None else each.entry  # whose it was isn't known: a person of its own
        if by_person.get(person) is None:
            by_person[person] = each.outcome
    counts = Counter(by_person.values())
    after_others = Counter(each.outcome for each in others)
    return published.Outcomes(
        arrest=counts[EngagementOutcome.ARREST],
        other_disposal=counts[EngagementOutcome.OTHER_DISPOSAL],
        no_action=counts[EngagementOutcome.NO_ACTION],
        repeat_alerts=len(confirmed) - len(by_person),
        without_outcome=counts[None],
        after_other_alerts_arrest=after_others[EngagementOutcome.ARREST],
        after_other_alerts_other_disposal=after_others[EngagementOutcome.OTHER_DISPOSAL],
        after_other_alerts_no_action=after_others[EngagementOutcome.NO_ACTION],
        after_other_alerts_without_outcome=sum(
            each.outcome is None and each.decision.engagement is Engagement.ENGAGED for each in others
        ),
    )


def demographics(alerts: Sequence[AlertFigures], method: str, below: int) -> tuple[published.Demographic, ...]:
    """Count each group; `method`: how groups were determined, "" where they were not."""
    if not method:
        return ()
    groups = sorted({each.group or "not recorded" for each in alerts})
    of = {group: [each for each in alerts if (each.group or "not recorded") == group] for group in groups}
    true = suppress_counts({group: sum(_is(each, _TRUE) for each in of[group]) for group in groups}, below)
    engaged = suppress_counts(
        {group: sum(each.decision.engagement is Engagement.ENGAGED for each in of[group]) for group in groups}, below
    )
    return tuple(
        published.Demographic(
            group=group,
            alerts_true=true[group],
            alerts_false=sum(_is(each, _FALSE) for each in of[group]),
            alerts_not_decided=sum(_is(each, frozenset({Cell.NOT_DECIDED})) for each in of[group]),
            engaged=engaged[group],
        )
        for group in groups
    )


def published_rates(counts: AlertCounts, *, faces_compared: int) -> published.PublishedRates:
    """Compute every rate of the record. Raises Poison as `rates_of`."""
    rates = rates_of(counts, faces_compared=faces_compared)
    return published.PublishedRates(
        false_alerts_per_face=published_rate(rates.false_alerts_per_face),
        most_false_per_face=published_rate(rates.most_false_per_face),
        false_share_of_alerts=published_rate(rates.false_share_of_alerts),
        precision_confirmed=published_rate(rates.precision_confirmed),
        precision_all=published_rate(rates.precision_all),
        in_words=natural_frequency(
            faces=faces_compared,
            alerts=counts.total,
            false_alerts=counts.false,
            not_decided=counts.not_decided,
        ),
    )


def published_rate(rate: Proportion) -> published.PublishedRate:
    """Return a rate as the record prints it."""
    interval = None if rate.low95 is None or rate.high95 is None else (rate.low95, rate.high95)
    return published.PublishedRate(
        k=rate.k, n=rate.n, point=rate.point, ci95=interval, upper95_one_sided=rate.upper95_one_sided
    )


def _is(alert: AlertFigures, cells: frozenset[Cell]) -> bool:
    return published_cell(alert.decision) in cells


def _is_unanswered(alert: AlertFigures) -> bool:
    return alert.decision.judgement is None and published_cell(alert.decision) is Cell.NOT_DECIDED
