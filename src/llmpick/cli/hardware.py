"""``llmpick hardware``: what was found, how, and what to do about what was not."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Examples:  llmpick hardware   |   llmpick hardware --json   |   llmpick hardware --save rig.yaml")
def hardware(
    gpu: options.Gpu = None,
    ram: options.Ram = None,
    rig: options.HardwareFile = None,
    save: Annotated[str | None, typer.Option("--save", metavar="FILE", help="Write the machine to a rig file.")] = None,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Show the GPUs and memory of this machine, what each probe said, and the remedy where one failed."""
    from llmpick.catalog import open_catalog
    from llmpick.cli.machine import chosen_machine
    from llmpick.hardware.rig import save_rig
    from llmpick.report.export import show
    from llmpick.report.machine import machine_document

    machine, notes = chosen_machine(open_catalog(catalog), gpu, ram, rig)
    if save:
        save_rig(machine, save)
    return show(machine_document(machine, notes), options.chosen_format(output_format, as_json), output)
