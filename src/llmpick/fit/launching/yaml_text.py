"""Mappings as YAML documents in block style, one line a value: what a manifest is pasted as."""

from collections.abc import Mapping, Sequence
from typing import Any


def documents(values: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The lines of several documents; what is said twice is written twice, without anchors."""
    import yaml  # only a manifest needs it

    class Plain(yaml.SafeDumper):
        """No anchors: a reader of a manifest does not expect them."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    text = yaml.dump_all(values, Dumper=Plain, sort_keys=False, width=float("inf"))
    return tuple(str(text).removesuffix("\n").split("\n"))
