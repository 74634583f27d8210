"""An announcement as the public gets it: sentences, posts for social media, JSON, iCalendar, Atom.

Only what may be public is in any of them: a withheld deployment isn't announced anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID, uuid5

from feedgen.feed import FeedGenerator
from icalendar import Calendar, Event

from lfr_core.common.counts import counted
from lfr_core.deployments.announcement import Announcement
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON

__all__ = ["MOST_POST_CHARACTERS", "NoticeStatus", "atom_feed", "calendar", "json_text", "posts", "sentences", "when"]

MOST_POST_CHARACTERS = 280
"""The shortest limit among the networks that forces post on."""
_NAMESPACE = UUID("5f0e3b1c-6c0e-4c0b-9a53-0d7b7c1e6d11")  # drawn once, so that feeds' ids stay the same
_NONE_OVER: Mapping[str, NoticeStatus] = MappingProxyType({})


def when(one: Announcement) -> str:
    """Write day and hours in London: "Monday 23 November 2026, 10:00 to 16:13"."""
    start, end = one.plan.starts_at.astimezone(LONDON), one.plan.ends_at.astimezone(LONDON)
    last = "" if start.date() == end.date() else f" on {end:%A} {end.day} {end:%B}"
    return f"{start:%A} {start.day} {start:%B %Y}, {start:%H:%M} to {end:%H:%M}{last}"


class NoticeStatus(StrEnum):
    """What came of an announcement."""

    COMING = "coming"
    """It isn't over: its hours may be running."""
    HELD = "held"
    NOT_HELD = "not held"
    """Its hours are over or it was given up, and it never opened."""


def sentences(one: Announcement, policy: Policy, came: NoticeStatus = NoticeStatus.COMING) -> tuple[str, ...]:
    """Write what everyone has to be told (docs/domain.md P1), a sentence or two each; the numbers are the policy's.

    What is over is told in the past; of what wasn't held nothing but that is told, and where to ask.
    """
    ask = (f"Ask how your data is used: {policy.force.enquiries}", f"Complain: {policy.force.complaints}")
    purpose = f" Purpose: {one.plan.purpose}.".replace("..", ".")
    recognition = f"live facial recognition in {one.public_place} on {when(one)}"
    if came is NoticeStatus.NOT_HELD:
        return (f"{policy.force.name} announced {recognition}. It was not held.", *ask)
    within = f"{counted(policy.vault.epoch_s + policy.vault.grace_s, 'second')} later"
    alert, footage = counted(policy.alerts.retention_h, "hour"), counted(policy.footage.retention_days, "day")
    kept = f"An alert's data is kept {alert}, CCTV {footage}."
    held = came is NoticeStatus.HELD
    return (
        f"{policy.force.name} {'used' if held else 'will use'} {recognition}.{purpose}",
        (
            "Faces were compared with a list made for this deployment alone. Those that matched nobody were deleted at "
            f"once: nothing could open them {within}. {kept}"
            if held
            else "Your face is compared with a list made for this deployment alone. If it matches nobody it is deleted "
            f"at once: nothing can open it {within}. {kept}"
        ),
        "Avoiding the camera or covering your face is no ground to stop you.",
        (
            "Section 60AA (Criminal Justice and Public Order Act 1994) is a separate power: only where a senior "
            "officer has authorised it, for a set area and time, may an officer in uniform require you to remove what "
            "hides your face."
        ),
        *ask,
    )


def posts(one: Announcement, policy: Policy) -> tuple[str, ...]:
    """Write the sentences as a thread, numbered; each post has at most `MOST_POST_CHARACTERS` characters."""
    limit = MOST_POST_CHARACTERS - len(" (99/99)")
    parts: list[str] = []
    for sentence in sentences(one, policy):
        rest = sentence
        while len(rest) > limit:
            cut = rest.rfind(" ", 1, limit + 1)
            cut = limit if cut < 1 else cut
            parts.append(rest[:cut])
            rest = rest[cut:].lstrip()
        parts.append(rest)
    return tuple(f"{part} ({number}/{len(parts)})" for number, part in enumerate(parts, 1))


def json_text(announced: Sequence[Announcement], policy: Policy, over: Mapping[str, NoticeStatus] = _NONE_OVER) -> str:
    """Write all of `announced` as JSON. `over`, likewise below: what came of those that are over, by public id."""
    value = [
        {
            "id": one.public_id,
            "revision": one.revision,
            "published_at": one.made_at.isoformat(),
            "force": policy.force.name,
            "area": one.public_place,
            "starts_at": one.plan.starts_at.astimezone(LONDON).isoformat(),
            "ends_at": one.plan.ends_at.astimezone(LONDON).isoformat(),
            "purpose": one.plan.purpose,
            "use_case": one.plan.use_case.value,
            "came": over.get(one.public_id, NoticeStatus.COMING).value,
            "what_you_are_told": list(_inform_public(one, policy, over)),
            "posts": [] if one.public_id in over else list(posts(one, policy)),
        }
        for one in announced
        if one.withheld_because is None
    ]
    return (
        json.dumps({"schema": "openlfr.announcements.1", "announcements": value}, indent=1, ensure_ascii=False) + "\n"
    )


def calendar(announced: Sequence[Announcement], policy: Policy, over: Mapping[str, NoticeStatus] = _NONE_OVER) -> str:
    """Write all of `announced` as iCalendar (RFC 5545)."""
    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", "-//OpenLFR//announcements 1//EN")
    made.add("method", "PUBLISH")
    for one in announced:
        if one.withheld_because is not None:
            continue
        event = Event()
        event.add("uid", str(_uuid(one, policy)))
        event.add("sequence", one.revision - 1)
        event.add("dtstamp", one.made_at.astimezone(UTC))
        event.add("dtstart", one.plan.starts_at.astimezone(UTC))
        event.add("dtend", one.plan.ends_at.astimezone(UTC))
        event.add("summary", f"Live facial recognition, {policy.force.name}")
        event.add("location", one.public_place)
        event.add("description", "\n".join(_inform_public(one, policy, over)))
        event.add("class", "PUBLIC")
        event.add("transp", "TRANSPARENT")
        made.add_component(event)
    return str(made.to_ical(sorted=False), "utf-8")


def atom_feed(
    announced: Sequence[Announcement],
    policy: Policy,
    *,
    updated: datetime,
    over: Mapping[str, NoticeStatus] = _NONE_OVER,
) -> str:
    """Write all of `announced` as an Atom feed (RFC 4287); links are relative to the site's folder."""
    published = [one for one in announced if one.withheld_because is None]
    feed = FeedGenerator()
    feed.generator("")
    feed.id(f"urn:uuid:{uuid5(_NAMESPACE, policy.force.name)}")
    feed.title(f"Live facial recognition: announcements of {policy.force.name}")
    feed.updated(max((one.made_at for one in published), default=updated).astimezone(UTC))
    feed.author(name=policy.force.name)
    feed.link(rel="alternate", href="index.html")
    for one in sorted(published, key=lambda each: each.made_at, reverse=True):
        entry = feed.add_entry(order="append")
        entry.id(f"urn:uuid:{_uuid(one, policy)}")
        entry.title(f"Live facial recognition in {one.public_place}, {when(one)}")
        entry.updated(one.made_at.astimezone(UTC))
        entry.link(rel="alternate", href=f"deployments/{one.public_id}.html")
        entry.content("\n\n".join(_inform_public(one, policy, over)), type="text")
    return str(feed.atom_str(pretty=True, encoding="utf-8"), "utf-8")


def _inform_public(one: Announcement, policy: Policy, over: Mapping[str, NoticeStatus]) -> tuple[str, ...]:
    return sentences(one, policy, over.get(one.public_id, NoticeStatus.COMING))


def _uuid(one: Announcement, policy: Policy) -> UUID:
    return uuid5(_NAMESPACE, f"{policy.force.name}\n{one.public_id}")
