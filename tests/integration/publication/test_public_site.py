"""The public site: what it says, that it is as signed, and that it replaces the old one at once or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Poison, Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import read_kept_head
from lfr_core.custody.audit.signed import signed_head
from lfr_core.custody.vault.core import VaultCore
from lfr_core.deployments.announcement import NOT_RELEASED
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import ForcePolicy, Policy, load_policy
from lfr_core.publication.notices import MOST_POST_CHARACTERS, NoticeStatus, calendar, posts, sentences
from lfr_core.publication.published import Publisher
from lfr_core.publication.qr import qr_svg
from lfr_core.publication.record_figures import gather_figures
from lfr_core.publication.site.build import HEAD, render_site_files
from lfr_core.publication.site.data import SiteData, gather_site_data
from lfr_core.publication.site.manifest import verify_files
from lfr_core.publication.site.publisher import fingerprint_of_site
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.audit import AuditHeadRow
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.audit import Notary
from tests.support.databases import new_sqlite
from tests.support.overwriting import make_earlier, overwriting
from tests.support.people import authenticated
from tests.support.publishing import announcing, ended_deployment, planned, withhold
from tests.support.record_publisher import compared
from tests.support.records import NOW_NS, store_of
from tests.support.sessions import session_env
from tests.support.vault_core import site_vault
from tests.support.vault_server import serving_vault
from tests.support.vaults import trail_of


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """SQLite alone: what the site reads is tested on both in test_publishing.py."""
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


FORCE = ForcePolicy(
    name="Norfolk Constabulary", enquiries="ask@here", complaints="complain@here", appeals="appeal@here",
    data_protection="dpo@here", public_site="",
)  # fmt: skip
POLICY = load_policy().model_copy(update={"force": FORCE})
NOW = utc_from_ns(NOW_NS) + timedelta(days=1)


def read_public_data(engine: Engine) -> SiteData:
    """One announced with markup in its purpose and published, one withheld; neither released."""
    clock = ended_deployment(engine, "dep")
    announce = announcing(engine, clock)
    announce.publish("dep", planned(purpose="<script>alert(1)</script>; a, b \\ c"), by=authenticated("A. Okafor"))
    ended_deployment(engine, "thorpe-road")
    withhold(announce, "thorpe-road", planned("Thorpe Road"), by="A. Okafor", approved_by="Supt B")
    for name in ("dep", "thorpe-road"):
        figures = gather_figures(engine, name, force=FORCE.name)
        Publisher(engine, trail_of(engine), clock, POLICY.publication, compared(engine)).publish(
            name, figures, by=authenticated("A. Okafor")
        )
    return gather_site_data(engine, POLICY, documents_folder=Path("none"), now=NOW)


def vault_of_site(engine: Engine, folder: Path, now: datetime = NOW, policy: Policy = POLICY) -> VaultCore:
    return site_vault(folder, engine, policy, now)[0]


class Headings(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.levels: list[int] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))


def test_the_site_has_every_page_no_script_no_request_and_no_place_that_is_withheld(
    engine: Engine, tmp_path: Path
) -> None:
    files = render_site_files(read_public_data(engine), POLICY, signer=vault_of_site(engine, tmp_path))
    texts = {name: content.decode() for name, content in files.items()}
    page = texts["deployments/dep.html"]

    for each in (page, texts["index.html"]):
        assert "40 faces were compared with the list. There were 6 alerts: 3 right, 2 wrong, 1 not decided." in each
    assert '<th scope="row">not decided</th><td class="n">1</td>' in page
    assert "Nobody judged 1 of these alerts, and nobody answers for that" in page
    assert json.loads(texts["data/deployments.json"])["deployments"][0]["figures"]["alerts"]["not decided"] == 1
    assert "<svg" in page
    assert "2 of 3</td>" in page
    assert ">66.7 %</td>" in page
    assert "&lt;script&gt;" in page
    assert "threat to life" in texts["deployments/withheld-0123456789ab.html"]
    assert NOT_RELEASED in texts["index.html"]
    assert [name for name, text in texts.items() if "thorpe" in (name + text).lower()] == []
    for name, text in texts.items():
        if name.endswith(".html"):
            assert not re.search(r"<script src|https?://|url\(|@import|<link|<img|fetch\(|<form action", text), name
            headings = Headings()
            headings.feed(text)
            assert headings.levels[0] == 1
            assert all(below - above <= 1 for above, below in zip(headings.levels, headings.levels[1:], strict=False))
            here = Path(name).parent
            for link in re.findall(r'href="(?!mailto:)([^"#]+)', text):
                assert os.path.normpath(here / link) in texts, (name, link)
    assert f"{POLICY.alerts.retention_h} hours, without exception" in texts["privacy.html"]
    assert json.loads(texts["data/dep-revision-1.json"])["faces_compared"] == 40


def test_the_manifest_is_signed_over_every_file_and_finds_what_was_changed(engine: Engine, tmp_path: Path) -> None:
    vault = vault_of_site(engine, tmp_path)
    files = render_site_files(read_public_data(engine), POLICY, signer=vault)
    key = vault.public_key.hex()
    verify_files(files, public_key=key)

    for changed in (
        files | {"index.html": b"other"},
        files | {"added.html": b""},
        {name: content for name, content in files.items() if name != "data/dep.csv"},
    ):
        with pytest.raises(Poison, match=r"index\.html|added\.html|dep\.csv"):
            verify_files(changed, public_key=key)
    with pytest.raises(Poison, match="isn't signed"):
        verify_files(files, public_key="00" * 32)


def test_the_site_carries_the_newest_signed_head_of_the_trail_whose_change_alone_builds_no_other(
    engine: Engine, tmp_path: Path
) -> None:
    vault, data = vault_of_site(engine, tmp_path), read_public_data(engine)
    head = signed_head(Notary(), 7, "ab" * 32, NOW_NS)
    with overwriting(engine) as session:
        session.add(
            AuditHeadRow(
                seq=head.seq, hash=head.hash, at_ns=head.at_ns, public_key=head.public_key, signature=head.signature
            )
        )
    later = gather_site_data(engine, POLICY, documents_folder=Path("none"), now=NOW)
    files = render_site_files(later, POLICY, signer=vault)
    (tmp_path / "kept.json").write_bytes(files[HEAD])

    assert HEAD not in render_site_files(data, POLICY, signer=vault)
    assert read_kept_head(tmp_path / "kept.json") == head
    assert qr_svg(head.as_text(), "The seal of today, as a code to scan") in files["downloads.html"].decode()
    assert "<svg" not in render_site_files(data, POLICY, signer=vault)["downloads.html"].decode()
    assert fingerprint_of_site(later, POLICY, draft=False) == fingerprint_of_site(data, POLICY, draft=False)


def test_what_is_over_is_told_in_the_past_and_what_was_not_held_is_said_so(engine: Engine, tmp_path: Path) -> None:
    data = read_public_data(engine)
    files = render_site_files(data, POLICY, signer=vault_of_site(engine, tmp_path))
    texts = {
        name: content.decode() for name, content in files.items() if name.endswith(("html", "json", "ics", "atom"))
    }
    (one,) = [each for each in data.past if each.public_id == "dep"]

    assert [name for name, content in texts.items() if "will use" in content.replace("\r\n ", "")] == []
    assert "used live facial recognition in Norwich city centre" in texts["deployments/dep.html"]
    assert "Text for social media" not in texts["deployments/dep.html"]
    assert "will use" in sentences(one.announced, POLICY)[0]
    assert sentences(one.announced, POLICY, NoticeStatus.NOT_HELD)[0].endswith("It was not held.")


def test_an_announced_deployment_that_never_opened_is_said_not_to_have_been_held(
    engine: Engine, tmp_path: Path
) -> None:
    store_of(engine).create("dep", DeploymentKind.DEMO, name="High Street")
    announcing(engine).publish("dep", planned(), by=authenticated("A. Okafor"))
    before, after = (
        gather_site_data(engine, POLICY, documents_folder=Path("none"), now=planned().ends_at + timedelta(hours=hours))
        for hours in (-1, 1)
    )

    assert [(one.public_id, one.came) for one in before.coming] == [("dep", NoticeStatus.COMING)]
    assert [(one.public_id, one.came) for one in after.past] == [("dep", NoticeStatus.NOT_HELD)]
    vault = vault_of_site(engine, tmp_path, after.now)
    page = render_site_files(after, POLICY, signer=vault)["deployments/dep.html"].decode()
    assert "It was not held: there are no results." in page
    assert "working days" not in page


def test_placeholders_are_refused_but_in_a_draft_which_says_so(engine: Engine, tmp_path: Path) -> None:
    data = read_public_data(engine)
    with pytest.raises(Refused, match=r"force\.name"):
        render_site_files(data, load_policy(), signer=vault_of_site(engine, tmp_path))
    draft = render_site_files(data, load_policy(), signer=None)

    assert all(b"<strong>Draft.</strong>" in content for name, content in draft.items() if name.endswith(".html"))
    assert json.loads(draft["manifest.json"])["signature"] == ""


def test_calendars_are_folded_and_escaped_and_posts_fit(engine: Engine) -> None:
    (one,) = [each.announced for each in read_public_data(engine).past if each.announced.withheld_because is None]
    lines = calendar([one], POLICY).split("\r\n")
    whole = calendar([one], POLICY).replace("\r\n ", "")

    assert max(len(line.encode()) for line in lines) <= 75
    assert "\n" not in "".join(lines)
    assert r"\; a\, b \\ c" in whole
    assert "DTSTART:20261123T100000Z\r\n" in whole
    assert max(map(len, posts(one, POLICY))) <= MOST_POST_CHARACTERS
    for output in (
        "Norwich city centre",
        "23 November 2026",
        "24 hours",
        "60AA",
        "no ground",
        "ask@here",
        "complain@here",
    ):
        assert output in " ".join(posts(one, POLICY))


@pytest.mark.slow
def test_the_commands_announce_publish_and_build_a_site_that_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.toml"
    text = (Path(__file__).parents[3] / "infra" / "policy" / "default.toml").read_text(encoding="utf-8")
    policy.write_text(text.replace("CHANGE ME", "Norfolk"), encoding="utf-8")
    monkeypatch.setenv("LFR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LFR_POLICY_FILE", str(policy))
    settings = Settings()
    settings.home.mkdir()
    engine = open_engine(new_sqlite(settings.home / "records.sqlite3"))
    ended_deployment(engine)
    with overwriting(engine) as session:
        session.get_one(DeploymentRow, "dep").ended_at = utc_from_ns(NOW_NS) + timedelta(hours=6)
        make_earlier(session)
    engine.dispose()
    with serving_vault(settings, load_policy(policy)) as vault:

        def lfr(*words: str, by: str = "") -> str:
            ran = CliRunner().invoke(app, list(words), env=session_env(by) if by else {})
            assert ran.exit_code == 0, ran.output
            return ran.stdout

        add = ("--role", "publication-officer", "--rank", "police-staff", "--no-account")
        lfr("users", "add", "A. Okafor", *add, by="Dana Compliance")
        place = ("--place", "Norwich", "--date", "2026-11-23", "--from", "10:00", "--to", "16:00", "--purpose", "find")
        told = lfr("publish", "announce", "dep", *place, "--use-case", "5", by="A. Okafor")
        preview = lfr("publish", "record", "dep", "--preview")
        to_print = CliRunner().invoke(app, ["publish", "record", "dep"])
        words = ["publish", "record", "dep", "--publish"]
        undecided = CliRunner().invoke(app, words, env=session_env("A. Okafor"))
        half = CliRunner().invoke(app, [*words, "--not-decided", "1"])
        lfr("users", "add", "P. Webb", *add, by="Dana Compliance")
        word = ("--not-decided", "1", "--because", "the operator fell ill")
        record = json.loads(lfr("publish", "record", "dep", "--publish", *word, "--json", by="P. Webb"))
        printed = lfr("publish", "record", "dep")
        lfr("publish", "site", "--output", str(tmp_path / "public"))
        output = lfr("publish", "verify", str(tmp_path / "public"), "--public-key", vault.public_key.hex())

    assert told == "dep: announced, revision 1\nIts hours are over: nothing to post.\n"
    assert 'nobody has judged 1: judge them, or publish with --not-decided 1 --because "..."' in preview
    assert (to_print.exit_code, undecided.exit_code, half.exit_code) == (77, 77, 77)
    assert (record["alerts"]["total"], record["location_text"]) == (6, "Norwich")
    assert record["not_decided"] == {"alerts": 1, "said_by": "publication officer", "because": "the operator fell ill"}
    assert "2 wrong, 1 not decided" in printed
    assert "The publication officer says why: the operator fell ill." in printed
    assert "files are as they were signed" in output
