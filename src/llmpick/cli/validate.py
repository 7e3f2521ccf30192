"""``llmpick validate``: what CI runs over the catalog; ``--online`` asks the web whether its sources still hold."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples:  llmpick validate   |   llmpick validate my-catalog/   |   llmpick validate catalog/models/llama/llama-7b.yaml"
    "   |   llmpick validate --online --only llama-7b"
)
def validate(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Catalog directories or files.")
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Rewrite model files in the one canonical format first.")] = False,
    online: Annotated[
        bool,
        typer.Option(
            "--online",
            help="Instead, use the network: ask whether every source address still answers and what the Hugging Face "
            "hub says of every repository (slow; not for CI).",
        ),
    ] = False,
    only: Annotated[str | None, typer.Option("--only", metavar="ID", help="With --online: one model.")] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", min=1, help="With --online: N addresses, evenly spread.")
    ] = None,
    as_json: options.Json = False,
) -> int:
    """Check the catalog: schema, duplicate keys, references, sources, computed counts, speeds that physics allows."""
    import json
    import sys

    from llmpick.catalog.validation import fix as rewrite
    from llmpick.catalog.validation import validate as check
    from llmpick.errors import ANSWERED, INVALID, UsageError
    from llmpick.fit.speed.checks import impossible_speeds

    if online:
        return _online(paths or [], only, sample, as_json)
    if only is not None or sample is not None:
        raise UsageError("--only and --sample choose what --online asks for", "add --online, or give paths")
    for path in rewrite(paths or []) if fix else ():
        print(f"rewritten: {path}", file=sys.stderr)
    problems, models = check(paths or [])
    if not problems:
        problems = impossible_speeds(paths or [])
    if as_json:
        print(
            json.dumps(
                {"schema": 1, "command": "validate", "models": models, "problems": [p._asdict() for p in problems]}
            )
        )
    else:
        for problem in problems:
            print(problem)
        print(f"{models} models checked, {len(problems)} problem(s)", file=sys.stderr)
    return INVALID if problems else ANSWERED


def _online(paths: list[str], only: str | None, sample: int | None, as_json: bool) -> int:
    """Every finding; exit 3 where something is gone or changed. What cannot be reached says nothing about the catalog."""
    import json
    import sys
    from collections import Counter

    from llmpick.catalog.validation import online
    from llmpick.errors import ANSWERED, INVALID

    findings = online(paths, only, sample)
    if as_json:
        print(json.dumps({"schema": 1, "command": "validate", "findings": [row._asdict() for row in findings]}))
    else:
        for row in findings:
            print(row)
        number = Counter(row.status for row in findings)
        words = ", ".join(f"{number[status]} {status}" for status in ("ok", "changed", "gone", "unreachable"))
        print(f"{len(findings)} addresses asked: {words}", file=sys.stderr)
    return INVALID if any(row.status in ("changed", "gone") for row in findings) else ANSWERED
