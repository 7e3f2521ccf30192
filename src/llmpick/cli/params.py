"""``llmpick params``: how many weights a model has, where they are, and why it is called what it is called."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Examples:  llmpick params llama-7b   |   llmpick params ./model-Q4_K_M.gguf --json")
def params(
    model: Annotated[
        str, typer.Argument(metavar="MODEL|FILE", help="A catalog model, or a config.json, GGUF or safetensors file.")
    ],
    assume: options.Assume = None,
    tensors: Annotated[
        bool, typer.Option("--tensors", help="List every kind of weight matrix with its shape.")
    ] = False,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Count a model's parameters exactly, by component, with the formula and the memory its weights take."""
    from llmpick.catalog import open_catalog
    from llmpick.catalog.subject import open_subject
    from llmpick.report.export import show
    from llmpick.report.parameters import parameters_document

    opened = open_catalog(catalog)
    subject = open_subject(model, opened, assume)
    document = parameters_document(subject, opened.formats, list_tensors=tensors)
    return show(document, options.chosen_format(output_format, as_json), output)
