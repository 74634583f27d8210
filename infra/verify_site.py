#!/usr/bin/env python3
# ruff: noqa: T201  it is a script: it prints
"""Verify a copy of a public site that OpenLFR made. Needs Python 3.9 and `cryptography`, not OpenLFR.

    python verify_site.py FOLDER --public-key HEX [--against HEAD] [--old-form]

FOLDER holds the site as it was fetched, or as the force keeps it. The key is the force's, as you got it another way.
A head is an `audit-head.json` that you kept, or what its QR code says ("LFR-HEAD:..."), in a file or as it is: a site
that was made after it and carries an older one was put back.
Prints each check. Ends with 0 when all hold, 1 when one doesn't, 2 when the folder can't be read, 3 when all hold and
nobody said whose key it must be, the signature is of the first form, or the kept head couldn't be compared.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import stat
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["judge", "main", "read_folder"]

MANIFEST = "manifest.json"
HEAD = "data/audit-head.json"
MARKER = ".openlfr-site"
"""Lies in the folder that the force keeps; it isn't part of the site."""
HEAD_TEXT = "LFR-HEAD:"
LARGEST_BYTES = 500_000_000
"""Of all files together: decades of records and every document."""


class Wrong(Exception):
    """A check that doesn't hold."""


class NotCompared(Exception):
    """A check that couldn't be made."""


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def demand(holds: bool, what: str) -> None:  # noqa: FBT001  reads as a sentence
    if not holds:
        raise Wrong(what)


def say(what: str) -> None:
    print(f"ok    {what}")


def is_signed(key_hex: str, signature_hex: str, message: bytes) -> bool:
    try:
        key, signature = bytes.fromhex(key_hex), bytes.fromhex(signature_hex)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return (key.hex(), signature.hex()) == (key_hex, signature_hex)


def read_folder(folder: str) -> dict[str, bytes]:
    """Read every file; a link, or what is no file, is wrong: it may lead anywhere."""
    files: dict[str, bytes] = {}
    size = 0
    for here, folders, names in os.walk(folder):
        for name in sorted((*folders, *names)):
            path = f"{here}{os.sep}{name}"
            inside = os.path.relpath(path, folder).replace(os.sep, "/")
            mode = os.lstat(path).st_mode
            demand(stat.S_ISREG(mode) or stat.S_ISDIR(mode), f"not as signed: {inside} is a link, or no file")
            if stat.S_ISREG(mode) and inside != MARKER:
                size += os.lstat(path).st_size
                demand(size <= LARGEST_BYTES, "the folder is larger than any site of ours")
                files[inside] = Path(path).read_bytes()
    return files


def check_manifest(files: dict[str, bytes], public_key: str) -> tuple[dict[str, Any], bool]:
    """Check who signed the list of files, and each file. Gives the list; whether it is signed in the first form."""
    demand(MANIFEST in files, f"there is no {MANIFEST}")
    whole = json.loads(files[MANIFEST])
    demand(canonical(whole) + b"\n" == files[MANIFEST], f"{MANIFEST} isn't written the one way")
    demand(set(whole) == {"manifest", "public_key", "signature"}, f"{MANIFEST} has other parts than it should")
    manifest, message = whole["manifest"], canonical(whole["manifest"])
    demand(bool(whole["signature"]), "nobody signed it: it is a draft")
    key = public_key or whole["public_key"]
    demand(whole["public_key"] == key, f"signed by another installation: {whole['public_key']}")
    is_typed = is_signed(key, whole["signature"], b"openlfr signature 2\npublic-site\n" + message)
    demand(is_typed or is_signed(key, whole["signature"], message), f"{MANIFEST} isn't signed by that key")
    demand(manifest["kind"] == "openlfr.site", "it is no site's list")
    say(f"{MANIFEST}: signed with key {key}")
    listed = manifest["files"]
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != MANIFEST}
    wrong = sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name))
    demand(not wrong, f"not as signed: {', '.join(wrong)}")
    say(f"{len(found)} files are as they were signed; none is missing, and there is no other")
    return manifest, not is_typed


def check_head(head: dict[str, Any], key: str) -> None:
    """Check a signed head of the audit trail."""
    names = ("seq", "hash", "at_ns", *({"generation"} & head.keys()))
    message = canonical({**{name: head[name] for name in names}, "kind": "openlfr.audit.head", "v": 1})
    by_key = is_signed(key, head["signature"], b"openlfr signature 2\naudit-head\n" + message)
    demand(head["public_key"] == key and by_key, f"the head of entry {head['seq']} isn't signed by that key")


def compare_heads(files: dict[str, bytes], key: str, made_ns: int, kept: dict[str, Any] | None) -> None:
    """Check the head that the site carries, and that the site isn't of before the one that was kept."""
    own = json.loads(files[HEAD]) if HEAD in files else None
    if own is not None:
        check_head(own, key)
        say(f"{HEAD}: the audit trail as far as entry {own['seq']}")
    if kept is None:
        return
    check_head(kept, key)
    if own is None:
        raise NotCompared("the kept head: this site carries none")
    if own["seq"] == kept["seq"]:
        demand(own["hash"] == kept["hash"], f"entry {kept['seq']}: the trail isn't the one that the kept head signed")
        say(f"its head is the kept one, of entry {kept['seq']}")
        return
    if own["seq"] < kept["seq"]:
        is_of_before = made_ns < kept["at_ns"]
        demand(is_of_before, f"it was made after the kept head of entry {kept['seq']} and doesn't know it")
        raise Wrong(
            f"it is of before the kept head of entry {kept['seq']}: fetch it anew, or an earlier one was put back"
        )
    say(f"it is of after the kept head of entry {kept['seq']}; evidence shows whether the trail is the same")


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


def check(files: dict[str, bytes], public_key: str, kept: bytes) -> bool:
    """Check all. Returns whether the signature is of the first form."""
    manifest, is_old_form = check_manifest(files, public_key)
    made_at = datetime.fromisoformat(manifest["made_at"])
    hours = (datetime.now(tz=timezone.utc) - made_at).total_seconds() / 3_600  # noqa: UP017  Python 3.9
    age = "under an hour" if 0 <= hours < 1 else f"{hours:,.0f} hours"
    print(f"      it is the site of {manifest['force']}, made at {manifest['made_at']}, {age} ago")
    print("      a running platform makes it anew each hour: one that is older was kept, or put back")
    key = public_key or json.loads(files[MANIFEST])["public_key"]
    compare_heads(files, key, round(made_at.timestamp() * 1e9), read_head(kept) if kept else None)
    return is_old_form


def judge(files: dict[str, bytes], public_key: str, kept: bytes = b"", *, takes_old_form: bool = False) -> int:
    """Verify and print; 0 when all hold, 1 when one doesn't, 3 when something couldn't be told."""
    try:
        is_old_form = check(files, public_key, kept)
    except Wrong as wrong:
        print(f"WRONG {wrong}")
        return 1
    except NotCompared as what:
        print(f"NOT VERIFIED  {what}")
        return 3
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ArithmeticError) as error:
        print(f"WRONG the site is damaged ({type(error).__name__})")
        return 1
    if is_old_form and not takes_old_form:
        print("NOT VERIFIED  an earlier version's vault signed whatever it was asked: --old-form if it is of then")
        return 3
    if not public_key:
        print("NOT VERIFIED  whose site it is; all else holds: give the force's key with --public-key")
        return 3
    print("VERIFIED")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify a copy of a public site that OpenLFR made.")
    parser.add_argument("folder")
    parser.add_argument("--public-key", default="", help="the force's key, 64 hexadecimal digits")
    parser.add_argument("--against", default="", help="a signed head that was kept: a file, or its QR code's text")
    parser.add_argument("--old-form", action="store_true", help="take signatures of before version 2 of the form")
    options = parser.parse_args()
    try:
        is_text = options.against.upper().startswith(HEAD_TEXT)
        kept = options.against.encode() if is_text or not options.against else Path(options.against).read_bytes()
        files = read_folder(os.path.realpath(options.folder))
    except Wrong as wrong:
        print(f"WRONG {wrong}")
        return 1
    except OSError as error:
        print(f"WRONG {error.filename or options.folder}: {error.strerror}")
        return 2
    key = options.public_key.strip().lower()
    return judge(files, key, kept, takes_old_form=options.old_form)


if __name__ == "__main__":
    sys.exit(main())
