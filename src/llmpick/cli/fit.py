"""``llmpick fit``: which models run on this machine, in which format, ranked by what is known of their quality."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)
Text = str | None


@app.command(
    epilog='Examples:  llmpick fit --gpu 24GB   |   llmpick fit --gpu "2x RTX 3090" --ram 64GB --context 32k   |   llmpick fit --json'
    "   |   kubectl get nodes -o json | llmpick fit --inventory - --runtime vllm"
)
def fit(
    gpu: options.Gpu = None,
    ram: options.Ram = None,
    hardware: options.HardwareFile = None,
    inventory: options.Inventory = None,
    upgrade: Annotated[
        Text, typer.Option("--upgrade", metavar="SPEC", help="What this card besides would add, such as RTX 5090.")
    ] = None,
    swap: Annotated[
        Text, typer.Option("--replace", metavar="SPEC", help="What this card instead of those there would add.")
    ] = None,
    free: options.Free = False,
    context: options.Context = "8k",
    users: options.Users = 1,
    quant: options.Quantization = None,
    kv_cache_type: options.KvCacheType = None,
    settings: options.Set = None,
    use: Annotated[
        str,
        typer.Option(
            "--for", metavar="USE", help="Rank for knowledge, chat, code, chinese, math, science or a benchmark."
        ),
    ] = "knowledge",
    licence: Annotated[Text, typer.Option("--license", "--licence", help="Part of a licence's id or name.")] = None,
    commercial: Annotated[bool, typer.Option("--commercial", help="Only licences that allow commercial use.")] = False,
    language: Annotated[Text, typer.Option("--language", help="A language, such as zh or Chinese.")] = None,
    family: Annotated[Text, typer.Option("--family", help="A family, such as llama-3 or qwen3.")] = None,
    min_params: Annotated[Text, typer.Option("--min-params", metavar="N", help="Such as 7B.")] = None,
    max_params: Annotated[Text, typer.Option("--max-params", metavar="N", help="Such as 14B.")] = None,
    min_speed: Annotated[
        float | None,
        typer.Option("--min-speed", min=0.0, metavar="N", help="Only what decodes N tokens per second or more."),
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="BY", help="quality, or speed within each verdict.")
    ] = "quality",
    explain: options.Explain = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to show.")] = 20,
    show_all: Annotated[bool, typer.Option("--all", help="Every model, derivatives and misfits too.")] = False,
    runtime: options.Runtime = "llama.cpp",
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Rank the models that fit a GPU (without --gpu: this machine's, as detected)."""
    from dataclasses import replace

    from llmpick.catalog import open_catalog
    from llmpick.catalog.filters import Filters
    from llmpick.cli.inventory import inventory_document
    from llmpick.cli.machine import budgets, chosen_machine, host_bytes
    from llmpick.cli.upgrading import with_card
    from llmpick.fit.answering import Choice, answer
    from llmpick.fit.ranking import Wish
    from llmpick.fit.requests import allowed_models, formats_to_try, ranked_by, request_of
    from llmpick.fit.speed.answers import Speeds
    from llmpick.fit.speed.wishes import sorted_by, speed_wanted
    from llmpick.report.export import show
    from llmpick.report.fitting import fit_document
    from llmpick.runtimes.registry import runtime_named

    opened = open_catalog(catalog)
    filters = Filters(
        licence=licence, commercial=commercial, language=language, family=family,
        min_parameters=options.count(min_params), max_parameters=options.count(max_params),
    )  # fmt: skip
    name = runtime_named(runtime).name
    request = request_of(options.some_tokens(context, 8192), users, kv_cache_type, settings)
    wish = Wish(request=request, runtime=name, formats=formats_to_try(quant, opened.formats, name), usual=quant is None,
                allowed=allowed_models(opened, filters), min_speed=min_speed, by_speed=sorted_by(sort),
                **ranked_by(use, opened))  # fmt: skip
    if inventory is not None:
        document = inventory_document(opened, inventory, wish, Choice(limit, show_all), bool(gpu or hardware))
        return show(document, options.chosen_format(output_format, as_json), output)
    machine, notes = chosen_machine(opened, gpu, ram, hardware)
    devices, host = budgets(machine, free), host_bytes(machine, free)
    speeds = Speeds.of_machine(opened, machine, free)
    speed_wanted(min_speed, speeds.known)
    wish = replace(wish, speeds=speeds)
    found = answer(opened, wish, devices, host, Choice(limit, show_all))
    document = fit_document(machine, devices, found, wish, (*notes, *found.notes), explained=explain)
    if upgrade or swap:
        document = with_card(opened, document, machine, free, wish, (upgrade, swap), limit)
    return show(document, options.chosen_format(output_format, as_json), output)
