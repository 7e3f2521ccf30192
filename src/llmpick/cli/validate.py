"""``llmpick validate``: what CI runs over the catalog."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples:  llmpick validate   |   llmpick validate my-catalog/   |   llmpick validate catalog/models/llama/llama-7b.yaml"
)
def validate(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Catalog directories or files.")
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Rewrite model files in the one canonical format first.")] = False,
    as_json: options.Json = False,
) -> int:
    """Check the catalog: schema, duplicate keys, references, sources, computed counts, speeds that physics allows."""
    import json
    import sys

    from llmpick.catalog.validation import fix as rewrite
    from llmpick.catalog.validation import validate as check
    from llmpick.errors import ANSWERED, INVALID
    from llmpick.fit.speed.checks import impossible_speeds

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
