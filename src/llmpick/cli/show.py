"""``llmpick show``: all that is known of one model."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Examples:  llmpick show llama-7b   |   llmpick show gpt-neox-20b --format markdown")
def show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A catalog id, alias or Hugging Face repository.")],
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Show a model's facts with their sources, its lineage, and surveys' claims beside the computation."""
    from llmpick.catalog import open_catalog
    from llmpick.catalog.subject import is_path, subject_of_model
    from llmpick.errors import UsageError
    from llmpick.report.export import show as print_document
    from llmpick.report.model import model_document

    opened = open_catalog(catalog)
    if is_path(model, opened):
        hint = f"what a file holds: llmpick params {model}; what it takes: llmpick memory {model}"
        raise UsageError(f"show tells what the catalog knows of a model; {model} is a file", hint)
    subject = subject_of_model(opened.resolve(model), opened)
    assert subject.record is not None
    document = model_document(subject, subject.record, opened)
    return print_document(document, options.chosen_format(output_format, as_json), output)
