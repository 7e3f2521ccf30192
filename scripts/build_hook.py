"""Hatchling's build hook: a wheel carries the snapshot of its catalog, so that the first start is as fast as the others.

In pyproject.toml:

    [tool.hatch.build.targets.wheel.hooks.custom]
    path = "scripts/build_hook.py"
    dependencies = ["pydantic>=2.9", "pyyaml>=6.0.1"]
"""

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SnapshotHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # a checkout's catalog changes under the installation
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from llmpick.catalog.counts import counts
        from llmpick.catalog.snapshot import prebuild
        from llmpick.fit.profiles import profiles

        folder = Path(mkdtemp()) / "catalog_snapshot"
        prebuild(root / "catalog", folder, lambda catalog: (counts(catalog), profiles(catalog)))
        build_data["force_include"][str(folder)] = "llmpick/catalog_snapshot"
