"""The public page, as `python -m apps.public ... --folder FOLDER [--key HEX]` runs it.

It shows the published files and can reach nothing else: no setting, no database, no vault is known to its process.
"""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path, PurePosixPath

import streamlit as st

from apps.public.folder import Deployment, PublishedSite, read_site
from lfr_core.common.errors import LfrError, Poison

__all__: list[str] = []

_TYPES = {".json": "application/json", ".csv": "text/csv", ".ics": "text/calendar", ".atom": "application/atom+xml"}


@st.cache_resource(max_entries=2, show_spinner=False)
def _site(folder: str, resolved: str, key: str) -> PublishedSite:  # noqa: ARG001  `resolved`: a new one for each build
    return read_site(Path(folder), key)


def _argument(name: str) -> str:
    arguments = sys.argv[1:]
    return arguments[arguments.index(name) + 1] if name in arguments[:-1] else ""


def _page() -> None:
    st.set_page_config(page_title="Live facial recognition", layout="centered", initial_sidebar_state="collapsed")
    folder = Path(_argument("--folder"))
    try:
        site = _site(str(folder), str(folder.resolve()), _argument("--key"))
        _show(site)
    except LfrError as error:
        st.error("Nothing is shown, because it couldn't be verified.")
        st.text(str(error) if isinstance(error, Poison) else "Nothing is published yet.")


def _show(site: PublishedSite) -> None:
    st.html(f"<h1>{escape(site.force)}: live facial recognition</h1>")
    if not site.key:
        st.warning("Draft: not published, not signed.")
    coming = [one for one in site.deployments if not one.is_past]
    past = [one for one in site.deployments if one.is_past]
    st.html("<h2>Coming</h2>")
    if not coming:
        st.text("None is announced.")
    for one in coming:
        st.html(f"<p><strong>{escape(one.place)}</strong>, {escape(one.when)}{_kind(one)}</p>")
    st.html("<h2>Past</h2>")
    if not past:
        st.text("None yet.")
    for one in past:
        with st.expander(f"{_plain(one.place)}, {_plain(one.when)}", expanded=one is past[0]):
            _show_past(site, one)
    _show_promises(site)
    _show_downloads(site)
    st.html(f"<p>Made {escape(site.made_at)}. Every file was compared with its signed manifest.</p>")


def _show_past(site: PublishedSite, one: Deployment) -> None:
    if one.late:
        explanation = one.explanation or "Nobody has explained it yet."
        st.html(f"<p><strong>Results were late</strong>: {escape(one.late_because)}. {escape(explanation)}</p>")
    of = one.figures
    if not one.was_held:
        st.text("It was not held: there are no results.")
        return
    if of is None:
        st.text(f"Not published yet; due by {one.due_at}.")
        return
    st.html(
        f"<p><strong>{escape(of.in_words.capitalize())}.</strong> {of.faces_compared:,} faces compared.{_kind(one)}</p>"
    )
    if of.not_decided:
        st.html(f"<p>{escape(of.not_decided)}</p>")
    st.bar_chart(dict(of.alerts), horizontal=True, x_label="alerts")
    st.table({"established": list(of.alerts), "alerts": list(of.alerts.values())})
    for name in (*one.revisions, f"data/{one.id}.csv"):
        _download(site, name)


def _show_promises(site: PublishedSite) -> None:
    st.html("<h2>Our promises</h2>")
    lines = json.loads(site.files["data/promises.json"])["promises"]
    rows = "".join(
        f"<tr><td>{escape(str(each['sentence']))}</td><td>{escape(str(each['status']))}</td>"
        f"<td>{escape(str(each['checked_at']) or 'never')}</td></tr>"
        for each in lines
    )
    st.html(
        f"<table><thead><tr><th>Promise</th><th>Status</th><th>Last look</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _show_downloads(site: PublishedSite) -> None:
    st.html("<h2>Downloads</h2>")
    names = [name for name in sorted(site.files) if name.startswith("documents/")]
    for name in ("data/records.csv", "data/deployments.json", "data/promises.json", "manifest.json", *names):
        _download(site, name)


def _download(site: PublishedSite, name: str) -> None:
    kind = _TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
    st.download_button(
        f"Download {PurePosixPath(name).name}", site.files[name], PurePosixPath(name).name, kind, key=f"get-{name}"
    )


def _kind(one: Deployment) -> str:
    return "" if one.kind == "operational" else f" ({escape(one.kind)}: no police deployment)"


def _plain(text: str) -> str:
    """A label is Markdown to Streamlit: what has a meaning there is escaped."""
    return "".join(f"\\{each}" if each in r"\`*_{}[]()#+-.!$:~|<>" else each for each in text)


_page()
