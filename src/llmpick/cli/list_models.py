"""``llmpick list``: the catalog, filtered and sorted."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)
Text = str | None


@app.command(
    epilog="Examples:  llmpick list --family qwen3   |   llmpick list --max-params 8B --commercial --sort params"
)
def list_models(
    query: Annotated[Text, typer.Argument(help="Part of an id, name or organization.")] = None,
    family: Annotated[Text, typer.Option("--family", help="A family, such as llama-3 or falcon.")] = None,
    org: Annotated[Text, typer.Option("--org", help="Part of the organization's name.")] = None,
    licence: Annotated[Text, typer.Option("--license", "--licence", help="Part of a licence's id or name.")] = None,
    commercial: Annotated[bool, typer.Option("--commercial", help="Only licences that allow commercial use.")] = False,
    language: Annotated[Text, typer.Option("--language", help="A language, such as zh or Chinese.")] = None,
    min_params: Annotated[Text, typer.Option("--min-params", metavar="N", help="Such as 7B.")] = None,
    max_params: Annotated[Text, typer.Option("--max-params", metavar="N", help="Such as 14B.")] = None,
    context: Annotated[
        Text, typer.Option("--context", metavar="TOKENS", help="At least this context, such as 32k.")
    ] = None,
    variant: Annotated[Text, typer.Option("--variant", help="base, instruct, chat, reasoning or code.")] = None,
    released_after: Annotated[Text, typer.Option("--released-after", metavar="DATE", help="Such as 2024-06.")] = None,
    architecture: Annotated[
        Text, typer.Option("--architecture", help="A model_type, such as llama or qwen3_moe.")
    ] = None,
    sort: Annotated[str, typer.Option("--sort", help="name, params, context, released or family.")] = "family",
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """List the models of the catalog."""
    from llmpick.catalog import open_catalog
    from llmpick.catalog.filters import Filters
    from llmpick.report.export import show
    from llmpick.report.listing import listing

    filters = Filters(
        query=query, family=family, organization=org, licence=licence, commercial=commercial, language=language,
        min_parameters=options.count(min_params), max_parameters=options.count(max_params),
        min_context=options.tokens(context), variant=variant, released_after=released_after, architecture=architecture,
    )  # fmt: skip
    document = listing(open_catalog(catalog), filters, sort)
    return show(document, options.chosen_format(output_format, as_json), output)
