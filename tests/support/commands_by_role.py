"""Each command that asks who is there: arguments that lead to something, and the roles it is for."""

from __future__ import annotations

import datetime as dt

from lfr_core.custody.people import Role
from lfr_core.custody.people.roles import SERVICE_ROLES

__all__ = ["DAY", "ENDED", "EXPIRED", "MACHINE_TOO", "MAY", "NOBODY", "ONLY", "PEOPLE", "REVOKED", "C", "O"]

P, A, O, U, C = (  # noqa: E741  short names for a table
    Role.PLANNER,
    Role.AUTHORISING_OFFICER,
    Role.OPERATOR,
    Role.PUBLICATION_OFFICER,
    Role.COMPLIANCE,
)
REVOKED, ENDED, EXPIRED = "Rex Left", "Eve Ended", "Edd Overdue"
"""In every role but the auditor's; one is revoked, of one the sessions are ended, of one the shift is over."""
NOBODY = "nobody"
ONLY = {role: f"{role.value.title()} Only" for role in Role}
DAY = (dt.datetime.now(dt.UTC) + dt.timedelta(days=7)).date().isoformat()
PEOPLE, S = set(Role) - SERVICE_ROLES, Role.TRIALS_SERVICE
TRIAL, OPENERS = {P, A, O, S}, {P, A, O}
MAY: dict[str, tuple[str, set[Role]]] = {
    "alerts engage": ("{judged} engaged", {O}),
    "alerts export": ("{alert} alert-{number} --purpose look", {O, Role.ENGAGING_OFFICER}),
    "alerts judge": ("{alert} same --pictures none", {O}),
    "alerts list": ("--deployment dep", {O}),
    "alerts outcome": ("{judged} arrest", {O}),
    "alerts review": ("{judged} confirmed-true", {O}),
    "alerts show": ("{alert}", {O}),
    "audit export": ("--output {out}", {C, Role.AUDITOR}),
    "audit show": ("", {C, Role.AUDITOR}),
    "camera add": ("--source rtsp://10.0.0.7/stream1 --deployment authorised --name authorised", {P, O}),
    "deployment announce": ("authorised", {P, U}),
    "deployment apply": ("applied", {P}),
    "deployment approve-list": ("authorised --digest 00", {A}),
    "deployment approve-withholding": ("asked --request 1-0", {A}),
    "deployment authorise": ("applied --reason because --revision 1", {A}),
    "deployment blue-list-pass": ("dep --subject nobody --camera north --from {walk_begins} --to {walk_ends}", {O}),
    "deployment blue-list-plan": ("dep --rate 0.9 --margin 0.05", {P, O}),
    "deployment cancel": ("given-up --why because", {P, A}),
    "deployment close": ("authorised", OPENERS),
    "deployment compile": ("authorised {out}", {P}),
    "deployment create": ("another-{number} --kind evaluation", TRIAL),
    "deployment open": ("authorised", {P, O}),
    "deployment plan": ("planned-{number} {form}", {P}),
    "deployment ready": ("authorised --signage", {P, O}),
    "deployment refuse": ("applied --reason because", {A}),
    "deployment refuse-withholding": ("asked-too --reason because", {A}),
    "deployment resume": ("suspended", TRIAL),
    "deployment suspend": ("dep --why because", {*TRIAL, C}),
    "deployment timeline": ("authorised", PEOPLE),
    "deployment withhold": ("undecided --reason-class threat-to-life", {P, A, U}),
    "footage approve": ("{hold} --digest 0", {A, C}),
    "footage export": ("--deployment dep --purpose case --output evidence-{number}", {A, C}),
    "footage hold": ("--ground complaint --reference x --review-on {day} --segment segment-1", {A, C}),
    "footage holds": ("", {A, C, Role.AUDITOR}),
    "footage list": ("--deployment dep", {A, C, Role.AUDITOR}),
    "footage release": ("{hold}", {A, C}),
    "footage review": ("{hold} --review-on {day}", {A, C}),
    "footage show": ("segment-1", {A, C, Role.AUDITOR}),
    "footage view": ("--deployment dep --purpose look --output seen-{number}", {A, C}),
    "operator attend": ("dep --seconds 0.1", {O}),
    "operator sign-off": ("dep", set(Role)),
    "operator sign-on": ("authorised", {O, Role.ENGAGING_OFFICER}),
    "documents add": ("dpia {paper} --title t --version 2 --review-by {day}", {A, C}),
    "probe self-test": ("dep", {*PEOPLE, S} - {Role.AUDITOR}),
    "publish announce": (
        "draft --place Norwich --date {day} --purpose p --use-case 5 --from 10:00 --to 16:00",
        {P, A, U},
    ),
    "publish explain": ("dep --why because", {A, U}),
    "publish record": ("dep --publish", {U}),
    "publish release": ("withheld", {P, A, U}),
    "rights answer": ("{request} --text-file {paper}", {C}),
    "rights approve": ("{listed} --digest 0", {A, C}),
    "rights assign": ("{request} dep", {C}),
    "rights close": ("{request} --withdrawn", {C}),
    "rights complain": ("--contact-file {said} --text-file {said}", PEOPLE),
    "rights confirm": ("{request}", {A, C}),
    "rights disclose": ("{listed}", {C}),
    "rights due": ("", {A, C, Role.AUDITOR}),
    "rights enquire": ("--contact-file {said} --text-file {said}", PEOPLE),
    "rights list": ("", {A, C, Role.AUDITOR}),
    "rights receipt": ("{alert} --output {out}", {O, Role.ENGAGING_OFFICER}),
    "rights show": ("{request} --purpose look", {C}),
    "users add": ("New-{number} --role operator --rank constable --no-account", {C}),
    "users add-service": ("Script-{number} --may run-trials --key-file {out}", {C}),
    "users change": ("{third} --role operator --rank sergeant", {C}),
    "users link": ("{person} --subject {number}", {C}),
    "users list": ("", PEOPLE),
    "users log-out": ("{person}", {C}),
    "users password": ("{person}", {C}),
    "users rename": ("{third} Renamed-{number}", {C}),
    "users revoke": ("{other} --why because", {C}),
    "vault admit-machine": ("van-{number} --for camera --camera north --output {out}", {C}),
    "vault dismiss-machine": ("van-0", {C}),
    "watchlist choose": ("{out} two.jpg", OPENERS),
    "watchlist enrol": ("{out} --deployment draft", TRIAL),
    "watchlist show": ("--deployment dep", {O}),
}
"""Each command that asks who is there: arguments that lead to something, and the roles it is for."""
MACHINE_TOO = {"deployment create", "deployment resume", "deployment suspend", "probe self-test", "watchlist enrol"}
"""Of trials, where nobody is logged in: `lfr stream run` and whoever tries the platform out on recordings."""
