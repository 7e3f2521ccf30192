"""What ``llmpick validate`` does: records, rules and formatting, all problems at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from llmpick.catalog import rules
from llmpick.catalog.canonical import heading_of, model_text
from llmpick.catalog.loader import TABLES, CatalogData, InvalidCatalog, catalog_files, read_files
from llmpick.catalog.location import builtin_directory
from llmpick.catalog.yaml_door import Problem, parse_yaml
from llmpick.errors import UsageError

if TYPE_CHECKING:
    from llmpick.catalog.online import Finding


def validate(paths: list[str]) -> tuple[list[Problem], int]:
    """(problems, number of models checked). Without paths: the whole built-in catalog.

    A directory of its own is checked as an overlay of the built-in catalog. A file, or a directory inside a catalog,
    limits the report to itself; a file outside of any catalog is checked as a model's record.
    """
    files, wanted = _files(paths)
    data = read_files(files)
    problems = [*(data.problems or rules.problems(data)), *_misformatted(files, data), *_outdated_schemas(files)]
    shown = [
        problem._replace(file=_shown(files[problem.file])) if problem.file in files else problem
        for problem in problems
        if not wanted or problem.file in wanted
    ]
    return sorted(shown, key=lambda problem: problem[:3]), len(wanted & _models(files) if wanted else _models(files))


def online(paths: list[str], only: str | None, sample: int | None) -> list[Finding]:
    """What became of the addresses and repositories that the models name. Raises InvalidCatalog, UsageError."""
    from llmpick.catalog.number_rules import total_parameters
    from llmpick.catalog.online import check
    from llmpick.catalog.web import Web

    files, wanted = _files(paths)
    data = read_files(files)
    if data.problems:
        raise InvalidCatalog(data.problems)
    if only is not None and only not in data.models:
        raise UsageError(f"no model {only!r} in the catalog", "--only takes an id, as in llmpick list")
    chosen = {name: source for name, source in data.models.items() if not wanted or source.file in wanted}
    totals = {name: total_parameters(source, data) for name, source in chosen.items() if only in (None, name)}
    found = check(data._replace(models=chosen), totals, Web(), only, sample)
    return [row._replace(file=_shown(files[row.file])) for row in found]


def fix(paths: list[str]) -> list[Path]:
    """Rewrite the model files that are not formatted canonically; returns them. Damaged files are left alone."""
    files, wanted = _files(paths)
    changed = []
    for name in sorted(_models(files, with_families=True) & (wanted or set(files))):
        text = files[name].read_bytes().decode("utf-8", "replace")
        formatted = _formatted(text, name)
        if formatted is not None and formatted != text:
            files[name].write_text(formatted, encoding="utf-8")
            changed.append(files[name])
    return changed


def _files(paths: list[str]) -> tuple[dict[str, Path], set[str]]:
    """(the catalog's files by name, the names to report on; none: all)."""
    directories, limits = [builtin_directory()], []
    for path in map(Path, paths):
        if not path.exists():
            raise UsageError(f"no such file or directory: {path}", "give a catalog directory or a file in one")
        if path.is_dir() and any((path / table).is_dir() for table in ("models", *TABLES)):
            directories.append(path)
        else:
            limits.append(path.resolve())
    files = catalog_files(tuple(directories))
    wanted: set[str] = set()
    for limit in limits:
        inside = {name for name, file in files.items() if file.resolve().is_relative_to(limit)}
        if not inside and limit.is_dir():
            raise UsageError(f"no catalog files in {limit}", "give a directory that holds models/, gpus/, ...")
        if not inside:
            inside = {f"models/{limit.parent.name}/{limit.name}"}
            files |= dict.fromkeys(inside, limit)
        wanted |= inside
    return files, wanted


def _models(files: dict[str, Path], with_families: bool = False) -> set[str]:
    models = {name for name in files if name.startswith("models/") and name.count("/") == 2}
    return models if with_families else {name for name in models if not name.endswith("/family.yaml")}


def _misformatted(files: dict[str, Path], data: CatalogData) -> Iterator[Problem]:
    parsed = {source.file: source.own for source in data.models.values()}
    parsed |= {source.shared_file: source.shared for source in data.models.values() if source.shared is not None}
    for name, content in parsed.items():
        if content.problems:
            continue
        text = files[name].read_bytes().decode("utf-8", "replace")
        formatted = model_text(content.data, heading_of(text))
        if formatted != text:
            yield Problem(name, _first_difference(text, formatted), 1, "", "not formatted canonically (validate --fix)")


def _outdated_schemas(files: dict[str, Path]) -> Iterator[Problem]:
    """Schemas beside the catalog's licences that are not those of the records."""
    import json

    from llmpick.catalog.schema import schemas

    folder = files["licences.yaml"].parent / "schema" if "licences.yaml" in files else None
    if folder is None or not folder.is_dir():
        return
    for name, schema in schemas().items():
        try:
            written = json.loads((folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            written = None
        if written != json.loads(json.dumps(schema)):
            yield Problem(f"schema/{name}", 1, 1, "", "not in step with the records (scripts/write_schemas.py)")


def _formatted(text: str, name: str) -> str | None:
    """The canonical text; None for a file with problems of its own."""
    parsed = parse_yaml(text, name)
    if parsed.problems or not isinstance(parsed.data, dict):
        return None
    return model_text(parsed.data, heading_of(text))


def _first_difference(text: str, other: str) -> int:
    pairs = zip(text.splitlines(), other.splitlines(), strict=False)
    return next((number for number, (one, two) in enumerate(pairs, 1) if one != two), 1)


def _shown(file: Path) -> str:
    """The path as people type it: relative to where they are, if it is below."""
    path = os.path.relpath(file)
    return str(file) if path.startswith("..") else path
