"""Intel devices by the xe and i915 drivers' files in sysfs.

Neither driver publishes free memory without privilege, so ``free`` is unknown.
"""

from collections.abc import Sequence

from llmpick.hardware.described_memory import reserved_bytes, unified_usable_bytes
from llmpick.hardware.device import Device, Found, Host, Probe
from llmpick.hardware.files import list_dir, read_int
from llmpick.hardware.pci import Card, card_name

_INTEGRATED_ADDRESS = "0000:00:02.0"
"""Integrated graphics have sat here since the first of them."""


def probe_intel(root: str, host: Host, found_cards: Sequence[Card]) -> Found:
    """All Intel GPUs with a graphics driver."""
    devices = tuple(_device(root, card, host) for card in found_cards)
    silent = [device.name for device in devices if device.total is None]
    if silent:
        detail = f"no memory size from {', '.join(silent)}"
        remedy = "Use the xe driver (Linux 6.8 or later), or describe the card with --gpu."
        return Found(Probe(probe="intel", status="unsupported", detail=detail, remedy=remedy), devices)
    return Found(Probe(probe="intel", status="ok", detail="xe or i915; free memory is not published"), devices)


def _device(root: str, card: Card, host: Host) -> Device:
    local = local_memory_bytes(root, card)
    unified = local is None and card.address == _INTEGRATED_ADDRESS
    return Device(
        name=card_name(root, card) or f"Intel GPU {card.pci_device_id}",
        vendor="intel",
        source="xe or i915",
        total=host.physical_total if unified else local,
        usable=_usable(local, host.total if unified else None),
        unified=unified,
        pci_bus_id=card.address,
        pci_device_id=card.pci_device_id,
    )


def _usable(local: int | None, shared: int | None) -> int | None:
    """By the rules for cards that cannot be asked, as neither driver tells what it keeps."""
    if local is not None:
        return local - reserved_bytes(local)
    return None if shared is None else unified_usable_bytes("intel", shared, own_memory=False)


def local_memory_bytes(root: str, card: Card) -> int | None:
    """Memory on the card: the sum over its tiles (xe), or ``lmem_total_bytes`` (i915); None if it has none."""
    tiles = [name for name in list_dir(root, card.directory) if name.startswith("tile") and name[4:].isdigit()]
    sizes = [read_int(root, f"{card.directory}/{tile}/physical_vram_size_bytes") for tile in tiles]
    if sizes and None not in sizes:
        return sum(size for size in sizes if size is not None) or None
    drm = [name for name in list_dir(root, f"{card.directory}/drm") if name.startswith("card")]
    places = (card.directory.removesuffix("/device"), *(f"{card.directory}/drm/{name}" for name in drm))
    return next((size for place in places if (size := read_int(root, f"{place}/lmem_total_bytes"))), None)
