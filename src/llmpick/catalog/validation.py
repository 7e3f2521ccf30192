"""What ``llmpick validate`` does: records and rules, all problems at once."""

from pathlib import Path

from llmpick.catalog import rules
from llmpick.catalog.loader import read
from llmpick.catalog.location import builtin_directory
from llmpick.catalog.yaml_door import Problem
from llmpick.errors import UsageError


def validate(paths: list[str]) -> tuple[list[Problem], int]:
    """(problems, number of models checked). Without paths: the whole built-in catalog.

    A directory is checked as an overlay of the built-in catalog; a file must belong to a catalog, and only its
    problems are reported.
    """
    directories, wanted = [builtin_directory()], []
    for path in map(Path, paths):
        if path.is_dir():
            if path.resolve() != directories[0].resolve():
                directories.append(path)
        elif path.exists():
            wanted.append(_catalog_name(path))
        else:
            raise UsageError(f"no such file or directory: {path}", "give a catalog directory or a file in one")
    data = read(tuple(directories))
    problems = data.problems or rules.problems(data)
    problems = sorted(problems, key=lambda problem: problem[:3])
    if wanted:
        problems = [problem for problem in problems if problem.file in wanted]
    return problems, len(data.models)


def _catalog_name(path: Path) -> str:
    """The name of a file inside its catalog: what follows the last of the catalog's own folders."""
    parts = path.resolve().parts
    for folder in ("models", "gpus", "formats", "runtimes", "architectures"):
        if folder in parts:
            return "/".join(parts[len(parts) - 1 - parts[::-1].index(folder) :])
    return path.name
