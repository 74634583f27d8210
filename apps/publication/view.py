"""What the publication officer's page asks and does; rules and figures are in `lfr_core.publication`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from apps.deployment_labels import read_labels
from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.deployments.announcement import announcements
from lfr_core.deployments.deadlines import ResultsDue, results_due
from lfr_core.publication.build import build_explanations, build_results_service, pack_facts, read_policy_reference
from lfr_core.publication.closing import still_to_decide
from lfr_core.publication.not_decided import NotDecidedStatement
from lfr_core.publication.published import PublishedRecord, read_revisions
from lfr_core.publication.record import DeploymentRecord
from lfr_core.publication.record_builder import from_figures
from lfr_core.publication.record_figures import gather_figures
from lfr_core.publication.site.summary import describe_record
from lfr_core.publication.site.words import read_languages
from lfr_core.storage.engine import reading

__all__ = ["ROLES", "Draft", "PublicationView", "said_before"]

ROLES = frozenset({Role.PUBLICATION_OFFICER})
"""Whom the page is for."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be published now."""

    record: DeploymentRecord
    words: Markup
    """As the public would read it."""

    @property
    def unanswered(self) -> int:
        """Alerts that nobody has judged."""
        return self.record.alerts.unanswered


def said_before(draft: Draft, standing: Sequence[PublishedRecord]) -> str:
    """Return why nobody judged just these alerts, as it is published by now; "" where that is still to be said."""
    told = standing[-1].record.not_decided if standing else None
    is_known = told is not None and told.alerts == draft.unanswered and told.said_by == "publication officer"
    return told.because if told is not None and is_known else ""


@dataclass(frozen=True, slots=True)
class PublicationView:
    """Each method raises as the service that it asks; nothing here is kept."""

    installation: Installation

    def due(self) -> tuple[ResultsDue, ...]:
        """List ended deployments: those without a published record first, each the earliest deadline first."""
        it = self.installation
        with reading(it.engine) as session:
            found = results_due(session, utc_from_ns(it.clock.time_ns()), it.policy.publication)
        return tuple(sorted(found, key=lambda one: one.published_at is not None))

    def places(self) -> dict[str, str]:
        """Name the announced place of each deployment, for staff; where none was announced, the deployment."""
        engine = self.installation.engine
        return read_labels(engine) | {one.deployment: one.plan.place for one in announcements(engine)}

    def draft(self, deployment: str) -> Draft:
        """Compute what would be published now; publishes nothing."""
        it = self.installation
        figures = gather_figures(
            it.engine,
            deployment,
            force=it.policy.force.name,
            policy_ref=read_policy_reference(it.settings),
            pack=pack_facts(it.settings),
        )
        made = from_figures(figures, policy=it.policy.publication, published_at=utc_from_ns(it.clock.time_ns()))
        return Draft(made, self.words(made))

    def still_to_decide(self, deployment: str) -> str:
        """Say how many alerts can still be judged, by whom and until when; "" where none can."""
        it = self.installation
        return still_to_decide(it.engine, deployment, retention_h=it.policy.alerts.retention_h)

    def published(self, deployment: str) -> tuple[PublishedRecord, ...]:
        """List the published revisions, the first first."""
        return read_revisions(self.installation.engine, deployment)

    def words(self, record: DeploymentRecord) -> Markup:
        """Say a record as the public reads it."""
        return describe_record(record, read_languages()[0])

    def publish(self, draft: Draft, deployment: str, because: str, by: AuthenticatedPerson) -> PublishedRecord:
        """Publish it. `because`: why nobody judged the alerts that the draft shows as not judged."""
        return build_results_service(self.installation).publish(deployment, by=by, word=_word(draft, because))

    def correct(
        self, draft: Draft, deployment: str, reason: str, because: str, by: AuthenticatedPerson
    ) -> PublishedRecord:
        """Supersede what is published by what the records say now."""
        service = build_results_service(self.installation)
        return service.correct(deployment, reason=reason, by=by, word=_word(draft, because))

    def explain(self, deployment: str, why: str, by: AuthenticatedPerson) -> ResultsDue:
        """Say in public why results were late."""
        return build_explanations(self.installation).explain(deployment, why=why, by=by)


def _word(draft: Draft, because: str) -> NotDecidedStatement | None:
    return NotDecidedStatement(draft.unanswered, because) if draft.unanswered and because.strip() else None
