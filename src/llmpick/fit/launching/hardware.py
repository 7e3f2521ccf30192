"""The machine of a plan as a manifest names it."""

from llmpick.catalog.catalog import Catalog
from llmpick.fit.launching.planned import Hardware
from llmpick.hardware.device import Machine


def hardware_of(machine: Machine, catalog: Catalog, nodes: int) -> Hardware:
    """``nodes`` such machines. Names of cards are told only where all are of one kind that drivers' names are known of.

    A card of which only the size is known is taken for NVIDIA's.
    """
    devices = machine.largest_group()
    kinds = {device.gpu_id for device in devices}
    row = catalog.gpus.get(next(iter(kinds)) or "", {}) if len(kinds) == 1 else {}
    products = () if any(device.mig for device in devices) else tuple(row.get("reported_names", ()))
    vendor = row.get("vendor") or next((device.vendor for device in devices if device.gpu_id), "nvidia")
    return Hardware(nodes, max(1, len(devices)), vendor, products)
