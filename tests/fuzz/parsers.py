"""Every parser of what comes from outside: what it reads, which answers are allowed, and what a good input looks like.

A parser answers, or says no with an error of ours. Anything else that leaves it is a fault, as is an input that takes
longer than `SECONDS`.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
from pydantic import ValidationError

from infra.verify_evidence import judge
from lfr_core.common.errors import Fatal, Poison, Refused
from lfr_core.common.project import PROJECT
from lfr_core.custody.audit.signed import Head, head_from
from lfr_core.custody.audit.timestamps import read_authorities, read_stamp_time
from lfr_core.custody.vault.messages import AnyRequest
from lfr_core.deployments.compliance_documents.active_html import find_active
from lfr_core.deployments.compliance_documents.clean_html import clean_body
from lfr_core.deployments.evaluations import load_evaluations
from lfr_core.deployments.form_file import form_template, read_form
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.messages import DeadLetter, LiveProbeResult, OutcomeBatch, Sighting
from lfr_core.domain.policy import ImagePolicy, default_policy_file, load_policy
from lfr_core.domain.policy_listing import faults_of
from lfr_core.publication.quality.importer import read_table
from lfr_core.publication.tabular import NATIONAL_COLUMNS
from lfr_core.recognition.faces.decode import decode
from lfr_core.retention.erasure.certificate import SignedCertificate
from lfr_core.watchlists.csv_file import COLUMNS, FILE_NAME, read_rows
from tests.fuzz.archives import read_upload, read_workbook_both_ways, upload_seeds, workbook_seeds

__all__ = ["CORPUS", "PARSERS", "SECONDS", "Parser", "seeds_of"]

CORPUS = Path(__file__).parent / "corpus"
"""A folder for each parser: inputs that once broke it, or that are worth beginning from."""
SECONDS = 10
"""That one input may take, of the parsers' time."""

_ROOT = Path(__file__).parent / "time-stamp-root.pem"
"""Of the authority whose stamp lies in the corpus; its key was thrown away."""
_IMAGES = ImagePolicy(max_megapixels=0.2, max_frame_megapixels=0.2, max_frame_bytes=100_000)
_FOLDER = Path(tempfile.mkdtemp(prefix="lfr-fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))  # noqa: PTH112  as the module's name is os's


@dataclass(frozen=True, slots=True)
class Parser:
    """`read` raises nothing but `allowed`, whatever bytes it is given."""

    read: Callable[[bytes], object]
    seeds: Callable[[], tuple[bytes, ...]]
    allowed: tuple[type[Exception], ...] = (Poison, Refused)
    is_followed: bool = True
    """Whether Python reads it: atheris can't follow compiled code, whose inputs are chance."""

    def run(self, data: bytes) -> None:
        """Read one input."""
        with suppress(*self.allowed):
            self.read(data)


def seeds_of(name: str) -> tuple[bytes, ...]:
    """What the parser is known to read, and what its corpus keeps."""
    kept = sorted(file for file in (CORPUS / name).glob("*") if file.is_file())
    return (*PARSERS[name].seeds(), *(file.read_bytes() for file in kept))


def _as_file(read: Callable[[Path], object], name: str = "input.toml") -> Callable[[bytes], object]:
    file = _FOLDER / name

    def written(data: bytes) -> object:
        file.write_bytes(data)
        return read(file)

    return written


def _made(name: str) -> Path:
    folder = _FOLDER / name
    folder.mkdir(exist_ok=True)
    return folder


def _verify_evidence(data: bytes) -> int:
    with redirect_stdout(io.StringIO()):
        return judge(data, "")


def _headers(data: bytes) -> FrameHeader:
    pairs = [line.partition(b"=")[::2] for line in data.split(b"\n")]
    return FrameHeader.from_headers([(name.decode("latin-1"), text) for name, text in pairs])


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode(errors="replace"))


def _application() -> tuple[bytes, ...]:
    filled = form_template(load_policy()).replace('"""' * 2, '""').replace('""', '"A sentence that is long enough."')
    return (filled.encode(),)


def _pictures() -> tuple[bytes, ...]:
    noise = PIL.Image.fromarray(np.random.default_rng(14).integers(0, 255, (24, 32, 3), np.uint8))
    found = []
    for kind, options in (("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {})):
        out = io.BytesIO()
        noise.save(out, kind, **options)
        found.append(out.getvalue())
    return tuple(found)


def _csv() -> tuple[bytes, ...]:
    cells = {"age": "34", "category": "wanted_by_courts", "photograph": "a.jpg", "expires_on": "2030-01-01"}
    return ((",".join(COLUMNS) + "\n" + ",".join(cells.get(name, "Somebody") for name in COLUMNS) + "\n").encode(),)


def _table() -> tuple[bytes, ...]:
    row = "Oxford Circus;28/01/22;5:36;c;9756;0.6;11;8;2;1;0;0.01%;1;2;3;4".replace(";", ",")
    return ((",".join(NATIONAL_COLUMNS) + "\n" + row + "\n").encode(),)


_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_OF = f'"deployment":"d","camera":"c","session":"{_ID}"'
_MESSAGES: dict[str, tuple[type[Sighting | OutcomeBatch | LiveProbeResult | DeadLetter], str]] = {
    "sighting": (
        Sighting,
        (
            f'{{"id":"{_ID}",{_OF},"sequence":1,"captured_ns":1,"face":0,"track":"t","entry":"e","similarity":0.9,'
            '"threshold":0.6,"box":[0,0,1,1],"eye_distance_px":30,"probe_sealed":"AAAA","key_id":"k"}'
        ),
    ),
    "outcomes": (
        OutcomeBatch,
        f'{{{_OF},"reported_ns":5,"results":[{{"sequence":1,"not_sampled":0,"dropped":0,"outcome":"recognised"}}]}}',
    ),
    "live-probe-result": (
        LiveProbeResult,
        f'{{"id":"{_ID}","deployment":"d","part":0,"sent_ns":1,"reported_ns":2,"similarity":0.9,"fault":""}}',
    ),
    "dead-letter": (
        DeadLetter,
        '{"topic":"t","partition":0,"offset":1,"camera":"c","error":"e","reason":"r","at_ns":1}',
    ),
}
"""Each kind of message on the broker, and one of that kind that is read."""


_HEADER = FrameHeader("d", "c", "s", 1, 1, 0, 0, key_id="k")

PARSERS: dict[str, Parser] = {
    "photograph": Parser(lambda data: decode(data, _IMAGES), _pictures),
    "watchlist-csv": Parser(_as_file(lambda file: read_rows(file.parent), FILE_NAME), _csv),
    "workbook": Parser(lambda data: read_workbook_both_ways(data, _made("workbook")), workbook_seeds, ()),
    "upload": Parser(lambda data: read_upload(data, _made("upload")), upload_seeds),
    "policy": Parser(
        _as_file(lambda file: (faults_of(file), load_policy(file))),
        lambda: (default_policy_file().read_bytes(),),
        (Fatal,),
    ),
    "evaluations": Parser(
        _as_file(load_evaluations), lambda: ((PROJECT / "infra" / "evaluations.toml").read_bytes(),), (Fatal,)
    ),
    "application": Parser(_as_file(read_form), _application),
    "paper": Parser(
        _text(clean_body),
        lambda: (b"<h1 style='color:red'>A</h1><!--><script>x</script><img src='data:image/png;base64,AA=='><p>b",),
    ),
    "paper-active": Parser(
        _text(find_active),
        lambda: (b"<html><a href='javascript:x' onclick=y><style>@import 'z'</style><img src=q>",),
    ),
    "record-table": Parser(lambda data: read_table(data, "table.csv"), _table),
    "evidence": Parser(
        _verify_evidence,
        lambda: (
            b"\n".join(
                (
                    b'{"part":"audit"}',
                    b'{"anchor":{"seq":1,"hash":"00"}}',
                    b'{"manifest":{"kind":"openlfr.evidence","parts":[]}}',
                    b'{"public_key":"","signature":""}\n',
                )
            ),
        ),
        (),
    ),
    "certificate": Parser(
        _text(SignedCertificate.from_file),
        lambda: (b'{"certificate":{"number":1},"signature":"00","public_key":"00"}',),
    ),
    "kept-head": Parser(
        head_from,
        lambda: (
            f"LFR-HEAD:1:4711:{'AB' * 32}:1795000000000000000:{'CD' * 32}:{'EF' * 64}".encode(),
            Head(4711, "ab" * 32, 1795000000000000000, "cd" * 32, "ef" * 64).as_file(),
        ),
        (ValueError,),
    ),
    "time-stamp": Parser(
        lambda data: read_stamp_time(data, b"head", read_authorities(_ROOT)),
        lambda: ((CORPUS / "time-stamp" / "good.tsr").read_bytes(),),
    ),
    "frame-headers": Parser(
        _headers, lambda: (b"\n".join(name.encode() + b"=" + text for name, text in _HEADER.to_headers()),)
    ),
    **{
        name: Parser(kind.decode, lambda text=text: (text.encode(),), (Poison,))  # type: ignore[misc]
        for name, (kind, text) in _MESSAGES.items()
    },
    "vault-request": Parser(
        AnyRequest.validate_json,
        lambda: (b'{"verb":"ping"}', b'{"verb":"open-key","key_id":"k"}'),
        (ValidationError,),
        is_followed=False,  # pydantic-core reads it
    ),
}
