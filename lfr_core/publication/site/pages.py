"""The pages, by Jinja2 templates of our own. Everything is escaped; nothing leads the browser to another machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from textwrap import shorten
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lfr_core.deployments.place_plan import PlacePlan, plan_svg
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.notices import NoticeStatus, posts, sentences
from lfr_core.publication.qr import qr_svg
from lfr_core.publication.record import SCHEMA_FILE, SCHEMA_FILES, DeploymentRecord
from lfr_core.publication.site.charts import bars_svg, interval_svg
from lfr_core.publication.site.data import SiteData, SiteDeployment
from lfr_core.publication.site.figures import cells, describe_not_decided
from lfr_core.publication.site.forgotten import quarters
from lfr_core.publication.site.script import SCRIPT, SCRIPT_SOURCE
from lfr_core.publication.site.summary import describe_record, rates, summarise
from lfr_core.publication.site.words import Words

__all__ = ["name_what_is_missing", "pages"]

_NAVIGATION = (
    "index.html",
    "privacy.html",
    "forgotten.html",
    "contact.html",
    "promises.html",
    "documents.html",
    "downloads.html",
)
_FORM = "form.html"
_CELLS = ("true_confirmed", "true_unconfirmed", "false_confirmed", "false_unconfirmed", "not_decided")
_WORST_FIRST = (
    "broken",
    "can't be checked now",
    "not checked for over a day",
    "not checked yet",
    "nothing to check now",
    "holds",
    "no automatic check",
)
_MOST_CHARTED = 12
"""Deployments in the chart of the first page, the newest."""
_LABEL = 26  # characters of a place that the chart is wide enough for
_MAIL = re.compile(r"[\w.+-]+@[\w.-]*\w")


def pages(data: SiteData, policy: Policy, *, draft: bool, languages: Sequence[Words]) -> Iterator[tuple[str, str]]:
    """Yield path and HTML of every page in every language; the first language's lie at the top."""
    for say in languages:
        named = name_what_is_missing(policy, say) if draft else policy
        yield from _in_language(data, named, draft=draft, say=say, languages=languages)


def name_what_is_missing(policy: Policy, say: Words) -> Policy:
    """Say on a draft that the force hasn't given something yet, where the policy has a placeholder."""
    words = {name: "site.unnamed" if name == "name" else "site.not_given" for name in policy.force.placeholders}
    force = policy.force.model_copy(update={name: str(say(text).unescape()) for name, text in words.items()})
    return policy.model_copy(update={"force": force})


def _in_language(
    data: SiteData, policy: Policy, *, draft: bool, say: Words, languages: Sequence[Words]
) -> Iterator[tuple[str, str]]:
    environment = _environment(say)
    above = _folder(say, languages)
    shared = {
        "data": data,
        "policy": policy,
        "draft": draft,
        "say": say,
        "navigation": _NAVIGATION,
        "schema": SCHEMA_FILE.name,
        "schemas": tuple(file.name for file in SCHEMA_FILES),
        "english": Markup("") if say.language == "en" else Markup(' lang="en"'),
        "script_source": SCRIPT_SOURCE,
    }

    def render(template: str, path: str, **values: Any) -> tuple[str, str]:
        home = "../" * path.count("/")
        others = [
            (one.language, one("site.language"), _folder(one, languages) + path) for one in languages if one != say
        ]
        page = environment.get_template(template).render(
            **shared, page=path, home=home, root=home + ("../" if above else ""), others=others, **values
        )
        return above + path, page

    own: dict[str, dict[str, Any]] = {
        "index.html": {"chart": _chart_of_all(data, say)},
        "forgotten.html": {
            "forgotten": [(one, quarters(one.epochs)) for one in reversed(_by_start(data)) if one.epochs],
            "script": Markup(SCRIPT),  # noqa: S704  ours
        },
        "contact.html": {"mails": _mails(policy, say)},
        "promises.html": {"ledger": sorted(data.ledger, key=lambda line: _WORST_FIRST.index(line.status))},
        "downloads.html": {
            "code": None
            if data.head is None
            else Markup(qr_svg(data.head.as_text(), say("downloads.head_code").unescape()))  # noqa: S704  ours
        },
        "documents.html": {"places": {one.public_id: one.announced.public_place for one in data.pages}},
    }
    for name in (*_NAVIGATION, _FORM):
        yield render(name, name, **own.get(name, {}))
    for one in data.pages:
        yield render("deployment.html", f"deployments/{one.public_id}.html", **_deployment(one, policy, say))


def _folder(say: Words, languages: Sequence[Words]) -> str:
    return "" if say == languages[0] else f"{say.language}/"


def _environment(say: Words) -> Environment:
    environment = Environment(
        loader=PackageLoader("lfr_core.publication.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": say.moment,
        "iso_moment": lambda text: say.moment(datetime.fromisoformat(text)),
        "deadline": say.deadline,
        "day": say.day,
        "when": lambda announced: say.span(announced.plan.starts_at, announced.plan.ends_at),
        "result": lambda one: summarise(one, say),
        "told": lambda record: describe_record(record, say),
        "share": say.share,
        "number": say.number,
        "hm": lambda at: f"{_local(at):%H:%M}",
        "clock": lambda at: f"{_local(at):%H:%M:%S}",
    }
    return environment


def _local(at: datetime | time) -> datetime | time:
    return at.astimezone(LONDON) if isinstance(at, datetime) else at


def _by_start(data: SiteData) -> list[SiteDeployment]:
    return sorted(data.pages, key=lambda one: one.announced.plan.starts_at)


def _deployment(one: SiteDeployment, policy: Policy, say: Words) -> dict[str, Any]:
    record = one.newest.record if one.newest else None
    is_told = one.announced.withheld_because is None
    is_coming = one.came is NoticeStatus.COMING
    named = (
        tuple((say(f"cells.{key}"), count) for key, (_, count) in zip(_CELLS, cells(record), strict=True))
        if record
        else ()
    )
    return {
        "one": one,
        "record": record,
        "due": one.due.schedule.due_at if one.due else None,
        "plan": "" if one.plan is None else _plan(one.plan, one, say),
        "informing": sentences(one.announced, policy, one.came) if is_told else (),
        "posts": posts(one.announced, policy) if is_coming and is_told else (),
        "charts": _charts(record, named, say) if record else {},
        "rates": rates(record, say) if record else (),
        "cells": named,
        "not_decided": describe_not_decided(record) if record else "",
    }


def _plan(plan: PlacePlan, one: SiteDeployment, say: Words) -> Markup:
    words = say("deployment.plan_words", place=one.announced.public_place, count=len(plan.marks)).unescape()
    return Markup(plan_svg(plan, words))  # noqa: S704  ours


def _charts(record: DeploymentRecord, named: Sequence[tuple[str, int]], say: Words) -> dict[str, Markup]:
    return {
        "alerts": bars_svg("alerts", say("deployment.alerts_chart").unescape(), named),
        "rates": interval_svg("rates", say("deployment.rates_chart").unescape(), rates(record, say)[2:], say),
    }


def _chart_of_all(data: SiteData, say: Words) -> Markup:
    """Draw how often alerts were wrong in the newest deployments with a record; "" without any."""
    rows = [
        (
            say.on(one.newest.record.date, shorten(one.announced.public_place, _LABEL, placeholder="…")).unescape(),
            one.newest.record.rates.false_share_of_alerts,
        )
        for one in data.past
        if one.newest is not None
    ][:_MOST_CHARTED]
    return interval_svg("all", say("index.chart").unescape(), rows, say) if rows else Markup("")


def _mails(policy: Policy, say: Words) -> dict[str, str]:
    """Make links that open a mail with the questions in it, where the force gave an address for mail; else ""."""
    return {
        kind: _mail(contact, say(f"contact.mail_{kind}").unescape(), say("contact.letter").unescape())
        for kind, contact in (("enquiry", policy.force.enquiries), ("complaint", policy.force.complaints))
    }


def _mail(contact: str, subject: str, body: str) -> str:
    found = _MAIL.search(contact)
    return "" if found is None else f"mailto:{quote(found[0], safe='@')}?subject={quote(subject)}&body={quote(body)}"
