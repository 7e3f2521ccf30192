"""YAML files -> validated plain data. Every problem is reported at once, located; nothing is half-loaded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from llmpick.catalog.yaml_door import Parsed, Path_, Problem, read_yaml
from llmpick.errors import InvalidFile
from llmpick.readers.hf_config import resolve

TABLES = ("gpus", "formats", "runtimes", "architectures", "benchmarks", "speed")
FAMILY_FILE = "family.yaml"
_NOT_INHERITED = ("aliases", "benchmarks", "claims", "repositories")


class InvalidCatalog(InvalidFile):
    """The catalog has problems; ``problems`` lists all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        hint = f"{len(problems)} problem(s) in the catalog; nothing was loaded"
        super().__init__("\n".join(map(str, problems)), hint)
        self.problems = problems


class ModelSource(NamedTuple):
    """One model's merged data and where each part of it stands."""

    family: str
    data: dict[str, Any]
    own: Parsed
    shared: Parsed | None
    file: str
    shared_file: str


class CatalogData(NamedTuple):
    """Everything that the catalog directories hold, as plain data."""

    models: dict[str, ModelSource]
    licences: dict[str, Any]
    gpus: dict[str, dict[str, Any]]
    formats: dict[str, Any]
    runtimes: dict[str, Any]
    benchmarks: dict[str, Any]
    speed: dict[str, Any]
    architectures: dict[str, dict[str, Any]]
    surveys: dict[str, Any]
    problems: list[Problem]


def load(directories: tuple[Path, ...]) -> CatalogData:
    """Read and validate. Raises InvalidCatalog with every problem found."""
    data = read(directories)
    if data.problems:
        raise InvalidCatalog(data.problems)
    return data


def read(directories: tuple[Path, ...]) -> CatalogData:
    """Read and validate, keeping the problems; later directories replace files of earlier ones by relative path."""
    return read_files(catalog_files(directories))


def read_files(files: dict[str, Path]) -> CatalogData:
    """Read and validate the files of a catalog, given by their names in it."""
    problems: list[Problem] = []
    tables = {table: _read_table(table, files, problems) for table in TABLES}
    licences = _read_mapping(files, "licences.yaml", problems) or {}
    surveys = _read_mapping(files, "surveys.yaml", problems) or {}
    models = _read_models(files, problems)
    gpus = {row: value for rows in tables["gpus"].values() for row, value in rows.items()}
    architectures = _resolved(tables["architectures"], problems)
    from llmpick.catalog.schema import validate_records
    from llmpick.catalog.speed_record import located, speed_problems

    problems += validate_records(models, licences, gpus)
    problems += located(speed_problems(tables["speed"], models, gpus), files)
    formats, runtimes, benchmarks = (tables[name] for name in ("formats", "runtimes", "benchmarks"))
    return CatalogData(
        models, licences, gpus, formats, runtimes, benchmarks, tables["speed"], architectures, surveys, problems
    )


def _resolved(specs: dict[str, Any], problems: list[Problem]) -> dict[str, dict[str, Any]]:
    if problems:  # a mapping may follow one that could not be read
        return {}
    try:
        return resolve(specs)
    except InvalidFile as error:
        problems.append(Problem("architectures", 1, 1, "follows", error.message))
        return {}


def catalog_files(directories: tuple[Path, ...]) -> dict[str, Path]:
    """Relative path -> file; the last directory wins."""
    found: dict[str, Path] = {}
    for directory in directories:
        for path in sorted(directory.rglob("*.yaml")):
            found[path.relative_to(directory).as_posix()] = path
    return dict(sorted(found.items()))


def _read_table(table: str, files: dict[str, Path], problems: list[Problem]) -> dict[str, Any]:
    chosen = [name for name in files if name.startswith(f"{table}/") and name.count("/") == 1]
    read = {name.split("/")[1].removesuffix(".yaml"): _read_mapping(files, name, problems) for name in chosen}
    return {name: content for name, content in read.items() if content is not None}


def _read_mapping(files: dict[str, Path], name: str, problems: list[Problem]) -> dict[str, Any] | None:
    """The content of a file that must be a mapping; None, with the problem noted, when it is not."""
    if name not in files:
        return None
    parsed = read_yaml(files[name], name)
    problems += parsed.problems
    if isinstance(parsed.data, dict):
        return parsed.data
    if not parsed.problems:
        problems.append(Problem(name, 1, 1, "", "the file must be a mapping"))
    return None


def _read_models(files: dict[str, Path], problems: list[Problem]) -> dict[str, ModelSource]:
    models: dict[str, ModelSource] = {}
    families: dict[str, Parsed] = {}
    for name in sorted(files, key=lambda file: (file.rsplit("/", 1)[0], not file.endswith(FAMILY_FILE), file)):
        pieces = name.split("/")
        if pieces[0] != "models" or len(pieces) != 3:
            continue
        parsed = read_yaml(files[name], name)
        problems += parsed.problems
        if pieces[2] == FAMILY_FILE:
            families[pieces[1]] = parsed
            if not isinstance(parsed.data, dict) and not parsed.problems:
                problems.append(Problem(name, 1, 1, "", "a family file is a mapping"))
            continue
        problems += _add_model(models, pieces[1], name, parsed, families.get(pieces[1]))
    return models


def _add_model(
    models: dict[str, ModelSource], family: str, name: str, parsed: Parsed, shared: Parsed | None
) -> Iterator[Problem]:
    model_id = name.split("/")[2].removesuffix(".yaml")
    if not isinstance(parsed.data, dict):
        if not parsed.problems:
            yield Problem(name, 1, 1, "", "a model file is a mapping")
        return
    if model_id in models:
        yield Problem(name, 1, 1, "", f"id {model_id!r} is taken by {models[model_id].file}")
        return
    if "id" in parsed.data:
        yield Problem(name, *parsed.marks["id",], "id", "the id is the file's name; remove this key")
        return
    base = shared.data if shared is not None and isinstance(shared.data, dict) else {}
    data = _merge({key: value for key, value in base.items() if key not in _NOT_INHERITED}, parsed.data)
    models[model_id] = ModelSource(family, data, parsed, shared, name, f"models/{family}/{FAMILY_FILE}")


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` wins; mappings merge key by key."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def locate(source: ModelSource, path: Path_) -> tuple[str, int, int]:
    """(file, line, column) of a key path: in the model's file, else in its family's, else the start of the model's."""
    for length in range(len(path), 0, -1):
        for parsed, file in ((source.own, source.file), (source.shared, source.shared_file)):
            if parsed is not None and path[:length] in parsed.marks:
                return file, *parsed.marks[path[:length]]
    return source.file, 1, 1


def at(source: ModelSource, path: Path_, message: str) -> Problem:
    """A problem at a key path of a model."""
    return Problem(*locate(source, path), ".".join(map(str, path)), message)
