"""What ``llmpick validate`` asks of measured speeds, which needs the models' bytes and so stands above the catalog."""

from collections.abc import Sequence
from pathlib import Path

from llmpick.catalog import open_catalog
from llmpick.catalog.speed_record import MEASUREMENTS
from llmpick.catalog.yaml_door import Problem
from llmpick.fit.speed.measured import impossible


def impossible_speeds(paths: Sequence[str]) -> list[Problem]:
    """Problems of the measured speeds among ``paths`` (none: the built-in catalog); other paths hold none."""
    if not paths:
        return list(impossible(open_catalog()))
    overlays = [path for path in paths if (Path(path) / MEASUREMENTS).is_file()]
    inside = any(Path(path).resolve().as_posix().endswith(MEASUREMENTS) for path in paths)
    found = [problem for path in overlays for problem in impossible(open_catalog(path))]
    return found + (list(impossible(open_catalog())) if inside and not overlays else [])
