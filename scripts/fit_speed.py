"""Fit the constants of the speed model: catalog/speed/measurements.yaml -> catalog/speed/constants.yaml.

python scripts/fit_speed.py [--check]
"""

import sys
from pathlib import Path
from typing import Any

from llmpick.catalog import open_catalog
from llmpick.fit.speed.groups import constants_table, possible
from llmpick.fit.speed.measured import samples

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "catalog" / "speed" / "constants.yaml"
HEAD = """\
# Written by scripts/fit_speed.py from measurements.yaml; do not edit. What each means: docs/speed.md.
# {kept} rows fitted, {refused} refused because they imply more than the card's peak.
"""


def main() -> int:
    catalog = open_catalog()
    kept, refused = possible(samples(catalog, catalog.measurements))
    for sample in refused:
        print(f"refused: {sample.where} implies {sample.ceiling_seconds / sample.seconds:.0%} of the card's peak")
    text = HEAD.format(kept=len(kept), refused=len(refused)) + "".join(written(constants_table(kept)[0]))
    if "--check" in sys.argv:
        same = FILE.read_text(encoding="utf-8") == text
        print("in step" if same else f"{FILE} is not what the rows give: run scripts/fit_speed.py")
        return 0 if same else 1
    FILE.write_text(text, encoding="utf-8")
    print(f"{len(kept)} rows fitted, {len(refused)} refused")
    return 0


def written(table: dict[str, Any]) -> list[str]:
    """The table as YAML, one line a key, nested rows in flow style."""
    lines = []
    for runtime, groups in table.items():
        lines.append(f"{runtime}:\n")
        for group, row in groups.items():
            lines.append(f"  {group}:\n")
            lines += [f"    {key}: {_value(value)}\n" for key, value in row.items()]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    sys.exit(main())
