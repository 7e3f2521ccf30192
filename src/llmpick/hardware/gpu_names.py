"""Which row of the GPU catalog a name means: what a driver reports, or what a person types. Never by substring.

Names are compared whole, without case, spaces, hyphens and the maker's name. A name that stands in several rows is
settled by memory; what then still differs is refused with the candidates, never guessed, except that among rows of
equal memory one may be marked as what the name usually means (``default_for``).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from llmpick.errors import UnknownName, UsageError
from llmpick.units import format_bytes

Row = Mapping[str, Any]
Rows = Mapping[str, Row]

TOLERANCE = 0.03
"""Totals of one card differ by this much between drivers; neighbouring sizes differ by far more."""
_UNIFIED_TOLERANCE = 0.15
"""How much of shared memory the firmware may keep from the operating system."""

_MEMORY = re.compile(r"[\s(_-]*(?<![0-9.])(\d{1,4})\s*(?:gi?b|g)(?![a-z0-9])\)?", re.IGNORECASE)
_NOISE = str.maketrans("", "", " -_/.,()[]'\"\t")
_MIB = 2**20


class Match(NamedTuple):
    """The row found, the memory meant, and what the reader should know about the choice."""

    gpu_id: str
    row: Row
    memory_mib: int
    notes: tuple[str, ...] = ()


class GpuNames:
    """The names of all rows. ``rows`` maps ids to rows as the catalog has them."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._vendors = sorted({str(row["vendor"]) for row in rows.values()})
        self._ids: dict[str, list[str]] = {}
        for gpu_id, row in rows.items():
            vendor = row["vendor"]
            for key in {_squeeze(name).removeprefix(vendor) for name in _names(row)}:
                self._ids.setdefault(key, []).append(gpu_id)

    def key(self, name: str) -> str:
        """``name`` as it is compared: ``NVIDIA A100-SXM4-80GB`` and ``a100 sxm4 80gb`` are the same."""
        key = _squeeze(name)
        return next((key.removeprefix(vendor) for vendor in self._vendors if key.startswith(vendor)), key)

    def ids(self, name: str) -> tuple[str, ...]:
        """The ids of all rows that carry this name, as it stands."""
        return tuple(self._ids.get(self.key(name), ()))

    def described(self, text: str) -> Match:
        """The row that ``text`` means: ``RTX 4090``, ``A100 80GB``, ``M3 Max 64GB``.

        Raises UnknownName with near names, or UsageError with the candidates when several rows fit, when the GPU
        does not exist with that memory, or when its memory is the computer's and was not said.
        """
        if text.lower() in self.rows:
            return self._with_memory(text.lower(), None, text, ())
        ids, memory_mib, name = self._read(text)
        if not ids:
            raise UnknownName.near("GPU", text, self._known())
        offered = [gpu_id for gpu_id in ids if memory_mib is None or _offers(self.rows[gpu_id], memory_mib)]
        if not offered:
            raise UsageError(f"no {name!r} has {memory_mib // 1024} GB" if memory_mib else "", self._sizes(ids))
        chosen, notes = self._settle(offered, self.key(name), text)
        return self._with_memory(chosen, memory_mib, text, notes)

    def reported(
        self,
        name: str,
        total_bytes: int | None = None,
        bandwidth_bytes: int | None = None,
        cores: int | None = None,
    ) -> Match | None:
        """The row of a device that a driver calls ``name``; None if no row has that name.

        Rows of one name are told apart by total memory (nearest, within 3 %), then by cores, then by bandwidth;
        of those that even so look alike, the one marked as usual or else the slowest is taken, and a note says so.
        """
        ids = list(self.ids(name))
        if not ids:
            return None
        notes: tuple[str, ...] = ()
        if total_bytes is not None:
            ids, notes = self._by_total(ids, total_bytes / _MIB)
        ids = [gpu_id for gpu_id in ids if cores is not None and self.rows[gpu_id].get("gpu_cores") == cores] or ids
        if bandwidth_bytes is not None:
            ids = [gpu_id for gpu_id in ids if _near(self.rows[gpu_id]["bandwidth_gbs"] * 1e9, bandwidth_bytes)] or ids
        chosen, doubt = self._slowest(ids, self.key(name))
        row = self.rows[chosen]
        memory_mib = round(total_bytes / _MIB) if total_bytes is not None else total_mib(row)
        return Match(chosen, row, memory_mib or 0, notes + doubt)

    def by_pci_id(self, vendor: str, device: str, revision: str | None = None) -> tuple[str, ...]:
        """Ids of the rows of ``vendor`` that list this PCI device (and revision, where rows name one)."""
        wanted = {device.lower(), f"{device}:{revision}".lower()}
        rows = (item for item in self.rows.items() if item[1]["vendor"] == vendor)
        return tuple(gpu_id for gpu_id, row in rows if wanted & {pci.lower() for pci in row.get("pci_ids", ())})

    def _read(self, text: str) -> tuple[list[str], int | None, str]:
        """(ids, memory said in MiB, name without it); a name that itself holds a size is tried as it stands first."""
        whole = list(self.ids(text))
        found = _MEMORY.search(text)
        if whole or found is None:
            return whole, None, text
        name = (text[: found.start()] + " " + text[found.end() :]).strip()
        return list(self.ids(name)), int(found[1]) * 1024, name

    def _settle(self, ids: list[str], key: str, text: str) -> tuple[str, tuple[str, ...]]:
        """The one row of ``ids`` that is meant. Rows of different memory are never chosen between."""
        if len(ids) == 1:
            return ids[0], ()
        usual = [gpu_id for gpu_id in ids if key in map(self.key, self.rows[gpu_id].get("default_for", ()))]
        if len({self.rows[gpu_id].get("memory_mib") for gpu_id in ids}) == 1 and len(usual) == 1:
            others = self._labels(gpu_id for gpu_id in ids if gpu_id != usual[0])
            return usual[0], (f"{text!r} taken as {self.rows[usual[0]]['name']}; say so if you mean {others}",)
        raise UsageError(f"{text!r} can be several GPUs", f"Say which: {self._labels(ids, quoted=True)}")

    def _with_memory(self, gpu_id: str, memory_mib: int | None, text: str, notes: tuple[str, ...]) -> Match:
        row = self.rows[gpu_id]
        options = list(row.get("memory_options_mib", ()))
        if memory_mib is None:
            if row.get("memory_mib") is None:
                hint = f'Say how much memory the computer has: "{text} 32GB"'
                raise UsageError(f"{row['name']} uses the computer's memory", hint)
            if options:
                smallest = format_bytes(row["memory_mib"] * _MIB)
                notes += (f"{row['name']} taken with {smallest}, the least it is sold with; say {_either(options)}",)
            return Match(gpu_id, row, total_mib(row) or row["memory_mib"], notes)
        if any(_near(memory_mib, size) for size in row.get("modified_memory_mib", ())):
            return Match(
                gpu_id, row, memory_mib, (*notes, f"{row['name']} with {memory_mib // 1024} GB is a refitted card")
            )
        fixed = row.get("memory_mib") is not None and not options
        return Match(gpu_id, row, (total_mib(row) if fixed else None) or memory_mib, notes)

    def _by_total(self, ids: list[str], mib: float) -> tuple[list[str], tuple[str, ...]]:
        """The rows whose totals are nearest to ``mib``; all of them, with a note, when none is near."""
        distances = {gpu_id: _distance(self.rows[gpu_id], mib) for gpu_id in ids}
        least = min(distances.values())
        if least > 1:
            name, size = self.rows[ids[0]]["name"], f"{mib / 1024:.1f} GiB"
            return ids, (f"{name} is not listed with {size}: a refitted card, or a share of one",)
        return [gpu_id for gpu_id in ids if distances[gpu_id] <= least + 1e-9], ()

    def _slowest(self, ids: list[str], key: str) -> tuple[str, tuple[str, ...]]:
        if len(ids) == 1:
            return ids[0], ()
        usual = [gpu_id for gpu_id in ids if key in map(self.key, self.rows[gpu_id].get("default_for", ()))]
        speed = {i: (self.rows[i]["bandwidth_gbs"], self.rows[i].get("fp16_tflops") or 0.0, i) for i in ids}
        chosen = usual[0] if len(usual) == 1 else min(ids, key=lambda gpu_id: speed[gpu_id])
        others = self._labels(gpu_id for gpu_id in ids if gpu_id != chosen)
        return chosen, (f"taken as {self.rows[chosen]['name']}; the driver gives {others} the same name",)

    def _labels(self, ids: Iterable[str], quoted: bool = False) -> str:
        return ", ".join(f'"{self.rows[gpu_id]["name"]}"' if quoted else self.rows[gpu_id]["name"] for gpu_id in ids)

    def _sizes(self, ids: list[str]) -> str:
        sizes = sorted({size for gpu_id in ids for size in _sold(self.rows[gpu_id])})
        return f"It comes with {_either(sizes)}" if sizes else ""

    def _known(self) -> list[str]:
        return [name for row in self.rows.values() for name in (row["name"], *row.get("aliases", ()))]


def total_mib(row: Row) -> int | None:
    """The total that the driver prints for this card as sold, else what it is sold with; None if not its own."""
    reported = row.get("reported_memory_mib", ())
    total: int | None = reported[0] if reported else row.get("memory_mib")
    return total


def _squeeze(name: str) -> str:
    key = name.lower()
    if "(" in key:
        key = key.replace("(r)", "").replace("(tm)", "")
    return key.translate(_NOISE)


def _names(row: Row) -> Iterable[str]:
    return (row["name"], *row.get("reported_names", ()), *row.get("aliases", ()), *row.get("default_for", ()))


def _sold(row: Row) -> tuple[int, ...]:
    sizes = tuple(row.get("memory_options_mib", ()))
    return sizes or ((row["memory_mib"],) if row.get("memory_mib") is not None else ())


def _offers(row: Row, memory_mib: int) -> bool:
    """Whether the card exists with this memory. A part without memory of its own takes what the computer has."""
    sizes = (*_sold(row), *row.get("reported_memory_mib", ()), *row.get("modified_memory_mib", ()))
    return any(_near(memory_mib, size) for size in sizes) if sizes else bool(row.get("unified_memory"))


def _distance(row: Row, mib: float) -> float:
    """How far ``mib`` is from the row's nearest total, in units of what is tolerated; above 1: another card."""
    if row.get("unified_memory"):
        sizes = [size for size in _sold(row) if size >= mib * 0.99]
        return (min(sizes) - mib) / min(sizes) / _UNIFIED_TOLERANCE if sizes else (2.0 if _sold(row) else 1.0)
    sizes = [*_sold(row), *row.get("reported_memory_mib", ()), *row.get("modified_memory_mib", ())]
    return min(abs(size - mib) / size for size in sizes) / TOLERANCE


def _near(value: float, reference: float) -> bool:
    return abs(value - reference) <= TOLERANCE * reference


def _either(sizes: Iterable[int]) -> str:
    words = [f"{size // 1024}GB" for size in sizes]
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
