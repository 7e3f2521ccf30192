"""``llmpick import``: a model file becomes a catalog record."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples:  llmpick import ./config.json   |   llmpick import ./model-Q4_K_M.gguf --write   |   "
    "llmpick import ./my-model --write --catalog catalog --id my-model-7b --repository me/my-model-7b"
)
def import_model(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A config.json, a GGUF or safetensors file, or a directory with one."),
    ],
    write: Annotated[bool, typer.Option("--write", help="Write it to your catalog (or to --catalog DIR).")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a record that is there.")] = False,
    model_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The record's id; else from its name.")
    ] = None,
    family: Annotated[
        str | None,
        typer.Option("--family", metavar="NAME", help="The family whose facts it shares; else one of its own."),
    ] = None,
    repository: Annotated[
        str | None, typer.Option("--repository", metavar="OWNER/NAME", help="Its Hugging Face repository.")
    ] = None,
    assume: options.Assume = None,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Draft the catalog record of a model file: what the file says, with sources, and TODO lines for the rest."""
    from pathlib import Path

    from llmpick.catalog import drafting, open_catalog
    from llmpick.catalog.location import config_directory
    from llmpick.errors import UsageError
    from llmpick.report.export import show
    from llmpick.report.importing import draft_document

    directory = Path(catalog) if catalog else config_directory() / "catalog"
    opened = open_catalog(catalog if directory.is_dir() else None)
    draft = drafting.draft_of_file(Path(source), opened, drafting.Wishes(model_id, family, repository, assume))
    clashes = drafting.taken(draft, opened)
    if draft.model_id in opened.families and not force:
        clashes = [f"{draft.model_id!r} is in the catalog (--force puts yours in its place)", *clashes]
    if write and clashes:
        raise UsageError(
            clashes[0], "--id gives another name, --family another family, --repository another repository"
        )
    written = drafting.write(draft, directory, force) if write else None
    shared = f" --catalog {catalog}" if catalog else ""
    document = draft_document(draft, written, shared, clashes)
    return show(document, options.chosen_format(output_format, as_json), output)
