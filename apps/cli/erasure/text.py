"""Prints certificates, searches and epochs."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from apps.cli.common import console, print_plain
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.counts import counted
from lfr_core.domain.working_days import LONDON
from lfr_core.retention.erasure.certificate import Certificate, SignedCertificate
from lfr_core.retention.erasure.destruction_log import PublicEpoch
from lfr_core.retention.erasure.verify import Verification
from lfr_core.retention.unknown_files import PLACES

__all__ = ["as_document", "epoch_line", "epoch_row", "print_csv", "print_table", "show_certificate", "show_search"]


def as_document(signed: SignedCertificate) -> object:
    """Describe a certificate as its file has it, for JSON."""
    return json.loads(signed.as_file())


def show_certificate(signed: SignedCertificate) -> None:
    """Print one certificate in full."""
    certificate = signed.certificate
    console.print(f"[bold]Certificate {certificate.number}[/bold] of {certificate.deployment}", highlight=False)
    print_table(_destroyed_rows(certificate))
    show_search(certificate.search)
    for each in certificate.without_canary:
        console.print(f"[yellow]{each.words}: no canary was injected, so the search says nothing of it[/yellow]")
    if certificate.vouched:
        print_plain(certificate.vouched)


def _destroyed_rows(certificate: Certificate) -> list[dict[str, str]]:
    return [
        {
            "class": line.data_class.value,
            "rules": ", ".join(line.rules),
            "keys destroyed": f"{line.keys:,}",
            "last at (UTC)": "" if line.done_ns is None else f"{utc_from_ns(line.done_ns):%Y-%m-%d %H:%M:%S}",
            "latest after due": f"{line.latest_after_due_ms / 1e3:.1f} s",
            "left": ", ".join(f"{count:,} {what}" for what, count in line.left.items()),
        }
        for line in certificate.destroyed
    ]


def show_search(search: Verification) -> None:
    """Print what a search read and found, a line a store."""
    print_table(
        [
            {
                "store": result.store,
                "bytes read": f"{result.bytes_read:,}" if result.searched else "NOT SEARCHED",
                "files": f"{result.files:,}",
                "s": f"{result.milliseconds / 1e3:.2f}",
                "canaries": ", ".join(
                    f"{count} {verdict.upper()}"
                    for verdict, count in Counter(f.verdict for f in result.findings).items()
                ),
                "not searched": "; ".join(f"{one.where}: {one.why}" for one in result.not_searched[:2]),
            }
            for result in search.stores
        ]
    )
    for place, count in search.unknown_files.items():
        words = (
            f"{counted(count, 'file')} that no record knows among {PLACES.get(place, place)}: nothing is said of them"
        )
        console.print(f"[yellow]{words}[/yellow]", soft_wrap=True, highlight=False)
    for failure in search.failures:
        console.print(f"[red]{failure}[/red]", soft_wrap=True)
    console.print("search: " + ("[green]passed[/green]" if search.passed else "[red]FAILED[/red]"))


def epoch_row(epoch: PublicEpoch) -> dict[str, str]:
    """Describe an epoch for publication, in the time of England."""
    return {
        "start": _iso(epoch.started_ns),
        "end": _iso(epoch.ended_ns),
        "fingerprint": epoch.fingerprint,
        "destroyed_at": "" if epoch.destroyed_ns is None else _iso(epoch.destroyed_ns),
    }


def epoch_line(row: Mapping[str, str]) -> str:
    """Describe an epoch for people."""
    gone = f"destroyed {row['destroyed_at']}" if row["destroyed_at"] else "not destroyed yet"
    return f"{row['start']} to {row['end']}  {gone}  key {row['fingerprint']}"


def _iso(time_ns: int) -> str:
    return utc_from_ns(time_ns).astimezone(LONDON).isoformat(timespec="milliseconds")


def print_csv(rows: Sequence[dict[str, str]]) -> None:
    """Print rows as CSV on standard output."""
    out = csv.DictWriter(sys.stdout, ["start", "end", "fingerprint", "destroyed_at"], lineterminator="\n")
    out.writeheader()
    out.writerows(rows)


def print_table(rows: Sequence[dict[str, str]]) -> None:
    """Print rows as a table for people; the columns are those of the first."""
    table = Table(*(rows[0] if rows else ("nothing",)))
    for row in rows:
        table.add_row(*(escape(value) for value in row.values()))
    console.print(table)
