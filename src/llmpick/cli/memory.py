"""``llmpick memory``: what a model takes, term by term, with an honest interval."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples:  llmpick memory llama-3.1-8b --context 32k   |   llmpick memory qwen3-32b --plot   |   "
    'llmpick memory qwen3-32b --gpu "RTX 4090" --explain'
)
def memory(
    model: Annotated[
        str, typer.Argument(metavar="MODEL|FILE", help="A catalog model, or a config.json, GGUF or safetensors file.")
    ],
    quant: options.Quantization = None,
    context: options.Context = "8k",
    batch: Annotated[int, typer.Option("--batch", "--users", "-u", min=1, help="Sequences at the same time.")] = 1,
    kv_cache_type: options.KvCacheType = None,
    gpu: options.Gpu = None,
    ram: options.Ram = None,
    hardware: options.HardwareFile = None,
    free: options.Free = False,
    depth: Annotated[
        str | None,
        typer.Option("--depth", metavar="TOKENS", help="Speed with so many tokens in the context; else half."),
    ] = None,
    explain: options.Explain = False,
    plot: Annotated[
        bool, typer.Option("--plot", help="Memory against context; with --output, a .svg, .png or .html file.")
    ] = False,
    runtime: Annotated[
        str | None,
        typer.Option(
            "--runtime",
            "-r",
            metavar="NAME",
            help="llama.cpp, vllm, transformers, ... (default: one that loads the format; llama.cpp for GGUF).",
        ),
    ] = None,
    settings: options.Set = None,
    assume: options.Assume = None,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Show weights, KV cache, compute buffers and runtime overhead, each with its certainty; with --gpu, the verdict."""
    from llmpick.catalog import open_catalog
    from llmpick.catalog.subject import open_subject
    from llmpick.cli.machine import budgets, chosen_machine, host_bytes
    from llmpick.fit.question import Question
    from llmpick.fit.requests import request_of
    from llmpick.fit.speed.answers import Speeds
    from llmpick.fit.speed.wishes import depth_of
    from llmpick.fit.subjects import runtime_of
    from llmpick.report.export import show
    from llmpick.report.memory import memory_document

    opened = open_catalog(catalog)
    subject = open_subject(model, opened, assume)
    judged = bool(gpu or hardware)
    machine, notes = chosen_machine(opened, gpu, ram, hardware) if judged else (None, ())
    question = Question(
        subject=subject, runtime=runtime_of(subject, runtime, quant, opened.formats), format_name=quant,
        request=request_of(options.some_tokens(context, 8192), batch, kv_cache_type, settings),
        devices=budgets(machine, free) if machine else (), judged=judged,
        host_bytes=host_bytes(machine, free) if machine else None,
        speeds=Speeds.of_machine(opened, machine, free) if machine else None, explained=explain,
        depth=depth_of(options.tokens(depth), options.some_tokens(context, 8192)),
    )  # fmt: skip
    if plot:
        from llmpick.report.memory_plot import plot_document

        document = plot_document(question, opened, notes)
    else:
        document = memory_document(question, opened, notes)
    return show(document, options.chosen_format(output_format, as_json), output)
