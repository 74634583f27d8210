"""Accuracy: no alert below the deployment's own threshold, and the two public claims, only as far as data bear them."""

from __future__ import annotations

from numpy.random import Generator
from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.alerts import read
from lfr_core.common.counts import agree, counted
from lfr_core.domain.alerts import Cell
from lfr_core.domain.claims import ClaimBinding, Evidence, ListBand, claim, clustered_upper_bound
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.rates import clopper_pearson
from lfr_core.publication.promises.port import PromiseFinding, Result, finding
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["FalseAlerts", "ThresholdBound"]

_ROUNDING = 1e-6
"""Scores are 32-bit floats."""


class ThresholdBound:
    """Every deployment with a list names its model; no alert is below its threshold, or was made under another."""

    id = "accuracy.threshold-bound"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self, now_ns: int) -> PromiseFinding:  # true at any time
        with reading(self._engine) as session:
            rows = session.exec(select(DeploymentRow).where(DeploymentRow.status != DeploymentStatus.DRAFT)).all()
            wanted = select(AlertRow.id, AlertRow.deployment, AlertRow.similarity, AlertRow.threshold)
            alerts = session.exec(wanted.where(col(AlertRow.canary).is_(False))).all()
        thresholds = {row.id: row.threshold for row in rows}
        bound = [row for row in rows if row.gallery]
        broken = [f"deployment:{row.id}" for row in bound if not row.contract_id or not 0.0 < row.threshold < 1.0]
        broken += [
            f"alert:{id_}"
            for id_, deployment, similarity, threshold in alerts
            if similarity < threshold - _ROUNDING or abs(threshold - thresholds.get(deployment, threshold)) > _ROUNDING
        ]
        return finding(
            broken,
            holds=f"{counted(len(bound), 'deployment')} {agree(len(bound), 'has')} model and threshold on record, and "
            f"{counted(len(alerts), 'alert')} {agree(len(alerts), 'keeps', 'keep')} to them",
            breaks=f"of deployments and alerts {len(broken):,} {agree(len(broken), 'does')}n't keep to the "
            "model and threshold on record",
            looked_at=len(bound),
            evidence={
                "deployments": len(bound),
                "alerts": len(alerts),
                "models": len({row.contract_id for row in bound}),
            },
        )


class FalseAlerts:
    """Under 1 in so many faces compared, from the deployments with a list of about so many people.

    It holds when the one-sided 95 % bound is below the limit; it is broken when the two-sided 95 % interval lies above
    it (docs/domain.md F9, F10); in between the data don't tell. An alert that isn't decided may have been false: it
    stands against holding, and never for being broken. Only operational and evaluation deployments that have
    ended count, with the model contract and threshold of the newest: evidence from other settings isn't pooled.
    """

    def __init__(self, engine: Engine, id: str, *, list_people: int, one_in: int, random: Generator) -> None:
        self.id = id
        self._engine = engine
        self._band = ListBand.around(list_people)
        self._one_in = one_in
        self._random = random

    def check(self, now_ns: int) -> PromiseFinding:  # counts of all time
        measured = self._measured()
        if not measured:
            return PromiseFinding(Result.UNCHECKED, f"no deployment had a list of {self._band} yet", {"deployments": 0})
        faces, false = sum(each.faces for each in measured), sum(each.false_alerts for each in measured)
        most_false = sum(each.most_false for each in measured)
        evidence: dict[str, str | int] = {
            "deployments": len(measured),
            "faces_compared": faces,
            "false_alerts": false,
            "alerts_not_decided": most_false - false,
            "model_contract": measured[0].model_contract,
            "threshold": f"{measured[0].threshold:g}",
        }
        limit = 1.0 / self._one_in
        wrong = f"{counted(false, 'false alert')} of {counted(faces, 'face')}"
        if most_false > false:
            wrong += f", and {counted(most_false - false, 'alert')} not decided"
        made = claim(
            self._one_in,
            faces=faces,
            false_alerts=most_false,
            bound_to=ClaimBinding(measured[0].model_contract, measured[0].threshold, self._band),
            clustered_upper95=clustered_upper_bound([(each.faces, each.most_false) for each in measured], self._random),
        )
        if made.shown:
            return PromiseFinding(Result.HOLDS, f"shown: {wrong}", evidence)
        if faces and clopper_pearson(false, faces)[0] > limit:
            return PromiseFinding(Result.BROKEN, f"more than 1 in {self._one_in:,}: {wrong}", evidence)
        return PromiseFinding(Result.UNCHECKED, made.sentence, evidence)

    def _measured(self) -> list[Evidence]:
        kinds = [DeploymentKind.OPERATIONAL.value, DeploymentKind.EVALUATION.value]
        with reading(self._engine) as session:
            rows = session.exec(
                select(DeploymentRow)
                .where(col(DeploymentRow.kind).in_(kinds))
                .where(DeploymentRow.status == DeploymentStatus.ENDED)
                .order_by(col(DeploymentRow.opened_at).desc(), DeploymentRow.id)
            ).all()
        fitting = [row for row in rows if row.watchlist_size in self._band]
        newest = fitting[:1]
        return [
            self._evidence(row)
            for row in fitting
            if (row.contract_id, row.threshold) == (newest[0].contract_id, newest[0].threshold)
        ]

    def _evidence(self, row: DeploymentRow) -> Evidence:
        counts = read.counts(self._engine, row.id)
        cells = counts.alerts.cells
        false = cells.get(Cell.FALSE_CONFIRMED, 0) + cells.get(Cell.FALSE_UNCONFIRMED, 0)
        not_decided = cells.get(Cell.NOT_DECIDED, 0)
        faces = max(counts.faces_compared, false + not_decided)  # an alert on a face that was recorded a moment later
        return Evidence(row.contract_id, row.threshold, row.watchlist_size, faces, false, not_decided)
