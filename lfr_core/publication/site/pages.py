"""The pages, by Jinja2 templates of our own. Everything is escaped; nothing leads the browser to another machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lfr_core.common.clock import utc_from_ns
from lfr_core.domain.policy import Policy
from lfr_core.domain.rates import one_in
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.notices import NoticeStatus, posts, sentences, when
from lfr_core.publication.record import SCHEMA_FILE, SCHEMA_FILES, DeploymentRecord, PublishedRate
from lfr_core.publication.site.charts import bars_svg, interval_svg
from lfr_core.publication.site.data import SiteData
from lfr_core.publication.site.figures import cells, describe_not_decided

__all__ = ["pages"]

_ODDS_UP_TO = 0.1  # beyond it "1 in 2" is too coarse for 67 %
_NAVIGATION = (
    ("index.html", "Deployments"),
    ("privacy.html", "Your data"),
    ("forgotten.html", "When was my face forgotten?"),
    ("contact.html", "Ask, complain, appeal"),
    ("promises.html", "Our promises"),
    ("documents.html", "Documents"),
    ("downloads.html", "Downloads"),
)


def pages(data: SiteData, policy: Policy, *, draft: bool) -> Iterator[tuple[str, str]]:
    """Path and HTML of every page."""
    environment = Environment(
        loader=PackageLoader("lfr_core.publication.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": _moment, "ns": _ns, "when": when, "share": _share, "number": _number}
    shared = {
        "data": data,
        "policy": policy,
        "draft": draft,
        "navigation": _NAVIGATION,
        "schema": SCHEMA_FILE.name,
        "schemas": tuple(file.name for file in SCHEMA_FILES),
    }
    for name, _ in _NAVIGATION:
        yield name, environment.get_template(name).render(**shared, page=name, root="")
    for one in data.pages:
        record = one.newest.record if one.newest else None
        is_coming = one.came is NoticeStatus.COMING
        yield (
            f"deployments/{one.public_id}.html",
            environment.get_template("deployment.html").render(
                **shared,
                page="",
                root="../",
                one=one,
                record=record,
                due=one.due.moments.due_at if one.due else None,
                informing=sentences(one.announced, policy, one.came) if one.announced.withheld_because is None else (),
                posts=posts(one.announced, policy) if is_coming and one.announced.withheld_because is None else (),
                charts=_charts(record) if record else {},
                rates=_rates(record) if record else (),
                cells=cells(record) if record else (),
                not_decided=describe_not_decided(record) if record else "",
            ),
        )


def _rates(record: DeploymentRecord) -> tuple[tuple[str, PublishedRate], ...]:
    of = record.rates
    return (
        ("False alerts, of faces compared", of.false_alerts_per_face),
        ("At most, if all not decided were false", of.most_false_per_face),
        ("False, of alerts decided", of.false_share_of_alerts),
        ("Confirmed true, of those settled", of.precision_confirmed),
        ("True, of alerts decided", of.precision_all),
    )


def _charts(record: DeploymentRecord) -> dict[str, Markup]:
    # Ours, with every text in it escaped by lfr_core.publication.site.charts.
    return {
        "alerts": Markup(bars_svg("alerts", "Alerts by what was established", cells(record))),  # noqa: S704
        "rates": Markup(  # noqa: S704  the same
            interval_svg("rates", "Shares of alerts with 95 % intervals", _rates(record)[2:])
        ),
    }


def _moment(at: datetime) -> str:
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y, %H:%M}"


def _ns(time_ns: int) -> str:
    return utc_from_ns(time_ns).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _share(value: float | None) -> str:
    if value is None:
        return "nothing observed"
    percent = f"{100 * value:.3g} %"
    return percent if value == 0 or value > _ODDS_UP_TO else f"{one_in(value)} ({percent})"


def _number(value: float | str | None) -> str:
    if value is None:
        return "not recorded"
    return value if isinstance(value, str) else f"{value:,}"
