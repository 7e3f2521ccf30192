"""Write catalog/schema/*.json from the records."""

import json
from pathlib import Path

from llmpick.catalog.schema import schemas

FOLDER = Path(__file__).resolve().parents[1] / "catalog" / "schema"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / name).write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n")
