"""``llmpick launch``: the lines that run a model as planned."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)
Text = str | None


@app.command(
    epilog='Examples:  llmpick launch qwen3-14b --gpu "RTX 4090"   |   '
    'llmpick launch llama-3.1-70b -r vllm --gpu "H100:2" --target kubernetes > deployment.yaml'
)
def launch(
    model: Annotated[str, typer.Argument(metavar="MODEL|FILE", help="A catalog model, or a GGUF file.")],
    quant: options.Quantization = None,
    context: options.Context = "8k",
    users: options.Users = 1,
    kv_cache_type: options.KvCacheType = None,
    gpu: options.Gpu = None,
    ram: options.Ram = None,
    hardware: options.HardwareFile = None,
    free: options.Free = False,
    runtime: Annotated[
        Text, typer.Option("--runtime", "-r", metavar="NAME", help="llama.cpp, ollama, vllm, sglang, transformers, ...")
    ] = None,
    settings: options.Set = None,
    target: Annotated[
        str, typer.Option("--target", metavar="WHERE", help="shell, ray (vLLM) or kubernetes (vLLM, SGLang).")
    ] = "shell",
    repository: Annotated[
        Text, typer.Option("--repository", metavar="OWNER/NAME", help="Where the weights are; else the catalog's.")
    ] = None,
    gguf: Annotated[Text, typer.Option("--gguf", metavar="FILE", help="A GGUF file that is already there.")] = None,
    nodes: Annotated[
        int, typer.Option("--nodes", min=1, max=1000, help="So many machines as --gpu describes work together.")
    ] = 1,
    pvc: Annotated[
        bool, typer.Option("--pvc", help="Kubernetes: keep the weights in a PersistentVolumeClaim.")
    ] = False,
    trust: Annotated[
        bool, typer.Option("--trust-remote-code", help="Let the code run that the repository brings.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Why every option has its value, below the lines.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where the server listens.")] = 8000,
    force: Annotated[bool, typer.Option("--force", help="Print the lines although it does not fit.")] = False,
    assume: options.Assume = None,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Print the command lines or files that run a model as planned; notes go to stderr, so that stdout can be pasted."""
    import sys

    from llmpick.catalog import open_catalog
    from llmpick.catalog.subject import open_subject
    from llmpick.cli.machine import budgets, chosen_machine, host_bytes
    from llmpick.errors import UsageError
    from llmpick.fit.launching.hardware import hardware_of
    from llmpick.fit.layouts import PARALLEL
    from llmpick.fit.question import Question
    from llmpick.fit.requests import request_of
    from llmpick.fit.subjects import runtime_of
    from llmpick.report.export import show
    from llmpick.report.launching import launch_document

    opened, shown_as = open_catalog(catalog), options.chosen_format(output_format, as_json)
    subject = open_subject(model, opened, assume)
    machine, said = chosen_machine(opened, gpu, ram, hardware)
    devices, kind = budgets(machine, free), runtime_of(subject, runtime, quant, opened.formats)
    if nodes > 1 and kind not in PARALLEL:
        raise UsageError(f"{kind} runs on one machine", f"--nodes is for {', '.join(PARALLEL)}")
    question = Question(
        subject=subject, runtime=kind, format_name=quant,
        request=request_of(options.some_tokens(context, 8192), users, kv_cache_type, settings),
        devices=devices * nodes, judged=True, node=len(devices) if nodes > 1 else None, host_bytes=host_bytes(machine, free),
    )  # fmt: skip
    given = {
        "model": model, "repository": repository, "file": gguf, "port": port, "force": force, "trusted": trust, "kept": pvc,
        "explained": explain or shown_as == "csv", "hardware": hardware_of(machine, opened, nodes),
    }  # fmt: skip
    document, notes = launch_document(question, opened, given, target)
    for note in (*notes, *said):
        print(f"# {note}", file=sys.stderr)
    return show(document, shown_as, output)
