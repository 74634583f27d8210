"""Draws the alerts of the operator's page: the one that is being decided, and those judged last. Both stand still.

Picture and buttons of an alert belong to one drawing; what comes meanwhile is named in the line above them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from apps.operator import panels, questions
from apps.operator.pictures import DELETED_ON_SCHEDULE
from apps.operator.questions import GivenAnswer, ShownAlert
from apps.operator.snapshot import AlertSnapshot
from apps.operator.tones import NewAlerts, tone_html
from apps.operator.view import OperatorView
from apps.plain_words import plain_words
from lfr_core.alerts.read import AlertSummary, ConsoleAlerts, DeploymentSummary
from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.domain.alerts import Shown
from lfr_core.domain.thumbnails import Thumbnail

__all__ = ["MUTED", "AlertsView", "console_columns", "next_alert"]

MUTED = "operator-muted"
"""Of the session's state: whether new alerts come without a tone."""

_NOTHING_TO_UNDO = "Nothing was answered here yet, or it was undone."
_OF_ANOTHER = {"alert.already-answered", "alert.unknown"}
"""Refusals after which the alert isn't this operator's to decide any more."""


@dataclass(slots=True)
class _AlertList:
    """The alerts that wait, or those judged; and what became of the last click there."""

    name: str
    snapshot: AlertSnapshot
    message: str = ""
    refused: bool = False
    given: GivenAnswer | None = None
    """The last answer given here, until it is undone."""
    clicks: int = 0
    turn: int = 0
    opened: int = 0
    """How many alerts there were when what stands was first shown."""

    def note(self, message: str, *, refused: bool) -> None:
        """Keep what became of a click; it stands until the next."""
        self.message, self.refused = message, refused
        self.clicks += 1


def next_alert(look: ConsoleAlerts, wanted: UUID | None, *, taken: Collection[UUID] = ()) -> tuple[AlertSummary, ...]:
    """Find the alert to decide next: the wanted one while nobody has judged it, else the queue's first; or none.

    `taken`: those that others are deciding, left out.
    """
    found = None if wanted is None else look.find(wanted)
    if found is not None and found.undecided:
        return (found,)
    return tuple(each for each in look.waiting if each.id not in taken)[:1]


def console_columns() -> Sequence[DeltaGenerator]:
    """Divide the page: what is being decided, and what stands at its side."""
    main, side = st.columns([3, 1], gap="small")
    return main.container(key="ops-main", gap="xsmall"), side.container(key="ops-side", gap="xsmall")


class AlertsView:
    """Those of one session of the page and one operator; it goes when another signs on. Not for several threads."""

    def __init__(self, view: OperatorView, operator: AuthenticatedPerson, use: Callable[[], object]) -> None:
        """`use`: called before each act. Raises LfrError where the operator is logged out meanwhile."""
        self._view = view
        self._operator = operator
        self._use = use
        self._pictures = view.pictures()
        self.sweep = self._pictures.sweep
        self._held: UUID | None = None
        self._large = False
        self._new = NewAlerts()
        self._tone = tone_html(None, ())
        self._waiting, self._judged = (_AlertList(name, view.snapshot()) for name in ("wait", "done"))

    def draw(
        self,
        deployment: DeploymentSummary,
        beside: Callable[[Mapping[str, Thumbnail]], None] = lambda _thumbnails: None,
    ) -> None:
        """Draw the alert that is being decided, and at its side the queue, those judged, and what `beside` draws.

        `beside` is given what the cameras see just now.
        """
        here = deployment.view.id
        # refused to whoever is out: what stands still isn't shown for longer
        found = self._view.poll(here, self._operator, self._list_shown())
        look = found.alerts
        self._pictures.sweep()
        waiting, judged = self._view.tally(here)
        others = self._view.claims.others(self._operator.name)
        main, side = console_columns()
        with main:
            shown = self._draw_waiting(deployment, look, (waiting, waiting + judged), others)
        with side:
            self._sound_newest(look.waiting)
            self._draw_queue(look.waiting, shown, others)
            if judged or self._judged.snapshot.alerts:
                self._draw_judged(look, judged)
            beside(found.thumbnails)
            st.html(self._tone)  # below all else: it takes room and moves nothing
        for part in (self._waiting, self._judged):
            part.snapshot.note_drawn()

    def _list_shown(self) -> set[UUID]:
        """List whatever stands on the screen, and what was asked for there."""
        shown = {each.id for part in (self._waiting, self._judged) for each in filter(None, part.snapshot.alerts)}
        wanted = self._waiting.snapshot.wanted
        return shown if wanted is None else shown | {wanted}

    def _draw_waiting(
        self, deployment: DeploymentSummary, look: ConsoleAlerts, counts: tuple[int, int], others: Mapping[UUID, str]
    ) -> AlertSummary | None:
        """Draw the alert that is being decided; return it as it was first shown, None where there is none.

        `counts`: how many wait, and how many there are.
        """
        part, here, (waiting, opened) = self._waiting, deployment.view.id, counts
        find = partial(next_alert, look, taken=others.keys())
        shown = next(iter(part.snapshot.show(find)), None)
        if part.turn != part.snapshot.turn:
            part.turn, part.opened = part.snapshot.turn, opened
            if shown is not None:
                self._pictures.drop(shown.id)  # it is shown as it is now, also if it was opened a moment ago
        self._hold(None if shown is None or not part.snapshot.answerable else shown.id)
        now = None if shown is None else look.find(shown.id)
        news = ""
        if shown is not None and now is None:
            part.snapshot.forget(shown.id)
            part.snapshot.release()  # it has no button any more
        elif shown is not None and now is not None and part.snapshot.answerable:
            news = panels.change_since(shown, now, here) or panels.taken_by(others.get(shown.id, ""))
        new = 0 if shown is None else max(0, opened - part.opened)
        turns = {"Look again": None if shown is None else shown.id, "First of the queue": None}
        self._strip(part, panels.waiting_heading(waiting, new), news, turns)
        self._cards(part)
        if not part.snapshot.alerts:
            st.html(panels.others_decide(others.values()) if waiting and others else panels.nothing_waits(deployment))
        return shown

    def _hold(self, alert: UUID | None) -> None:
        """Claim the alert that is being decided, and let go of the one before."""
        if self._held is not None and self._held != alert:
            self._view.claims.release(self._held, self._operator.name)
        self._held = alert
        if alert is not None:
            self._view.claims.claim(alert, self._operator.name)

    def _sound_newest(self, queue: Sequence[AlertSummary]) -> None:
        """Have the most urgent of those that are new sound, once, unless the operator has muted the page."""
        new = self._new.take(queue)
        if new and not st.session_state.get(MUTED):
            self._tone = tone_html(self._view.response(new[0]), [str(each.id) for each in new])

    def _draw_queue(
        self, queue: Sequence[AlertSummary], shown: AlertSummary | None, others: Mapping[UUID, str]
    ) -> None:
        """Name every alert that waits; one is taken up by a click, also from somebody else."""
        now_ns = self._view.now_ns()
        lines = [(each, self._view.response(each), others.get(each.id, "")) for each in queue]
        st.html(panels.queue_html(lines, None if shown is None else shown.id, now_ns=now_ns))
        rest = {each.id: panels.queue_label(each) for each in queue if shown is None or each.id != shown.id}
        with st.popover(
            "Take up another", key="ops-take", on_change="rerun", type="tertiary", disabled=not rest
        ) as popover:
            if popover.open:
                for alert, label in rest.items():
                    st.button(label, key=f"take-{alert}", on_click=self._take, args=(alert,))

    def _take(self, alert: UUID) -> None:
        self._view.claims.claim(alert, self._operator.name, take=True)
        self._show_alert(self._waiting, alert)

    def _draw_judged(self, look: ConsoleAlerts, judged: int) -> None:
        part, latest = self._judged, look.judged
        part.snapshot.show(lambda _: latest)
        for alert in part.snapshot.alerts:
            if alert is not None and look.find(alert.id) is None:
                part.snapshot.forget(alert.id)
        questions.forget_receipt({alert.id for alert in part.snapshot.alerts if alert is not None})
        news = "There are newer answers." if part.snapshot.answerable and latest != part.snapshot.alerts else ""
        self._strip(part, f'<h2 class="ops-h2">{judged} judged</h2>', news, {"Show the latest": None})
        self._cards(part)

    def _strip(self, part: _AlertList, heading: str, news: str, turns: dict[str, UUID | None]) -> None:
        """Draw a line of fixed height: how many alerts there are, what came meanwhile, what became of a click."""
        with st.container(horizontal=True, vertical_alignment="top", gap="small", key=f"ops-strip-{part.name}"):
            st.html(heading + panels.status_lines(part.message, news, refused=part.refused))
            st.button(
                "Undo",
                key=f"undo-{part.name}-{part.clicks}",
                disabled=part.given is None,
                help=_NOTHING_TO_UNDO if part.given is None else f"Takes back: {part.given.label}",
                shortcut="U" if part is self._waiting else None,
                on_click=self._undo,
                args=(part, part.given),
            )
            if part is self._waiting:
                word = "Whole pictures" if self._large else "Zoom"
                st.button(word, key="zoom", disabled=not part.snapshot.alerts, shortcut="Z", on_click=self._zoom)
            for label, wanted in turns.items():
                st.button(
                    label,
                    key=f"{label}-{part.name}".replace(" ", "-").lower(),
                    disabled=not part.snapshot.alerts,
                    on_click=self._show_alert,
                    args=(part, wanted),
                )

    def _cards(self, part: _AlertList) -> None:
        for alert in part.snapshot.alerts:
            if alert is None:
                st.html(panels.empty(DELETED_ON_SCHEDULE))
            else:
                self._card(part, alert)

    def _card(self, part: _AlertList, alert: AlertSummary) -> None:
        found = self._pictures.of(alert, self._operator, part.snapshot.digests.get(alert.id, ""))
        digest = "" if isinstance(found, str) else found.digest
        if digest and part.snapshot.digests.setdefault(alert.id, digest) != digest:
            if part.snapshot.answerable:
                part.snapshot.release(alert.id)  # opened anew after their ten minutes
            found, digest = "A newer picture has come.", ""
        now_ns = self._view.now_ns()
        with st.container(border=True, key=f"ops-{part.name}-{alert.id}"):
            is_open = part is self._waiting  # those judged stand at the side, where there is room for the pair
            large, response = is_open and self._large, self._view.response(alert)
            st.html(panels.alert_card(alert, found, response, now_ns=now_ns, large=large, beside=is_open))
            with st.container(key=f"ops-answers-{part.name}-{alert.id}", gap="xsmall"):
                if not part.snapshot.answerable:
                    questions.show_answers(self._view, alert)
                    return
                questions.show_questions(
                    ShownAlert(
                        view=self._view,
                        alert=alert,
                        stands_beside=Shown(digest, alert.decision),
                        operator=self._operator,
                        use=self._use,
                        turn=f"{part.name}-{part.snapshot.turn}",
                        after=partial(self._report_answer, part),
                        show_refusal=partial(part.note, refused=True),
                    )
                )

    def _report_answer(self, part: _AlertList, answer: GivenAnswer, error: LfrError | None) -> None:
        """Say what was recorded, or why nothing was: every click is answered."""
        if error is None:
            at = self._view.local_now()
            part.note(f"Recorded at {at:%H:%M:%S}: {answer.label}, {answer.alert.subject}.", refused=False)
            part.given = answer
            part.snapshot.release()
            self._judged.snapshot.release()
            return
        part.note(f"Not recorded: {plain_words(str(error))}", refused=True)
        if isinstance(error, Refused):
            self._pictures.drop(answer.alert.id)
            part.snapshot.release(None if error.rule in _OF_ANOTHER else answer.alert.id)

    def _undo(self, part: _AlertList, given: GivenAnswer) -> None:
        try:
            self._use()
            self._view.decisions.undo(given.alert.id, given.word, given.operator)  # type: ignore[arg-type]  # one of the four
        except LfrError as error:
            part.note(f"Not undone: {plain_words(str(error))}", refused=True)
            return
        part.note(f"Undone: {given.label}, {given.alert.subject}.", refused=False)
        part.given = None
        self._waiting.snapshot.release(given.alert.id)
        self._judged.snapshot.release()

    def _zoom(self) -> None:
        self._large = not self._large

    def _show_alert(self, part: _AlertList, alert: UUID | None) -> None:
        """Show another alert, or this one as it is now, because the operator asks."""
        with suppress(LfrError):  # who is out sees it at the next drawing
            self._use()
        for shown in filter(None, part.snapshot.alerts):
            self._pictures.drop(shown.id)
        part.note("", refused=False)
        part.snapshot.release(alert)
