"""``llmpick calibrate``: this machine's own speed constants, from a run of llama-bench."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples:  llmpick calibrate bench.json   |   llmpick calibrate --model small.gguf --model large.gguf   |   "
    'llmpick calibrate bench.json --gpu "RTX 4090" --dry-run'
)
def calibrate(
    bench: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="What llama-bench wrote with -o json or jsonl; - for stdin.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="FILE.gguf", help="Run llama-bench on this file; repeat."),
    ] = None,
    gpu: Annotated[
        str | None, typer.Option("--gpu", "-g", metavar="NAME", help="The card, where the file names it badly.")
    ] = None,
    known_as: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="MODEL", help="The catalog's name of a model in the file; repeat."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, and store nothing.")] = False,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Measure how fast this machine decodes, so that fit and memory predict its speed from its own figures."""
    import sys

    from llmpick.catalog import open_catalog
    from llmpick.catalog.calibrations import store
    from llmpick.errors import UsageError
    from llmpick.fit.speed.bench import calibrate as solve
    from llmpick.hardware.llama_bench import run_llama_bench
    from llmpick.readers.llama_bench import MAX_BYTES, parse_llama_bench, read_llama_bench
    from llmpick.report.calibrating import calibration_document
    from llmpick.report.export import show

    if (bench is None) == (not model):
        raise UsageError("give a file that llama-bench wrote, or --model FILE.gguf to run it", "llmpick calibrate -h")
    if model:
        rows = parse_llama_bench(run_llama_bench(model), "llama-bench")
    elif bench == "-":
        rows = parse_llama_bench(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")
    else:
        rows = read_llama_bench(bench or "")
    found = solve(open_catalog(catalog), rows, gpu, known_as or ())
    stored = None if dry_run else str(store(found.stored()))
    return show(calibration_document(found, stored), options.chosen_format(output_format, as_json), output)
