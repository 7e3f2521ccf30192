"""``llmpick plan``: which cards, and how many, run a model."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmpick.cli import options

if TYPE_CHECKING:
    from llmpick.catalog import Catalog
    from llmpick.catalog.subject import Subject
    from llmpick.fit.planning import Bounds
    from llmpick.report.document import Document

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples:  llmpick plan llama-3.1-70b   |   llmpick plan qwen3-32b --context 32k --form desktop"
    "   |   llmpick plan deepseek-v3 -r vllm   |   llmpick plan llama-3.1-8b --train qlora"
)
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
    vendor: Annotated[
        list[str] | None, typer.Option("--vendor", help="nvidia, amd, intel, apple, ...; repeat.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", min=0.0, metavar="USD", help="At most so much at launch prices.")
    ] = None,
    min_speed: Annotated[
        float | None,
        typer.Option(
            "--min-speed", min=0.0, metavar="TOK/S", help="At least so fast: the low end of the 90% interval."
        ),
    ] = None,
    train: Annotated[
        str | None,
        typer.Option("--train", metavar="METHOD", help="Fine-tuning instead of running: lora, qlora or full."),
    ] = None,
    sequence: Annotated[
        str, typer.Option("--sequence", "-s", metavar="TOKENS", help="With --train: tokens in a sequence.")
    ] = "2k",
    show_all: Annotated[bool, typer.Option("--all", help="Also what costs more and holds no more.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to show.")] = 20,
    runtime: options.Runtime = "llama.cpp",
    settings: options.Set = None,
    assume: options.Assume = None,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Find the GPUs that hold a model (without --quant: about four bits or more; a file as it is), cheapest first by launch price."""
    from llmpick.catalog import open_catalog
    from llmpick.catalog.subject import open_subject
    from llmpick.fit.planning import Bounds, with_speeds
    from llmpick.fit.planning import options as find_options
    from llmpick.fit.ranking import runtime_data
    from llmpick.fit.requests import formats_to_try, request_of
    from llmpick.fit.speed.work import work_of_model
    from llmpick.fit.subjects import loadable_format, loaded_subject, model_in
    from llmpick.report.export import show
    from llmpick.report.planning import plan_document
    from llmpick.runtimes.registry import runtime_named

    opened = open_catalog(catalog)
    subject = open_subject(model, opened, assume)
    bounds = Bounds(frozenset(form) if form else None, frozenset(vendor) if vendor else None, budget)
    if train is not None:
        document = _training(opened, subject, train, options.tokens(sequence) or 2048, users, bounds, limit)
        return show(document, options.chosen_format(output_format, as_json), output)
    known = runtime_named(runtime)
    request = request_of(options.tokens(context) or 8192, users, kv_cache_type, settings)
    ladder = formats_to_try(quant, opened.formats, known.name)
    own = loadable_format(subject, known.name)
    ladder = (own,) if own and quant is None else ladder[:4] if quant is None else ladder
    take = loaded_subject if known.gguf else model_in
    models = [(name, take(subject, name, opened.formats)) for name in ladder]
    data = runtime_data(opened, known.name)
    found = find_options(known.name, models, request, opened.gpus, data, bounds)
    works = {name: work_of_model(model_in(subject, name, opened.formats), known.name) for name in ladder}
    found = with_speeds(found, works, request, opened, data["kv_types"], min_speed)
    document = plan_document(subject, known.name, found, limit, request, hide=not show_all, least=min_speed)
    return show(document, options.chosen_format(output_format, as_json), output)


def _training(
    catalog: "Catalog", subject: "Subject", method: str, sequence: int, batch: int, bounds: "Bounds", limit: int
) -> "Document":
    from llmpick.fit.training_plans import recipe_of, training_options
    from llmpick.formats.packed import tensor_sizer
    from llmpick.report.training_plan import training_plan_document

    recipe = recipe_of(method.lower(), sequence, batch)
    found = training_options(
        subject.architecture, subject.tensors, recipe, catalog.runtimes["training"], catalog.gpus,
        tensor_sizer("NF4", catalog.formats), bounds,
    )  # fmt: skip
    return training_plan_document(subject, recipe, found, limit)
