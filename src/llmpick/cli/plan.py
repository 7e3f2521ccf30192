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
    "   |   kubectl get nodes -o json | llmpick plan qwen3-32b -r vllm --inventory -"
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
    inventory: options.Inventory = None,
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
    """Find the GPUs that hold a model (without --quant: about four bits or more; a file as it is), of all or of --inventory."""
    from llmpick.catalog import open_catalog
    from llmpick.catalog.subject import open_subject
    from llmpick.fit.mixed_cards import with_mixed
    from llmpick.fit.plan_questions import asked_of
    from llmpick.fit.planning import Bounds
    from llmpick.fit.planning import options as find_options
    from llmpick.fit.requests import request_of
    from llmpick.report.export import show
    from llmpick.report.planning import plan_document

    opened = open_catalog(catalog)
    subject = open_subject(model, opened, assume)
    bounds = Bounds(frozenset(form) if form else None, frozenset(vendor) if vendor else None, budget)
    shown_as = options.chosen_format(output_format, as_json)
    if inventory is not None:
        _refuse_beside_inventory(form=form, vendor=vendor, budget=budget, train=train)
    if train is not None:
        document = _training(opened, subject, train, options.some_tokens(sequence, 2048), users, bounds, limit)
        return show(document, shown_as, output)
    request = request_of(options.some_tokens(context, 8192), users, kv_cache_type, settings)
    asked = asked_of(subject, opened, runtime, quant, request, min_speed)
    if inventory is not None:
        from llmpick.cli.inventory import plan_inventory

        return show(plan_inventory(opened, inventory, subject, asked, show_all), shown_as, output)
    found = find_options(asked, opened, bounds)
    found = found._replace(options=with_mixed(found.options, asked, opened, bounds))
    return show(plan_document(subject, asked, found, limit, not show_all, budget), shown_as, output)


def _refuse_beside_inventory(**given: object) -> None:
    """What is chosen among all cards there are says nothing about the cards that somebody has."""
    from llmpick.errors import UsageError

    beside = [f"--{name}" for name, value in given.items() if value is not None]
    if beside:
        raise UsageError(
            f"{', '.join(beside)} and --inventory do not go together", "the inventory says which cards there are"
        )


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
