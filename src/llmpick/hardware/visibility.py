"""Which devices the environment leaves visible: ``CUDA_VISIBLE_DEVICES`` and its AMD relatives. Pure functions.

Rules from the CUDA C++ Programming Guide (CUDA environment variables) and AMD's GPU isolation page: the list is read
from the left and stops at the first entry that names no device; entries are all indices or all identifiers;
identifiers may be shortened as long as they name one device; a device named twice makes CUDA show none.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_LEADING_INTEGER = re.compile(r"\s*([+-]?[0-9]+)")


class Candidate(NamedTuple):
    """One device that could be visible. MIG slices of one GPU share its ``ordinal`` and name it as parent."""

    ordinal: int
    uuid: str
    parent_uuid: str = ""
    legacy_name: str = ""
    """``MIG-GPU-<uuid>/<gpu instance>/<compute instance>``, as drivers before 470 name a slice."""


class Selection(NamedTuple):
    """``positions`` in the list of candidates, in the order a program sees them; ``problem`` if the list broke off."""

    positions: tuple[int, ...]
    problem: str = ""


def cuda_visible(value: str | None, candidates: Sequence[Candidate]) -> Selection:
    """What ``CUDA_VISIBLE_DEVICES=value`` (None: unset) leaves of ``candidates``, whose ordinals are in CUDA's order.

    An index or a ``GPU-`` identifier of a GPU in MIG mode selects all of its slices.
    """
    return _select("CUDA_VISIBLE_DEVICES", value, candidates, ("GPU-", "MIG-"))


def rocm_visible(environment: Mapping[str, str], candidates: Sequence[Candidate]) -> Selection:
    """``ROCR_VISIBLE_DEVICES`` first, then ``HIP_VISIBLE_DEVICES`` (or CUDA's name) over what that left."""
    first = _select("ROCR_VISIBLE_DEVICES", environment.get("ROCR_VISIBLE_DEVICES"), candidates, ("GPU-",))
    name = "HIP_VISIBLE_DEVICES" if "HIP_VISIBLE_DEVICES" in environment else "CUDA_VISIBLE_DEVICES"
    left = [candidates[position]._replace(ordinal=ordinal) for ordinal, position in enumerate(first.positions)]
    second = _select(name, environment.get(name), left, ("GPU-",))
    return Selection(tuple(first.positions[position] for position in second.positions), first.problem or second.problem)


def is_list_of_indices(value: str | None) -> bool:
    """Whether ``value`` picks devices by number, so that the meaning depends on the order of enumeration."""
    return value is not None and _LEADING_INTEGER.match(value) is not None


def _select(name: str, value: str | None, candidates: Sequence[Candidate], prefixes: tuple[str, ...]) -> Selection:
    if value is None:
        return Selection(tuple(range(len(candidates))))
    if not value.strip():
        return Selection((), f"{name} is empty: no device is visible")
    by_identifier = value.strip().upper().startswith(prefixes)
    positions: list[int] = []
    for entry in value.split(","):
        found = _by_identifier(entry.strip(), candidates) if by_identifier else _by_index(entry, candidates)
        if not found:
            return Selection(
                tuple(positions), f"{name}: {entry.strip()!r} names no device; it and what follows is ignored"
            )
        if set(found) & set(positions):
            return Selection((), f"{name} names {entry.strip()!r} twice: no device is visible")
        positions += found
    return Selection(tuple(positions))


def _by_index(entry: str, candidates: Sequence[Candidate]) -> list[int]:
    """Leading digits count, as in C: ``1abc`` is 1. Negative numbers name nothing."""
    match = _LEADING_INTEGER.match(entry)
    ordinal = int(match[1]) if match else -1
    return [position for position, candidate in enumerate(candidates) if candidate.ordinal == ordinal >= 0]


def _by_identifier(entry: str, candidates: Sequence[Candidate]) -> list[int]:
    """Exact, or a beginning that fits one device only; a parent's identifier selects its slices."""
    wanted = entry.lower()
    if len(wanted) <= len("GPU-"):
        return []
    hits = [
        position
        for position, candidate in enumerate(candidates)
        if any(known.lower().startswith(wanted) for known in candidate[1:])
    ]
    exact = [position for position in hits if wanted in (known.lower() for known in candidates[position][1:])]
    hits = exact or hits
    owners = {candidates[position].parent_uuid or candidates[position].uuid for position in hits}
    unique = len(hits) == 1 if wanted.startswith("mig-") else len(owners) == 1
    return hits if unique else []
