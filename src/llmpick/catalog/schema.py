"""Validation of single records by pydantic, and the JSON Schemas that editors use, made from the same classes."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from llmpick.catalog.loader import ModelSource, locate
from llmpick.catalog.records import Licence, ModelRecord
from llmpick.catalog.yaml_door import Problem

MAX_PROBLEMS_PER_RECORD = 50


@cache
def _adapter(cls: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(cls)


def validate_records(
    models: dict[str, ModelSource], licences: dict[str, Any], gpus: dict[str, Any]
) -> Iterator[Problem]:
    """Problems of every model, licence and GPU record."""
    for source in models.values():
        for path, message in record_problems(ModelRecord, source.data):
            yield Problem(*locate(source, path), ".".join(map(str, path)), message)
    for name, table, cls in (("licences.yaml", licences, Licence), ("gpus", gpus, _gpu_record())):
        for row, data in table.items():
            for path, message in record_problems(cls, data) if cls else ():
                yield Problem(name, 1, 1, ".".join(map(str, (row, *path))), message)


def record_problems(cls: type, data: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(key path, message) of everything that keeps ``data`` from being a ``cls``."""
    from pydantic import ValidationError

    from llmpick.catalog.snapshot import dumps

    try:
        _adapter(cls).validate_json(dumps(data))  # strict JSON takes mappings for records, strict Python would not
    except ValidationError as error:
        for problem in error.errors(include_url=False)[:MAX_PROBLEMS_PER_RECORD]:
            path = tuple(part for part in problem["loc"] if not _is_internal(part))
            yield path, _in_words(problem)


def json_schema(cls: type) -> dict[str, Any]:
    """The JSON Schema of a record class."""
    schema: dict[str, Any] = _adapter(cls).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schemas() -> dict[str, dict[str, Any]]:
    """File name -> schema, for catalog/schema."""
    made = {"model.json": ModelRecord, "licence.json": Licence, **_speed_records()}
    gpu = _gpu_record()
    if gpu is not None:
        made["gpu.json"] = gpu
    return {name: json_schema(cls) for name, cls in made.items()}


def _speed_records() -> dict[str, Any]:
    from llmpick.catalog.speed_record import ConstantsRow, SpeedBatch

    return {"speed-batch.json": SpeedBatch, "speed-constants.json": ConstantsRow}


def _gpu_record() -> Any:
    from llmpick.catalog.gpu_record import GpuRecord

    return GpuRecord


def _is_internal(part: Any) -> bool:
    """pydantic names union branches in its paths; they are no keys of ours."""
    return isinstance(part, str) and ("[" in part or part in {"str", "int", "float", "bool"})


def _in_words(problem: Any) -> str:
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return "unknown key"
    if problem["type"] in ("missing", "missing_argument"):
        return "missing"
    return f"{problem['msg'][0].lower()}{problem['msg'][1:]} (got {problem['input']!r})"[:300]
