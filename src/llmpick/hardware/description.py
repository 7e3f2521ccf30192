"""Hardware that somebody describes: ``24GB``, ``24576MiB``, ``RTX 4090``, ``2x RTX 3090``, ``H100:8``.

Items are repeated or joined by commas. A size is binary (a card sold as 24 GB holds 24 GiB); a name is looked up in
the catalog's rows. What a driver would keep for itself is subtracted by rule, and the notes say so.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmpick.errors import UnknownName, UsageError
from llmpick.hardware.described_memory import reserved_bytes, unified_usable_bytes, unknown_card_usable_bytes
from llmpick.hardware.device import Device
from llmpick.hardware.gpu_names import GpuNames, Match, Row, Rows, total_mib
from llmpick.units import format_bytes, parse_bytes

MAX_DEVICES = 1024
LEAST_BYTES, MOST_BYTES = 2**28, 2**43
"""256 MiB to 8 TiB: outside, a unit was mistyped."""

_BEFORE = re.compile(r"(\d{1,9})\s*[x×*]\s*(\S.*)", re.IGNORECASE)
_AFTER = re.compile(r"(.*\S)\s*(?::|\s[x×*])\s*(\d{1,9})", re.IGNORECASE)
_SIZE = re.compile(r"\d+(?:\.\d+)?\s*(?:[gt]|[mgt]i?b)", re.IGNORECASE)
_COMMA = re.compile(r",(?![^(]*\))")
_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedGpu:
    """``count`` equal GPUs as described. ``device`` is one of them; ``gpu_id`` its row, None for a bare size."""

    text: str
    count: int
    device: Device
    gpu_id: str | None = None
    notes: tuple[str, ...] = ()

    def devices(self) -> tuple[Device, ...]:
        """One Device for each card."""
        return (self.device,) * self.count


def parse_gpus(specs: Iterable[str], rows: Rows) -> tuple[DescribedGpu, ...]:
    """What ``--gpu`` said, in order; each of ``specs`` may hold several items joined by commas.

    ``rows`` are the catalog's GPUs by id. Raises UsageError (unreadable, ambiguous, absurd) or UnknownName.
    """
    parser = GpuParser(rows)
    described = tuple(parser.parse(item) for spec in specs for item in _items(spec))
    if not described:
        raise UsageError("no GPU given", 'Write for instance --gpu 24GB or --gpu "2x RTX 3090"')
    if sum(gpu.count for gpu in described) > MAX_DEVICES:
        raise UsageError(f"more than {MAX_DEVICES} GPUs", "Describe one machine or one cluster node")
    return described


def says_none(specs: Iterable[str]) -> bool:
    """Whether ``--gpu none`` (or ``cpu``) said that there is no GPU."""
    return [spec.strip().lower() for spec in specs] in (["none"], ["cpu"])


def devices_of(described: Sequence[DescribedGpu]) -> tuple[Device, ...]:
    """One Device for each card, in the order given."""
    return tuple(device for gpu in described for device in gpu.devices())


def notes_of(described: Sequence[DescribedGpu]) -> tuple[str, ...]:
    """What the reader should know about how the description was understood, each thing once."""
    return tuple(dict.fromkeys(note for gpu in described for note in gpu.notes))


class GpuParser:
    """Reads single items. The index of names is built when the first name has to be looked up."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._index: GpuNames | None = None

    @property
    def names(self) -> GpuNames:
        """The index of all names."""
        if self._index is None:
            self._index = GpuNames(self._rows)
        return self._index

    def parse(self, text: str) -> DescribedGpu:
        """One item, with its count: ``H100:8``. A name that reads like a count (``7900 XTX``) is a name first."""
        text = text.strip()
        if _SIZE.fullmatch(text) is None and not self.names.ids(text):
            for pattern, count_group, name_group in ((_BEFORE, 1, 2), (_AFTER, 2, 1)):
                found = pattern.fullmatch(text)
                if found is not None and self._is_count(int(found[count_group]), found[name_group]):
                    return self._counted(text, int(found[count_group]), found[name_group])
        return self._counted(text, 1, text)

    def _is_count(self, number: int, name: str) -> bool:
        """Whether ``number`` counts GPUs, or belongs to a name that nobody knows (``7990 XTX``)."""
        return number <= MAX_DEVICES or _SIZE.fullmatch(name) is not None or bool(self.names.ids(name))

    def _counted(self, text: str, count: int, name: str) -> DescribedGpu:
        if count < 1:
            raise UsageError(f"{text!r}: a count is at least 1", "Leave the GPU out if there is none")
        if count > MAX_DEVICES:
            raise UsageError(f"{text!r} is more than {MAX_DEVICES} GPUs", "Describe one machine or one cluster node")
        name = name.strip().strip("\"'")
        if _SIZE.fullmatch(name) is not None:
            return _bare(text, count, name)
        if name.isdecimal() and not self.names.ids(name):
            raise UsageError(f"{text!r}: {name!r} has no unit", f"Write {name}GB, or the name of a GPU")
        try:
            match = self.names.described(name)
        except UnknownName as error:
            hint = f"{error.hint} Its memory alone, such as 24GB, will do too."
            raise UnknownName(error.message, hint.strip()) from None
        return describe_match(text, count, match)


def describe_match(text: str, count: int, match: Match) -> DescribedGpu:
    """``count`` GPUs of a catalog row, with what the catalog or else the rules say of usable memory."""
    row, total = match.row, match.memory_mib * _MIB
    usable, note = _usable(row, total)
    return DescribedGpu(
        text=text,
        count=count,
        gpu_id=match.gpu_id,
        device=described_device(match.gpu_id, row, total, usable),
        notes=(*match.notes, note),
    )


def described_device(gpu_id: str, row: Row, total: int, usable: int) -> Device:
    """A Device with a row's facts and the given sizes in bytes."""
    return Device(
        name=row["name"],
        vendor=row["vendor"],
        source="described",
        gpu_id=gpu_id,
        total=total,
        reserved=total - usable,
        usable=usable,
        unified=bool(row.get("unified_memory")),
        compute_capability=row.get("compute_capability"),
        architecture=row.get("gfx"),
        bandwidth=round(row["bandwidth_gbs"] * 1e9),
        bandwidth_source="catalog",
        cores=row.get("gpu_cores"),
        nvlink_links=_nvlink_links(row),
    )


def _nvlink_links(row: Row) -> int | None:
    """Links of a GPU that a baseboard or superchip connects: all of them. None for cards, whose bridge is optional.

    Rates of one link, both directions (NVIDIA's data sheets): 40 GB/s on compute capability 6, 50 on 7 to 9, 100
    from 10.
    """
    if row["vendor"] != "nvidia" or row.get("module") not in ("sxm", "superchip") or not row.get("interconnect_gbs"):
        return None
    generation = int(row["compute_capability"].split(".")[0])
    per_link = 40 if generation < 7 else 50 if generation < 10 else 100
    return round(float(row["interconnect_gbs"]) / per_link)


def usable_of(row: Row) -> int | None:
    """Bytes that a catalog card gives a program; None for a processor whose memory is not its own."""
    total = total_mib(row)
    return None if total is None else _usable(row, total * _MIB)[0]


def _usable(row: Row, total: int) -> tuple[int, str]:
    """(bytes, how that was found)."""
    name = row["name"]
    if row.get("unified_memory"):
        usable = unified_usable_bytes(row["vendor"], total, row.get("memory_mib") is not None)
        return usable, f"{name}: {format_bytes(usable)} of {format_bytes(total)} shared memory assumed usable"
    measured = row.get("usable_memory_mib")
    if measured is not None and total == (total_mib(row) or 0) * _MIB:
        return measured * _MIB, f"{name}: {format_bytes(measured * _MIB)} usable, the least seen on this card"
    usable = total - reserved_bytes(total)
    return usable, f"{name}: {format_bytes(usable)} of {format_bytes(total)} assumed usable (the driver keeps the rest)"


def _bare(text: str, count: int, size: str) -> DescribedGpu:
    total = parse_bytes(size)
    if not LEAST_BYTES <= total <= MOST_BYTES:
        raise UsageError(f"{text!r}: {format_bytes(total)} is no GPU's memory", "Write for instance 24GB")
    usable = unknown_card_usable_bytes(total)
    device = Device(
        name=f"{total / 2**30:g} GB GPU",
        vendor="unknown",
        source="described",
        total=total,
        reserved=total - usable,
        usable=usable,
    )
    kept = f"{text}: {format_bytes(usable)} of {format_bytes(total)} assumed usable (the driver keeps the rest)"
    return DescribedGpu(text=text, count=count, device=device, notes=(kept, f"{text}: no bandwidth known, so no speed"))


def _items(spec: str) -> list[str]:
    """Comma-separated parts (a comma in brackets is part of a name); an empty part is a slip worth telling."""
    parts = [part.strip() for part in _COMMA.split(spec)]
    if not all(parts):
        raise UsageError(f"{spec!r} has an empty part", 'Write for instance "RTX 4090,RTX 3090"')
    return parts
