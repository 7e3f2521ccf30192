"""``llmpick plan``: which cards, and how many, run a model."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Examples:  llmpick plan llama-3.1-70b   |   llmpick plan qwen3-32b --context 32k --form desktop")
def plan(
    model: Annotated[
        str, typer.Argument(metavar="MODEL|FILE", help="A catalog model, or a config.json, GGUF or safetensors file.")
    ],
    quant: options.Quantization = None,
    context: options.Context = "8k",
    users: options.Users = 1,
    kv_cache_type: options.KvCacheType = None,
    form: Annotated[
        list[str] | None, typer.Option("--form", help="desktop, laptop, workstation, datacenter or soc; repeat.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to show.")] = 20,
    runtime: options.Runtime = "llama.cpp",
    settings: options.Set = None,
    assume: options.Assume = None,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Find the GPUs that hold a model (without --quant: Q4_K_M or better), cheapest first by launch price."""
    from llmpick.catalog import open_catalog
    from llmpick.catalog.subject import open_subject
    from llmpick.fit.planning import options as find_options
    from llmpick.fit.ranking import runtime_data
    from llmpick.fit.requests import formats_to_try, request_of
    from llmpick.fit.subjects import loaded_subject
    from llmpick.report.export import show
    from llmpick.report.planning import plan_document

    opened = open_catalog(catalog)
    subject = open_subject(model, opened, assume)
    request = request_of(options.tokens(context) or 8192, users, kv_cache_type, settings)
    ladder = formats_to_try(quant, opened.formats) if quant else ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M")
    models = [(name, loaded_subject(subject, name, opened.formats)) for name in ladder]
    found = find_options(models, request, opened.gpus, runtime_data(opened), frozenset(form) if form else None)
    return show(plan_document(subject, found, limit, request), options.chosen_format(output_format, as_json), output)
