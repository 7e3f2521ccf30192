"""Sizes that no model can have, refused by the config's own key before anything is computed from them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from llmpick.errors import InvalidFile
from llmpick.readers.expressions import expressions_in, names_in

_COUNTED_FROM_THE_END = re.compile(r"(?<!^n)_layer$|index|idx|_id$|window|feature|offset")
"""Keys of which a negative number has a meaning: the last layer but one, no window."""

_AT_LEAST_ONE = frozenset({
    "hidden_size", "vocab_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "patch_size",
    "n_embd", "n_layer", "n_layers", "n_head", "n_heads", "d_model", "num_layers", "num_heads",
})  # fmt: skip


def refuse_impossible_sizes(configs: list[Mapping[str, Any]], spec: Mapping[str, Any]) -> None:
    """Raise InvalidFile naming key and value of the first negative number, or nought, that stands for a size.

    Looked at are the keys that the mapping's expressions read, of the given configs and of those nested in them; a
    key that the mapping itself leaves at -1 may be -1 in a config, too.
    """
    read = [name.split(".") for text in expressions_in(spec) for name in names_in(text)]
    first, last = {name[0] for name in read}, {name[-1] for name in read}
    unset = {key for key, value in (spec.get("defaults") or {}).items() if value == -1}
    found = (pair for config in configs for pair in _numbers(config, first) if pair[1] != -1 or pair[0] not in unset)
    for key, value in found:
        name = key.rpartition(".")[2]
        least = 1 if name in _AT_LEAST_ONE else 0
        if name in last and value < least and not _COUNTED_FROM_THE_END.search(name):
            raise InvalidFile(
                f"{key} is {value}: impossible, it must be at least {least}",
                "the config is damaged or was edited; compare it with the published one",
            )


def _numbers(config: Mapping[str, Any], among: set[str] | None, where: str = "") -> Iterator[tuple[str, int | float]]:
    """(dotted key, number) of every number under the keys ``among`` (None: under any)."""
    for key, value in config.items():
        if among is not None and key not in among:
            continue
        if isinstance(value, Mapping):
            yield from _numbers(value, None, f"{where}{key}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield where + key, value
