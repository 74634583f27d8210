#!/usr/bin/env python3
# ruff: noqa: T201  it is a script: it prints
"""Verify what `lfr evidence` or `lfr audit export` wrote, or a certificate. Needs Python 3.9 and `cryptography` alone.

    python verify_evidence.py FILE [--public-key HEX] [--against HEAD] [--deployment NAME] [--old-form]

Give the installation's public key as it was published: without it the file is only compared with the key it names.
A head is a signed `audit-head.json` that was kept elsewhere, or what its QR code says ("LFR-HEAD:..."), in a file or as
it is: the trail in the file must be the one that it signed.
Prints each check. Ends with 0 when all hold, 1 when one doesn't, 2 when the file can't be read, 3 when all hold and a
signature is of the first form, which didn't say of what it is (whoever could ask the vault then had anything signed),
or the file doesn't show the entry of the kept head, so that the two weren't compared.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import os
import stat
import sys
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["judge", "main"]


HEAD_TEXT = "LFR-HEAD:"  # how the text of a head's QR code begins
UNTYPED: list[str] = []  # what an earlier version signed, whose signatures don't say of what they are
NOT_COMPARED: list[int] = []  # entries of kept heads that the file doesn't show
LARGEST_BYTES = 2_000_000_000  # of a file: six years of trail are some hundred megabytes
SHORTEST = 3  # lines of a file: one part, the manifest, the signature


class Wrong(Exception):
    """A check that doesn't hold."""


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def demand(holds: bool, what: str) -> None:  # noqa: FBT001  reads as a sentence
    if not holds:
        raise Wrong(what)


def say(what: str) -> None:
    print(f"ok    {what}")


def check_signature(signed: tuple[str, str], kind: str, message: bytes, what: str, untyped: bytes = b"") -> None:
    """Check that the key (`signed[0]`) signed the message as one of this kind; or, by an earlier version, `untyped`."""
    key_hex, signature_hex = signed
    try:
        key, signature = bytes.fromhex(key_hex), bytes.fromhex(signature_hex)
        demand(key.hex() == key_hex and signature.hex() == signature_hex, f"{what}: not written in small letters")
        public_key = Ed25519PublicKey.from_public_bytes(key)
        try:
            public_key.verify(signature, f"openlfr signature 2\n{kind}\n".encode() + message)
        except InvalidSignature:
            public_key.verify(signature, untyped or message)
            UNTYPED.append(what)
    except (InvalidSignature, ValueError, TypeError):
        raise Wrong(f"{what}: the signature is wrong, or of another kind") from None


def check_signed(one: dict[str, Any], kind: str, public_key: str, names: tuple[str, ...]) -> None:
    demand(one["public_key"] == public_key, f"{kind} of entry {one['seq']}: signed with another key")
    signed = {name: one[name] for name in (*names, *({"generation"} & one.keys()))}
    message = canonical({**signed, "kind": f"openlfr.audit.{kind}", "v": 1})
    check_signature((one["public_key"], one["signature"]), f"audit-{kind}", message, f"{kind} of entry {one['seq']}")


def check_parts(lines: list[bytes], manifest: dict[str, Any]) -> dict[str, list[bytes]]:
    """Each part's digest; the parts and nothing else make up the file. Gives the parts' lines."""
    parts, at = {}, 0
    for part in manifest["parts"]:
        mine = lines[at : at + part["lines"]]
        content = b"".join(mine)
        at += part["lines"]
        demand(len(mine) == part["lines"] and len(content) == part["bytes"], f"part {part['name']}: too short")
        demand(hashlib.sha256(content).hexdigest() == part["sha256"], f"part {part['name']}: was changed")
        demand(mine[0] == canonical({"part": part["name"]}) + b"\n", f"part {part['name']}: another name")
        parts[part["name"]] = [line[:-1] for line in mine[1:]]
        say(f"part {part['name']}: {part['lines'] - 1} lines, SHA-256 {part['sha256']}")
    demand(at == len(lines) - 2, "the file holds lines that the manifest doesn't name")
    return parts


def check_trail(
    lines: list[bytes],
    public_key: str,
    deployment: str | None,
    made_at_ns: int,
    against: dict[str, Any] | None = None,
) -> tuple[int, int, str]:
    """Follow each run of the chain to its head. Gives how many entries no head covers, and seq and hash of the last."""
    kept, met = (-1, "") if against is None else (against["seq"], against["hash"]), False
    if against is not None:
        check_signed(against, "head", public_key, ("seq", "hash", "at_ns"))
    seq, running, entries, heads, waiting = 0, "0" * 64, 0, 0, 0
    for line in lines:
        item = json.loads(line)
        (what,) = item
        if what == "anchor":
            check_signed(item["anchor"], "anchor", public_key, ("seq", "hash", "count", "at_ns"))
            seq, running = item["anchor"]["seq"], item["anchor"]["hash"]
        elif what == "run":
            demand(waiting == 0, f"entry {seq}: its run ends without a signature")
            run = item["run"]
            if deployment is None:  # an export is one run, from the beginning or from the anchor
                demand((run["seq"], run["from"]) == (seq + 1, running), f"entries before {run['seq']} are missing")
            demand(run["seq"] > seq, f"entry {run['seq']}: runs out of order")
            seq, running = run["seq"] - 1, run["from"]
        elif what == "head":
            head = item["head"]
            demand((head["seq"], head["hash"]) == (seq, running), f"entry {seq}: the chain isn't the one signed")
            check_signed(head, "head", public_key, ("seq", "hash", "at_ns"))
            heads, waiting = heads + 1, 0
        else:
            seq += 1
            waiting += 1
            if what == "body":
                entries += 1
                demand(item["body"]["seq"] == seq, f"entry {seq}: another entry stands in its place")
                if deployment is not None:
                    demand(item["body"]["deployment"] == deployment, f"entry {seq}: of another deployment")
                digest = hashlib.sha256(line[len(b'{"body":') : -1]).digest()
            else:
                digest = bytes.fromhex(item["digest"])
            running = hashlib.sha256(bytes.fromhex(running) + digest).hexdigest()
        if seq == kept[0]:
            demand(running == kept[1], f"entry {seq}: the trail isn't the one that the kept head signed")
            met = True
    if met and against is not None:
        say(f"audit trail: it is the one that the kept head of entry {kept[0]} signed")
    elif against is not None:
        if deployment is None and against["at_ns"] <= made_at_ns:  # an export goes to the newest entry
            demand(seq >= kept[0], f"entry {kept[0]}, which the kept head signed before the file was made, is gone")
        print(f"NOT CHECKED  the kept head: the file, which ends at entry {seq}, doesn't show entry {kept[0]}")
        NOT_COMPARED.append(kept[0])
    say(f"audit trail: {entries} entries hang together under {heads} signed heads")
    return waiting, seq, running


def check_certificate(item: dict[str, Any], public_key: str) -> dict[str, Any]:
    demand(set(item) == {"certificate", "public_key", "signature"}, "a certificate has other parts than it should")
    body = canonical(item["certificate"])
    demand(item["public_key"] == public_key, f"a certificate is signed with another key: {item['public_key']}")
    untyped = b"openlfr certificate 1\n" + hashlib.sha256(body).hexdigest().encode()
    check_signature((item["public_key"], item["signature"]), "erasure-certificate", body, "certificate", untyped)
    return dict(item["certificate"])


def check_certificates(lines: list[bytes], public_key: str, deployment: str) -> None:
    newest, digest = 0, ""
    for line in lines:
        found = check_certificate(json.loads(line), public_key)
        demand(found.get("deployment") == deployment, f"certificate {found['number']} is of another deployment")
        follows = found["number"] > newest + 1 or found.get("previous", digest) == digest
        demand(found["number"] > newest and follows, f"certificate {found['number']} doesn't follow {newest}")
        newest, digest = found["number"], hashlib.sha256(canonical(found)).hexdigest()
    say(f"certificates: {len(lines)}, each signed")


def verify_certificate(content: bytes, public_key: str, deployment: str) -> None:
    UNTYPED.clear()
    NOT_COMPARED.clear()
    item = json.loads(content)
    as_made = json.dumps(item, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    demand(as_made == content, "the certificate isn't written the one way")
    found = check_certificate(item, public_key or item["public_key"])
    say(f"certificate {found['number']}: signed with key {item['public_key']}")
    demand(deployment in ("", found["deployment"]), f"it is of deployment {found['deployment']}, not of {deployment}")
    says = "; ".join(found["search"]["failures"]) or "nothing that was due was found"
    print(f"      of deployment {found['deployment']}, made at {found['issued_ns'] // 10**9} (Unix time): {says}")
    print("      that no certificate was left out only the evidence of a deployment shows")


def verify(content: bytes, public_key: str, against: dict[str, Any] | None = None, deployment: str = "") -> None:
    UNTYPED.clear()
    NOT_COMPARED.clear()
    lines = content.splitlines(keepends=True) if b"\r" not in content else []
    demand(len(lines) >= SHORTEST and content.endswith(b"\n"), "this is no whole file of OpenLFR's evidence")
    last, manifest_line = json.loads(lines[-1]), lines[-2][:-1]
    demand(
        lines[-1] == canonical(last) + b"\n" and set(last) == {"public_key", "signature"}, "the last line was changed"
    )
    manifest = json.loads(manifest_line)["manifest"]
    is_evidence = manifest["kind"] == "openlfr.evidence"
    heads_key = public_key or last["public_key"]
    if last["signature"]:
        check_signature((last["public_key"], last["signature"]), "evidence-bundle", manifest_line, "manifest")
        demand(last["public_key"] == heads_key, f"signed by another installation: {last['public_key']}")
        say(f"manifest: signed with key {last['public_key']}")
    else:
        demand(not is_evidence, "the manifest isn't signed")
        print("NOT CHECKED  the manifest: nobody signed it, the vault was away when the file was made")
        demand(bool(heads_key), "give --public-key: the file's own signature is missing")
    if not public_key:
        print("NOT CHECKED  whose key that is: give the published one with --public-key")
    parts = check_parts(lines, manifest)
    about = manifest["deployment"] if is_evidence else None
    demand(deployment in ("", about), f"it is of deployment {about}, not of {deployment}")
    unsigned, seq, running = check_trail(parts["audit"], heads_key, about, manifest["made_at_ns"], against)
    ends = (manifest.get("last_seq"), manifest.get("last_hash"))  # earlier versions don't say
    demand(not ends[0] or ends == (seq, running), "the trail ends at another entry")
    if is_evidence:
        demand(unsigned == 0, f"audit trail: the last {unsigned} entries are under no signed head")
        authority = json.loads(parts["authority"][0])
        demand(authority["deployment"] == manifest["deployment"], "the authority is of another deployment")
        say(f"authority and counts are of deployment {manifest['deployment']}")
        check_certificates(parts["certificates"], heads_key, manifest["deployment"])
    elif unsigned:
        print(f"NOT CHECKED  the newest {unsigned} entries: no signed head covers them yet")
    if UNTYPED:
        print(f"OLD FORM  {len(UNTYPED)} signatures of an earlier version don't say of what they are: {UNTYPED[0]}")


def read_head(kept: bytes) -> dict[str, Any]:
    """Read a head as its file holds it, or in the one line of its QR code."""
    line = kept.decode().strip()
    if not line.upper().startswith(HEAD_TEXT):
        found: dict[str, Any] = json.loads(kept)
        return found
    form, seq, running, at_ns, key, signature, *more = line[len(HEAD_TEXT) :].lower().split(":")
    demand(len(more) == {"1": 0, "2": 1}.get(form), "the kept head is of a form that isn't known here")
    head = {"seq": int(seq), "hash": running, "at_ns": int(at_ns), "public_key": key, "signature": signature}
    return {**head, "generation": int(more[0])} if more else head


def judge(
    content: bytes, public_key: str, kept: bytes = b"", *, takes_old_form: bool = False, deployment: str = ""
) -> int:
    """Verify and print; 0 when all hold, 1 when one doesn't, 3 when a signature doesn't say of what it is, the kept
    head couldn't be compared, or nobody said whose key it must be: a file that somebody made up is whole as well.
    """
    try:
        if content.startswith(b'{\n "certificate"'):
            demand(not kept, "a certificate has no trail that a kept head could be compared with")
            verify_certificate(content, public_key, deployment)
        else:
            verify(content, public_key, read_head(kept) if kept else None, deployment)
    except Wrong as wrong:
        print(f"WRONG {wrong}")
        return 1
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, ArithmeticError) as error:
        print(f"WRONG the file is damaged ({type(error).__name__})")
        return 1
    if UNTYPED and not takes_old_form:
        print("NOT VERIFIED  an earlier version's vault signed whatever it was asked: --old-form if it is of then")
        return 3
    if NOT_COMPARED:
        print("NOT VERIFIED  against the kept head; all else holds: take a file that shows its entry")
        return 3
    if not public_key:
        print("NOT VERIFIED  whose file it is; all else holds: give the published key with --public-key")
        return 3
    print("VERIFIED")
    return 0


def read_file(name: str) -> bytes:
    """Read a regular file of a bounded size; a pipe is not waited for."""
    with os.fdopen(os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        content = stream.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {LARGEST_BYTES:,} bytes, so no evidence of ours")
    return content


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify evidence, an export of the trail, or a certificate.")
    parser.add_argument("file")
    parser.add_argument("--public-key", default="", help="the installation's published key, 64 hexadecimal digits")
    parser.add_argument("--against", default="", help="a signed head kept elsewhere: a file, or its QR code's text")
    parser.add_argument("--deployment", default="", help="the deployment that it has to be of")
    parser.add_argument("--old-form", action="store_true", help="take signatures of before version 2 of the form")
    options = parser.parse_args()
    try:
        content = read_file(options.file)
        is_text = options.against.upper().startswith(HEAD_TEXT)
        kept = options.against.encode() if is_text or not options.against else read_file(options.against)
    except OSError as error:
        print(f"WRONG {error.filename or options.file}: {error.strerror}")
        return 2
    key = options.public_key.strip().lower()
    return judge(content, key, kept, takes_old_form=options.old_form, deployment=options.deployment)


if __name__ == "__main__":
    sys.exit(main())
