"""Graphics cards by PCI: which are there, and what they are called."""

from typing import NamedTuple

from llmpick.hardware.files import join, list_dir, read_int, read_text

_DISPLAY_CLASS = 0x03
_PROCESSING_CLASS = 0x12
_PCI_DEVICES = "/sys/bus/pci/devices"
_PCI_IDS = ("/usr/share/hwdata/pci.ids", "/usr/share/misc/pci.ids")


class Card(NamedTuple):
    """A PCI device of class display or processing accelerator: ``address`` ``0000:03:00.0``, its numeric ids."""

    address: str
    vendor: int
    device: int
    revision: int
    directory: str
    """Its directory in sysfs."""

    @property
    def pci_device_id(self) -> str:
        """``1002:744c``."""
        return f"{self.vendor:04x}:{self.device:04x}"

    def is_accelerator(self, root: str) -> bool:
        """Whether its PCI class is display or processing accelerator."""
        return (read_int(root, f"{self.directory}/class") or 0) >> 16 in (_DISPLAY_CLASS, _PROCESSING_CLASS)


def cards(root: str, vendor: int) -> list[Card]:
    """All cards of ``vendor`` on the PCI bus, with or without a driver, in the order of their addresses."""
    found = (_card(root, address, f"/sys/bus/pci/devices/{address}") for address in list_dir(root, _PCI_DEVICES))
    return [card for card in found if card.vendor == vendor and card.is_accelerator(root)]


def drm_cards(root: str) -> list[Card]:
    """Cards with a graphics driver, of all vendors: ``/sys/class/drm/card0``, not outputs such as ``card0-DP-1``."""
    found: dict[str, Card] = {}
    for name in list_dir(root, "/sys/class/drm"):
        if name.startswith("card") and name[4:].isdigit():
            directory = f"/sys/class/drm/{name}/device"
            card = _card(root, _pci_address(root, directory) or name, directory)
            found.setdefault(card.address, card)
    return sorted(found.values())


def _card(root: str, address: str, directory: str) -> Card:
    vendor, device, revision = (read_int(root, f"{directory}/{name}") or 0 for name in ("vendor", "device", "revision"))
    return Card(address, vendor, device, revision, directory)


def _pci_address(root: str, directory: str) -> str | None:
    """``PCI_SLOT_NAME`` of the uevent file; cards of other buses have none."""
    for line in (read_text(root, f"{directory}/uevent") or "").splitlines():
        name, _, value = line.partition("=")
        if name == "PCI_SLOT_NAME":
            return value
    return None


def card_name(root: str, card: Card) -> str | None:
    """The name in the system's copy of the PCI ID database: the bracketed trade name where there is one."""
    for path in _PCI_IDS:
        name = _from_pci_ids(join(root, path), f"{card.vendor:04x}", f"{card.device:04x}")
        if name is not None:
            _, bracket, trade_name = name.partition("[")
            return trade_name.rstrip("]") if bracket else name
    return None


def _from_pci_ids(path: str, vendor: str, device: str) -> str | None:
    """Vendors start a line, their devices are indented by one tab."""
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            inside = False
            for line in lines:
                if line[0] not in "\t#\n":
                    if inside:
                        return None
                    inside = line.startswith(vendor)
                elif inside and line.startswith(f"\t{device}"):
                    return line[5:].strip()
    except OSError:
        pass
    return None
