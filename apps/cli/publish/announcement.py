"""`lfr publish announce | release`: telling the public of a deployment beforehand, or why not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import Deployment

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.deployments.announcement import Announcement, ReasonClass
    from lfr_core.deployments.withholding_requests import WithholdingRequest
    from lfr_core.domain.policy import Policy

__all__ = ["announced_output", "app", "asked_output", "parse_reason_class", "reason_word"]

app = typer.Typer()


@command(app)
def announce(
    installation: Installation,
    deployment: Deployment,
    place: Annotated[str, typer.Option("--place", help="An area, as the public knows it; never a camera's place.")],
    date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The day in England.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What it is for, in a line.")],
    by: AuthenticatedPerson,
    use_case: Annotated[int, typer.Option("--use-case", min=1, max=5, help="1 crime hotspot … 5 sought persons.")],
    start: Annotated[datetime, typer.Option("--from", formats=["%H:%M"], help="Clock time in England.")],
    end: Annotated[datetime, typer.Option("--to", formats=["%H:%M"], help="Clock time; before --from: the next day.")],
    withhold: Annotated[bool, typer.Option("--withhold", help="Tell nobody beforehand.")] = False,
    reason_class: Annotated[
        str | None, typer.Option("--reason-class", help="threat-to-life, prevents-serious-crime, ...")
    ] = None,
) -> Output:
    """Announce a deployment now, or ask that its notice be withheld (`lfr deployment approve-withholding`).

    It may be announced again while it hasn't opened. Prints the posts for social media.

    Example: lfr publish announce high-street-0412 --place Norwich --date 2026-12-04 --from 10:00 --to 16:00 --purpose "find people wanted by courts" --use-case 5
    """  # noqa: E501  an example is one line
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.announcement import plan
    from lfr_core.deployments.build import build_announcement_store
    from lfr_core.deployments.withholding import ask_to_withhold
    from lfr_core.domain.figures import UseCase

    planned = plan(
        place=place,
        day=date.date(),
        start=start.time(),
        end=end.time(),
        purpose=purpose,
        use_case=list(UseCase)[use_case - 1],
    )
    if withhold != bool(reason_class):
        raise Refused("announcement.half-withheld", "--withhold and --reason-class go together: give both or neither")
    store = build_announcement_store(installation)
    if not withhold:
        return announced_output(store.publish(deployment, planned, by=by), installation.policy, installation.now)
    because = parse_reason_class(reason_class or "")
    return asked_output(ask_to_withhold(store, deployment, because=because, by=by, plan=planned))


@command(app)
def release(installation: Installation, deployment: Deployment, by: AuthenticatedPerson) -> Output:
    """Let the place of a withheld deployment be named from now on. A published record names it once it is corrected.

    Example: lfr publish release high-street-0412
    """
    from lfr_core.deployments.build import build_announcement_store

    store = build_announcement_store(installation)
    return announced_output(store.release(deployment, by=by), installation.policy, installation.now)


def parse_reason_class(text: str) -> ReasonClass:
    """Read why a notice is withheld. Raises Refused `announcement.unknown-reason`."""
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.announcement import ReasonClass

    known = {reason_word(each): each for each in ReasonClass}
    if text not in known:
        raise Refused("announcement.unknown-reason", f"--reason-class is one of: {', '.join(known)}")
    return known[text]


def reason_word(because: ReasonClass) -> str:
    """Return a reason in the words that the command line takes."""
    return because.name.lower().replace("_", "-")


def asked_output(asked: WithholdingRequest) -> Output:
    """Say what somebody has asked for, and who answers."""
    word = reason_word(asked.because)
    return Output(
        {
            "deployment": asked.deployment,
            "withholding": "asked",
            "request": asked.name,
            "because": asked.because.value,
            "reason_class": word,
            "asked_by": asked.asked_by,
            "asked_at": asked.asked_at.isoformat(),
        },
        f"{asked.deployment}: {asked.words}: "
        f"lfr deployment approve-withholding {asked.deployment} --request {asked.name}",
    )


def announced_output(made: Announcement, policy: Policy, now: datetime) -> Output:
    """Say what the public is told, or why it is told nothing. No post says that what is over will be."""
    import json

    from lfr_core.publication.notices import json_text, posts

    if made.withheld_because is None:
        texts = posts(made, policy) if made.plan.ends_at > now else ("Its hours are over: nothing to post.",)
        lines = [f"{made.deployment}: announced, revision {made.revision}", *texts]
        return Output(lambda: json.loads(json_text([made], policy))["announcements"][0], "\n".join(lines))
    return Output(
        {
            "id": made.public_id,
            "withheld_because": made.withheld_because.value,
            "place_is_public": made.place_is_public,
        },
        f"{made.deployment}: withheld ({made.withheld_because.value}); the public knows it as {made.public_id}"
        f"; its place is {'public' if made.place_is_public else 'not public'}",
    )
