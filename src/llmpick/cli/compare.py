"""``llmpick compare``: models side by side."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples:  llmpick compare qwen3-8b llama-3.1-8b   |   llmpick compare qwen3-32b gemma-3-27b --gpu 24GB   |   "
    "llmpick compare ./a.gguf ./b.gguf --differences"
)
def compare(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL|FILE...", help="Two or more catalog models or model files.")
    ],
    differences: Annotated[
        bool, typer.Option("--differences", "-d", help="Only the rows in which the models differ.")
    ] = False,
    quant: options.Quantization = None,
    context: options.Context = "8k",
    users: options.Users = 1,
    kv_cache_type: options.KvCacheType = None,
    gpu: options.Gpu = None,
    ram: options.Ram = None,
    hardware: options.HardwareFile = None,
    free: options.Free = False,
    runtime: Annotated[
        str | None,
        typer.Option("--runtime", "-r", metavar="NAME", help="The same for all; default: one that loads the format."),
    ] = None,
    settings: options.Set = None,
    assume: options.Assume = None,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Put models side by side: facts, shapes, parameters, memory at the same context and format, shared benchmarks."""
    from llmpick.catalog import open_catalog
    from llmpick.catalog.subject import open_subject
    from llmpick.cli.machine import budgets, chosen_machine, host_bytes
    from llmpick.errors import UsageError
    from llmpick.fit.question import Question
    from llmpick.fit.requests import request_of
    from llmpick.fit.speed.answers import Speeds
    from llmpick.fit.subjects import runtime_of
    from llmpick.report.comparison import comparison_document
    from llmpick.report.export import show

    if len(models) < 2:
        other = "llama-3.1-8b" if models[0] != "llama-3.1-8b" else "qwen3-8b"
        raise UsageError("compare takes two models or more", f"such as llmpick compare {models[0]} {other}")
    opened = open_catalog(catalog)
    subjects = [open_subject(model, opened, assume) for model in models]
    judged = bool(gpu or hardware)
    machine, notes = chosen_machine(opened, gpu, ram, hardware) if judged else (None, ())
    request = request_of(options.some_tokens(context, 8192), users, kv_cache_type, settings)
    able = {runtime_of(subject, runtime, quant, opened.formats) for subject in subjects}
    common = able.pop() if len(able) == 1 else "llama.cpp"
    questions = [
        Question(
            subject=subject, runtime=common, format_name=quant, request=request, judged=judged,
            devices=budgets(machine, free) if machine else (), host_bytes=host_bytes(machine, free) if machine else None,
            speeds=Speeds.of_machine(opened, machine, free) if machine else None,
        )
        for subject in subjects
    ]  # fmt: skip
    document = comparison_document(questions, opened, differences, notes)
    return show(document, options.chosen_format(output_format, as_json), output)
