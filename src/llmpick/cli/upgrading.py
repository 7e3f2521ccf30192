"""``fit --upgrade`` and ``fit --replace``: the same question asked of the machine with another card."""

from typing import TYPE_CHECKING

from llmpick.errors import UsageError

if TYPE_CHECKING:
    from llmpick.catalog import Catalog
    from llmpick.fit.ordering import Ranked
    from llmpick.fit.ranking import Wish
    from llmpick.hardware.device import Machine
    from llmpick.report.document import Document

EVERY_SHAPE = 10**6


def with_card(catalog: "Catalog", document: "Document", machine: "Machine", free: bool, wish: "Wish",
              cards: tuple[str | None, str | None], limit: int) -> "Document":  # fmt: skip
    """The answer with what a card gains: ``cards`` are (added, put in place of all that are there), one of them None.

    Raises UsageError for both at once, UnknownName for a card nobody knows.
    """
    from dataclasses import replace

    from llmpick.fit.upgrade import gains
    from llmpick.hardware.description import devices_of, parse_gpus
    from llmpick.report.upgrade import with_upgrade

    added, instead = cards
    if added and instead:
        raise UsageError("--upgrade adds a card and --replace swaps it", "give one of them")
    new = devices_of(parse_gpus([added or instead or ""], catalog.gpus))
    kept = machine.devices if added else ()
    later = replace(machine, devices=(*kept, *new))
    names = " + ".join(device.name for device in new)
    words = f"{names} added" if added else f"{names} instead"
    found = gains(_asked(catalog, machine, free, wish), _asked(catalog, later, False, wish))
    return with_upgrade(document, words, found, limit)


def _asked(catalog: "Catalog", machine: "Machine", free: bool, wish: "Wish") -> "list[Ranked]":
    from dataclasses import replace

    from llmpick.cli.machine import budgets, host_bytes
    from llmpick.fit.answering import Choice, answer
    from llmpick.fit.speed.answers import Speeds

    here = replace(wish, speeds=Speeds.of_machine(catalog, machine, free))
    return answer(catalog, here, budgets(machine, free), host_bytes(machine, free), Choice(EVERY_SHAPE)).ranked
