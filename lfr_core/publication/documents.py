"""Builds the forms of application and written authority (docs/domain.md A1: both before the start). Pure conversion.

The third, the closing report, is `lfr_core.publication.closing_document`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lfr_core.common.counts import counted, expected_count
from lfr_core.deployments.application import Application, ApplicationForm, Authority
from lfr_core.deployments.compliance_documents.forms import (
    FormKind,
    FormSection,
    FormSignature,
    Line,
    PrintedForm,
    Table,
)
from lfr_core.domain.policy import Policy
from lfr_core.publication.document_words import when

__all__ = ["AnnouncementFacts", "ListFacts", "build_application_form", "build_authority_form"]


@dataclass(frozen=True, slots=True)
class ListFacts:
    """The list as built. Counts and names of staff; of the people on it nothing."""

    built_at: datetime
    compiler: str
    shares: tuple[tuple[str, int, int], ...]
    """Category in plain words, people, photographs; test subjects aren't in it."""
    approver: str
    """"" while the list as it is isn't approved for the application as it is."""
    approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class AnnouncementFacts:
    """What the public was told about these hours."""

    at: datetime
    withheld_because: str
    """Out of the closed list; "": the public was told."""
    approved_by: str
    """The officer who approved that it is withheld."""


def build_application_form(
    application: Application, name: str, policy: Policy, forecast_words: str, *, rank: str, notice: str = ""
) -> PrintedForm:
    """Build the form of what is asked for.

    Args:
        application: the revision to print.
        name: what people call the deployment.
        policy: whose limits are printed beside what is asked for.
        forecast_words: what the list costs in false alerts, as `lfr_core.deployments.false_alert_forecast` words it.
        rank: of who applied; it isn't recorded with the application.
        notice: what a reader must see first; "" for nothing.
    """
    made, notice_h = application, counted(policy.planning.notice_h, "hour")
    gone_s = counted(policy.vault.epoch_s + policy.vault.grace_s, "second")
    return PrintedForm(
        kind=FormKind.APPLICATION,
        deployment=made.deployment,
        title=_title(name, made),
        force=policy.force.name,
        revision=made.revision,
        made_at=when(made.applied_at),
        sections=(
            _where_and_when(made),
            _why(made),
            FormSection(
                "The list", ("W1", "W2", "W3", "W6", "W7"),
                (
                    Line("Who is looked for", made.sought),
                    Line("People at most", f"{made.list_cap:,}; the policy's cap is {policy.watchlist.max_entries:,}"),
                ),
            ),
            FormSection(
                "Threshold and forecast",
                ("M1", "M3", "M4"),
                (*_threshold(made, policy), _faces(made), Line("Forecast of the list", forecast_words)),
            ),
            FormSection(
                "How the public learns of it",
                ("P1", "P2", "P4"),
                (
                    Line("Announced", f"at least {notice_h} before the start, or withheld for "
                         "a reason that an authorising officer approves and the public counts"),
                    Line("Results", f"published within {policy.publication.results_working_days} working days"),
                ),
            ),
            FormSection(
                "Alerts and data",
                ("H1", "D1", "D2", "D3"),
                (
                    Line("Every alert", "is decided by a person; nothing follows from one automatically"),
                    Line("Faces that match nobody", f"gone {gone_s} after they were seen"),
                    Line("Data of an alert", f"kept {counted(policy.alerts.retention_h, 'hour')}"),
                    Line("Footage", f"kept {counted(policy.footage.retention_days, 'day')}, unless it is held"),
                ),
            ),
        ),
        signed=(FormSignature("planner", made.applied_by, rank, when(made.applied_at)),),
        notice=notice,
    )  # fmt: skip


def build_authority_form(
    application: Application,
    authority: Authority,
    listed: ListFacts | None,
    announced: AnnouncementFacts | None,
    *,
    name: str,
    policy: Policy,
    notice: str = "",
) -> PrintedForm:
    """Build the form of what was decided, granted or refused, with all that an authority states (docs/domain.md A4).

    Args:
        application: the revision that was decided.
        authority: the decision.
        listed: the list as it stands; None while there is none.
        announced: what the public was told; None while it wasn't.
        name: what people call the deployment.
        policy: of the force.
        notice: what a reader must see first; a refusal says so by itself.

    Raises:
        ValueError: the decision is about another application.
    """
    made, given = application, authority
    if (made.deployment, made.revision) != (given.deployment, given.revision):
        raise ValueError(f"an authority on {given.deployment} {given.revision} isn't one on this application")
    # Of a refused one nothing is authorised, listed or announced: the document says only what was asked and decided.
    rest = (_limit(made, given, policy), _list(name, made, listed), _announcement(announced)) if given.granted else ()
    return PrintedForm(
        kind=FormKind.AUTHORITY,
        deployment=made.deployment,
        title=_title(name, made),
        force=policy.force.name,
        revision=made.revision,
        made_at=when(given.at),
        sections=(_decision(made, given), _where_and_when(made), _why(made), *rest),
        signed=(FormSignature("authorising officer", given.by, given.rank.value, when(given.at)),),
        notice=notice if given.granted else "Refused: this allows nothing.",
    )


def _title(name: str, made: ApplicationForm) -> str:
    return f"{name}, {made.place}"


def _decision(made: Application, given: Authority) -> FormSection:
    checked = Line("Assessments and policy document", "in date when this was given: it can't be given while one isn't")
    return FormSection(
        "Decision",
        ("A2", "A3", "A6"),
        (
            Line("The application", f"revision {made.revision} by {made.applied_by}, {when(made.applied_at)}"),
            Line("Is", "granted" if given.granted else "refused"),
            Line("Because", given.reason),
            *((checked,) if given.granted else ()),
        ),
    )


def _where_and_when(made: ApplicationForm) -> FormSection:
    return FormSection(
        "Where and when",
        ("A4", "A7"),
        (
            Line("Place", made.place),
            Line("Footprint", made.footprint),
            Line("Cameras", ", ".join(made.cameras)),
            Line("From", when(made.starts_at)),
            Line("To", f"{when(made.ends_at)}, {counted(made.hours, 'hour')}"),
        ),
    )


def _why(made: ApplicationForm) -> FormSection:
    return FormSection(
        "Who and why",
        ("A4", "A5"),
        (
            Line("Use case", made.use_case.value),
            Line("Purpose", made.purpose),
            Line("Who is looked for", made.sought),
            Line("Necessity", made.necessity),
            Line("Proportionality", made.proportionality),
            Line("Why they are expected there", made.grounds),
        ),
    )


def _threshold(made: ApplicationForm, policy: Policy) -> tuple[Line, ...]:
    usual = made.threshold == policy.alerts.threshold
    words = f"at least {made.threshold:g} alike, " + (
        "the policy's" if usual else f"not the policy's {policy.alerts.threshold:g}"
    )
    reason = () if usual else (Line("Why another threshold", made.threshold_reason),)
    return (Line("Threshold", words), *reason)


def _faces(made: ApplicationForm) -> Line:
    return Line("Faces expected", f"{made.expected_faces:,} compared in all")


def _limit(made: ApplicationForm, given: Authority, policy: Policy) -> FormSection:
    expected = given.expected_false_alerts
    return FormSection(
        "The limit signed for",
        ("M1", "M3", "M4"),
        (
            *_threshold(made, policy),
            _faces(made),
            Line("False alerts at most", f"1 in {given.false_alerts_one_in:,} faces; over it, it is suspended"),
            Line(
                "False alerts expected",
                "not measured, which isn't none"
                if expected is None
                else f"{expected_count(expected)} in the whole deployment, with as many people as the list may have",
            ),
            Line(
                "The public claim",
                "no evaluation shows it for this list and threshold; the officer signs that they know"
                if given.claim_not_shown
                else "shown by a measured evaluation",
            ),
        ),
    )


def _list(name: str, made: ApplicationForm, listed: ListFacts | None) -> FormSection:
    rules = ("W1", "W3", "W4", "W6", "W7")
    cap = Line("People at most", f"{made.list_cap:,}")
    if listed is None:
        return FormSection("The list", rules, (cap, Line("Built", "not yet")))
    people = sum(count for _, count, _ in listed.shares)
    images = sum(count for _, _, count in listed.shares)
    holds = f"{counted(people, 'person')} and {counted(images, 'photograph')}, test subjects not counted"
    approved = f"by {listed.approver}, {when(listed.approved_at)}" if listed.approver else "not yet"
    return FormSection(
        "The list",
        rules,
        (
            cap,
            Line("Which list", f"that of {name}, as it was built {when(listed.built_at)}"),
            Line("Holds", holds),
            Line("Built", f"by {listed.compiler}, {when(listed.built_at)}"),
            Line("Approved", approved),
        ),
        (
            Table(
                "What it is made of",
                ("category", "people", "photographs"),
                tuple((category, f"{people:,}", f"{images:,}") for category, people, images in listed.shares),
            ),
        ),
    )


def _announcement(announced: AnnouncementFacts | None) -> FormSection:
    if announced is None:
        line = Line("Announced", "not yet; it can't open before")
    elif announced.withheld_because:
        line = Line(
            "Withheld",
            f"{when(announced.at)}, because: {announced.withheld_because}; approved by {announced.approved_by}",
        )
    else:
        line = Line("Announced", when(announced.at))
    return FormSection("What the public is told", ("P1",), (line,))
