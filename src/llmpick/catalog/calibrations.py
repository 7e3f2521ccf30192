"""This machine's own measured constants, in the user's configuration directory: a YAML file that is also JSON.

Read on the way to every speed, so it is written in JSON's part of YAML and read without a YAML parser; a file that
somebody edited into other YAML is still read, by one.
"""

import json
from pathlib import Path
from typing import Any

from llmpick.catalog.location import config_directory
from llmpick.errors import InvalidFile

MAX_BYTES = 2**20
FIELDS = {"runtime", "gpu", "gpu_id", "efficiency", "layer_us", "solved", "build", "date", "rows"}


def calibrations_file() -> Path:
    """Where they stand."""
    return config_directory() / "calibrations.yaml"


def calibrations() -> list[dict[str, Any]]:
    """Every stored calibration; none without a file. Raises InvalidFile for a damaged one."""
    path = calibrations_file()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidFile(f"{path} is larger than {MAX_BYTES} bytes", "remove it and calibrate again")
        text = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InvalidFile(f"cannot read {path}: {error.strerror}") from None
    return _checked(path, _parsed(path, text))


def _parsed(path: Path, text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        from llmpick.catalog.yaml_door import read_yaml

        parsed = read_yaml(path)
        if parsed.problems:
            raise InvalidFile(str(parsed.problems[0]), "correct it, or remove it and calibrate again") from None
        return parsed.data


def _checked(path: Path, data: Any) -> list[dict[str, Any]]:
    rows = data.get("calibrations") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and set(row) >= FIELDS for row in rows):
        raise InvalidFile(f"{path} holds no calibrations", "remove it and calibrate again")
    for row in rows:
        share, us = row["efficiency"], row["layer_us"]
        if not (isinstance(share, (int, float)) and 0 < share <= 1 and isinstance(us, (int, float)) and 0 <= us < 1e6):
            raise InvalidFile(f"{path}: efficiency {share!r} and layer_us {us!r} cannot be", "calibrate again")
    return rows


def store(row: dict[str, Any]) -> Path:
    """Add a calibration, replacing the one of the same runtime and GPU. Returns the file."""
    path = calibrations_file()
    key = (row["runtime"], row["gpu"])
    kept = [each for each in calibrations() if (each["runtime"], each["gpu"]) != key]
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"  {json.dumps(each)}" for each in [*kept, row])
    written = path.with_suffix(".new")
    written.write_text(f'{{"calibrations": [\n{lines}\n]}}\n', encoding="utf-8")
    written.replace(path)
    return path
