"""``llmpick gpus``: the GPU catalog."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)
Text = str | None


@app.command(
    epilog='Examples:  llmpick gpus   |   llmpick gpus "RTX 4090"   |   llmpick gpus --vendor amd --min-memory 24GB'
)
def gpus(
    name: Annotated[Text, typer.Argument(help="A GPU as its driver or its maker calls it.")] = None,
    vendor: Annotated[Text, typer.Option("--vendor", help="nvidia, amd, intel, apple or huawei.")] = None,
    form: Annotated[Text, typer.Option("--form", help="desktop, laptop, workstation, datacenter or soc.")] = None,
    min_memory: Annotated[Text, typer.Option("--min-memory", metavar="SIZE", help="Such as 24GB.")] = None,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """List the GPUs that llmpick knows, or show one with its sources."""
    from llmpick.catalog import open_catalog
    from llmpick.hardware.gpu_names import GpuNames
    from llmpick.report.export import show
    from llmpick.report.machine import gpu_document, gpus_document

    rows = open_catalog(catalog).gpus
    if name is not None:
        match = GpuNames(rows).described(name)
        document = gpu_document(match.gpu_id, match.row, match.notes)
    else:
        least = options.size_bytes(min_memory) or 0
        chosen = {
            gpu: row for gpu, row in rows.items()
            if (vendor is None or row["vendor"] == vendor.lower()) and (form is None or row["form"] == form.lower())
            and (row.get("memory_mib") or 0) * 2**20 >= least
        }  # fmt: skip
        document = gpus_document(chosen)
    return show(document, options.chosen_format(output_format, as_json), output)
