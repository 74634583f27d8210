"""A published site of which anything was altered, swapped, dropped, added or put back is found by whoever checks it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine
from typer.testing import CliRunner

from apps.cli.main import app
from infra.verify_site import judge
from lfr_core.common.errors import Poison
from lfr_core.custody.audit.signed import signed_head
from lfr_core.publication.site.build import HEAD, render_site_files
from lfr_core.publication.site.data import SiteData
from lfr_core.publication.site.folder import read_site
from lfr_core.publication.site.manifest import MANIFEST, MARKER, canonical, verify_files
from lfr_core.storage.engine import open_engine
from tests.integration.publication.test_public_site import NOW, POLICY, read_public_data
from tests.support.audit import Notary
from tests.support.databases import new_sqlite

SCRIPT = Path(__file__).parents[3] / "infra" / "verify_site.py"
_DAY_NS = 86_400 * 10**9
Json = dict[str, object] | list[object]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteData]:
    engine: Engine = open_engine(new_sqlite(tmp_path_factory.mktemp("records") / "records.sqlite3"))
    yield read_public_data(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def files(data: SiteData) -> Mapping[str, bytes]:
    """A whole site with two deployments and a head."""
    return made(data)


def made(data: SiteData, *, entry: int = 7, days: int = 0, by: Notary | None = None) -> dict[str, bytes]:
    signer = by or Notary()
    head = signed_head(signer, entry, f"{entry:02d}" * 32, round(NOW.timestamp() * 1e9) + days * _DAY_NS)
    at = replace(data, now=NOW + timedelta(days=days), head=head)
    return render_site_files(at, POLICY, signer=signer)


KEY = Notary().public_key.hex()


def judged(files: Mapping[str, bytes], key: str = KEY, kept: bytes = b"") -> tuple[int, str]:
    """As the script that the public is given."""
    with redirect_stdout(StringIO()) as out:
        code = judge(dict(files), key, kept)
    return code, out.getvalue()


def is_found(files: Mapping[str, bytes]) -> bool:
    """Whether the script and what serves the site both see it."""
    try:
        verify_files(files, public_key=KEY)
    except Poison:
        return judged(files)[0] == 1
    return False


def altered_leaves(value: Json) -> Iterator[Json]:
    """Give the value with each of its leaves changed, and each of its parts gone."""
    for key in range(len(value)) if isinstance(value, list) else list(value):
        old = value[key]  # type: ignore[index]
        if isinstance(old, (dict, list)):
            for inside in altered_leaves(old):
                value[key] = inside  # type: ignore[index]
                yield value
        else:
            value[key] = altered(old)  # type: ignore[index]
            yield value
        value[key] = old  # type: ignore[index]


def altered(leaf: object) -> object:
    match leaf:
        case bool():
            return not leaf
        case int() | float():
            return leaf + 1
        case None:
            return 0
        case _:
            return f"{leaf}0"


def test_each_leaf_of_each_file_and_each_figure_of_each_page_is_signed(files: Mapping[str, bytes]) -> None:
    assert judged(files)[0] == 0
    verify_files(files, public_key=KEY)
    tried = 0
    for name, content in files.items():
        if name.endswith(".json") and name != MANIFEST:
            forged = [json.dumps(each).encode() for each in altered_leaves(json.loads(content))]
        elif name == MANIFEST:
            forged = [canonical(each) + b"\n" for each in altered_leaves(json.loads(content))]
        else:
            text = content.decode()
            figures = list(re.finditer(r"\d+", text))
            forged = [
                f"{text[: one.start()]}{int(one[0]) + 1}{text[one.end() :]}".encode()
                for one in figures[:: 1 + len(figures) // 40]
            ]
        for each in forged:
            assert is_found({**files, name: each}), (name, each[:200])
        tried += len(forged)
    assert tried > 1_000


def test_a_list_that_can_be_read_in_two_ways_or_says_more_than_is_signed_is_refused(files: Mapping[str, bytes]) -> None:
    """A reader that takes the first of two equal names sees what nobody signed."""
    whole = json.loads(files[MANIFEST])
    twice = files[MANIFEST].replace(b'{"manifest":', b'{"manifest":{"force":"Nobody"},"manifest":', 1)
    assert json.loads(twice) == whole
    for forged in (
        twice,
        canonical({**whole, "note": "withdrawn"}) + b"\n",
        canonical({**whole, "public_key": Notary("other").public_key.hex()}) + b"\n",
        files[MANIFEST] + b" ",
        files[MANIFEST].replace(b'"signature":"', b'"signature": "'),
        json.dumps(whole, indent=1).encode(),
    ):
        assert is_found({**files, MANIFEST: forged}), forged[:80]


def test_pages_swapped_dropped_added_or_of_another_installation_are_found(
    data: SiteData, files: Mapping[str, bytes]
) -> None:
    pages = sorted(name for name in files if name.startswith("deployments/"))
    assert len(pages) == 2
    first, second = pages
    assert is_found({**files, first: files[second], second: files[first]})
    assert is_found({**files, "data/dep-revision-1.json": files["data/dep.csv"]})
    for name in files:
        assert is_found({each: content for each, content in files.items() if each != name}), name
    assert is_found({**files, "deployments/of-nobody.html": b""})
    other = made(data, by=Notary("another force"))
    assert is_found(other)
    assert is_found({**files, MANIFEST: other[MANIFEST]})
    assert is_found({**files, HEAD: other[HEAD]})
    assert "signed by another installation" in judged(other)[1]
    code, words = judged(files, key="")
    assert (code, "NOT VERIFIED  whose site it is" in words) == (3, True)


def test_an_earlier_site_put_back_is_told_by_a_head_that_was_kept(data: SiteData, files: Mapping[str, bytes]) -> None:
    newer = made(data, entry=9, days=3)

    assert judged(newer, kept=files[HEAD])[0] == 0
    assert judged(files, kept=files[HEAD])[0] == 0
    code, words = judged(files, kept=newer[HEAD])
    assert (code, "it is of before the kept head of entry 9" in words) == (1, True)
    rewritten = {**made(data, entry=8, days=5)}
    assert "doesn't know it" in judged(rewritten, kept=newer[HEAD])[1]
    assert f"made at {NOW.isoformat()}" in judged(files)[1]
    strange = json.dumps({**json.loads(newer[HEAD]), "seq": 6}).encode()
    assert judged(files, kept=strange)[0] == 1


def test_the_words_that_the_public_is_given_describe_what_is_signed(files: Mapping[str, bytes]) -> None:
    """Follow check.txt with nothing but the library: its form, its two lines, its digests."""
    words = files["check.txt"].decode()
    lines = re.findall(r"^    (openlfr .*|public-site)$", words, re.MULTILINE)
    whole = json.loads(files[MANIFEST])
    message = json.dumps(whole["manifest"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(whole["public_key"]))

    key.verify(bytes.fromhex(whole["signature"]), "".join(f"{line}\n" for line in (*lines, message))[:-1].encode())
    with pytest.raises(InvalidSignature):
        key.verify(bytes.fromhex(whole["signature"]), message.encode())
    for script in re.findall(r"infra/\w+\.py", words):
        assert (SCRIPT.parents[1] / script).is_file()


def in_folder(files: Mapping[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / MARKER).write_text("Built by lfr publish site.\n")
    return folder


def hide_beside(folder: Path) -> dict[str, Callable[[], object]]:
    """What somebody may put into the folder without touching a file of it."""
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "page.html").write_text("forged")
    return {
        f"data/{MARKER}": lambda: (folder / "data" / MARKER).write_text("hidden"),
        "more": lambda: (folder / "more").symlink_to(elsewhere),
        "page.html": lambda: (folder / "page.html").symlink_to(elsewhere / "page.html"),
        "gone.html": lambda: (folder / "gone.html").symlink_to(elsewhere / "nothing"),
        ".hidden": lambda: (folder / ".hidden").write_text(""),
    }


def test_what_lies_in_the_folder_beside_the_site_is_found_by_all_three_who_look(
    files: Mapping[str, bytes], tmp_path: Path
) -> None:
    folder = in_folder(files, tmp_path / "site")

    def answers() -> tuple[int, int, bool]:
        command = [sys.executable, "-I", str(SCRIPT), str(folder), "--public-key", KEY]
        script = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, check=False)
        assert script.stderr == ""
        own = CliRunner().invoke(app, ["publish", "verify", str(folder), "--public-key", KEY])
        try:
            read_site(folder, KEY)
        except Poison:
            return script.returncode, own.exit_code, False
        return script.returncode, own.exit_code, True

    assert answers() == (0, 0, True)
    for name, put in hide_beside(folder).items():
        put()
        script, own, is_served = answers()
        assert script == 1, name
        assert own != 0, name
        assert not is_served, name
        (folder / name).unlink()
    assert answers() == (0, 0, True)


def test_the_command_says_whose_site_it_is_and_when_it_was_made(files: Mapping[str, bytes], tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app,
        ["publish", "verify", str(in_folder(files, tmp_path / "site")), "--public-key", KEY],
        env={"COLUMNS": "400"},
    )

    assert done.exit_code == 0, done.output
    assert f"Norfolk Constabulary's, made at {NOW:%Y-%m-%d %H:%M:%S} UTC" in done.output
