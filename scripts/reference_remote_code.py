"""Parameter counts of models whose code lives beside their weights, tensor by tensor from the published modeling code.

    python scripts/reference_remote_code.py ROWS.jsonl.gz

recomputes every row ({model_type, config, total}) and names those that differ. Written apart from the mappings of
catalog/architectures: nothing here reads them. The counts are in remote_dense, remote_experts, remote_recurrent and
remote_vision. A maintainer's tool, not shipped.
"""

import gzip
import json
import sys
from pathlib import Path

import remote_dense  # noqa: F401
import remote_experts  # noqa: F401
import remote_recurrent  # noqa: F401
import remote_vision  # noqa: F401
from remote_counting import count


def main() -> None:
    """Recomputes the rows of the file."""
    rows = [json.loads(line) for line in gzip.decompress(Path(sys.argv[1]).read_bytes()).splitlines()]
    wrong = [row for row in rows if count(row["config"]) != row["total"]]
    for row in wrong:
        print(row["model_type"], count(row["config"]), row["total"])
    print(f"{len(rows) - len(wrong)} of {len(rows)} agree")


if __name__ == "__main__":
    main()
