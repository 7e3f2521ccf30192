"""Whole-process time and peak memory of `list`, `params` and `fit`, beside Python alone and a trivial typer command.

    python benchmarks/startup.py [--runs N] [--write]

Runs are interleaved, one warm-up each, medians reported; `llmfit` is measured too when it is installed beside llmpick.
`--write` puts the table into docs/performance.md between its marks. Run it in the environment whose llmpick is meant,
installed from a wheel (compiled bytecode).
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- measured -->", "<!-- end -->"
TRIVIAL = """
import typer
app = typer.Typer()
@app.command()
def one(gpu: str = typer.Option(None, "--gpu")) -> None:
    print("hello")
@app.command()
def two() -> None: ...
app()
"""


def commands(folder: Path) -> dict[str, list[str]]:
    trivial = folder / "trivial.py"
    trivial.write_text(TRIVIAL)
    llmpick = str(Path(sys.executable).with_name("llmpick"))
    found = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "trivial typer command": [sys.executable, str(trivial), "one", "--gpu", "x"],
        "llmpick list": [llmpick, "list"],
        "llmpick params llama-7b": [llmpick, "params", "llama-7b"],
        "llmpick fit --gpu 24GB": [llmpick, "fit", "--gpu", "24GB"],
    }
    llmfit = shutil.which("llmfit", path=str(Path(sys.executable).parent))
    if llmfit:
        found |= {
            "llmfit list": [llmfit, "list"],
            "llmfit info meta-llama/Llama-3.1-8B-Instruct": [llmfit, "info", "meta-llama/Llama-3.1-8B-Instruct"],
            "llmfit --memory 24G fit -n 20": [llmfit, "--memory", "24G", "fit", "-n", "20"],
        }
    return found


def measure(command: list[str]) -> tuple[float, int]:
    """(milliseconds, peak KiB) of one run."""
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.execv(command[0], command)
    _, _, usage = os.wait4(child, 0)
    return (time.perf_counter() - started) * 1e3, usage.ru_maxrss


def table(runs: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        chosen = commands(Path(folder))
        found: dict[str, list[tuple[float, int]]] = {name: [] for name in chosen}
        for number in range(runs + 1):
            for name, command in chosen.items():
                result = measure(command)
                if number:
                    found[name].append(result)
    lines = ["| command | median ms | least ms | peak MB |", "|---|---:|---:|---:|"]
    for name, results in found.items():
        times = [result[0] for result in results]
        memory = median(result[1] for result in results) / 1024
        lines.append(f"| `{name}` | {median(times):.0f} | {min(times):.0f} | {memory:.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    resource.getrusage(resource.RUSAGE_CHILDREN)
    made = table(options.runs)
    print(made)
    if options.write:
        text = PAGE.read_text()
        head, rest = text.split(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n{made}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    subprocess.run(
        [str(Path(sys.executable).with_name("llmpick")), "fit", "--gpu", "24GB"], capture_output=True, check=True
    )
    main()
