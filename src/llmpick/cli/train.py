"""``llmpick train``: what fine-tuning a model takes."""

from typing import Annotated

import typer

from llmpick.cli import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples:  llmpick train llama-3.1-8b --gpu 24GB   |   llmpick train qwen3-32b --method qlora --sequence 4k "
    "--gpu 48GB   |   llmpick train llama-2-7b --method full --gpu H100:8 --zero 3"
)
def train(
    model: Annotated[str, typer.Argument(metavar="MODEL|FILE", help="A catalog model, or a config.json.")],
    method: Annotated[str, typer.Option("--method", "-m", help="full, lora or qlora.")] = "lora",
    rank: Annotated[int, typer.Option("--rank", metavar="R", help="Rank of the adapters.")] = 16,
    targets: Annotated[
        str, typer.Option("--targets", metavar="NAMES", help="all-linear, or PEFT's module names: q_proj,v_proj.")
    ] = "all-linear",
    train_embeddings: Annotated[
        bool,
        typer.Option("--train-embeddings", help="With adapters: train embeddings and head whole (modules_to_save)."),
    ] = False,
    dropout: Annotated[bool, typer.Option("--dropout", help="Adapters drop inputs: a mask is kept.")] = False,
    adapter_precision: Annotated[str, typer.Option("--adapter-precision", help="fp32 (as PEFT) or bf16.")] = "fp32",
    quant: Annotated[
        str, typer.Option("--quant", "-q", metavar="FORMAT", help="QLoRA's base: NF4, INT8, GPTQ-4bit-128g, ...")
    ] = "NF4",
    upcast: Annotated[
        bool,
        typer.Option("--upcast/--no-upcast", help="QLoRA: the rest in float32, as PEFT prepares it, or in 16 bit."),
    ] = True,
    optimizer: Annotated[
        str, typer.Option("--optimizer", metavar="NAME", help="adamw, adamw8bit, adafactor, sgd, muon, lion, ...")
    ] = "adamw",
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision", metavar="NAME", help="bf16, bf16-mixed, bf16-master, fp16-mixed, fp16-master, fp32."
        ),
    ] = None,
    sequence: Annotated[str, typer.Option("--sequence", "-s", metavar="TOKENS", help="Tokens in a sequence.")] = "2k",
    batch: Annotated[int, typer.Option("--batch", "-b", min=1, help="Sequences at once on a GPU.")] = 1,
    accumulation: Annotated[
        int, typer.Option("--accumulation", min=1, help="Batches whose gradients are added before a step.")
    ] = 1,
    checkpointing: Annotated[
        bool, typer.Option("--checkpointing/--no-checkpointing", help="Gradient checkpointing: recompute activations.")
    ] = True,
    attention: Annotated[str, typer.Option("--attention", help="sdpa, flash or eager.")] = "sdpa",
    cross_entropy: Annotated[
        str, typer.Option("--cross-entropy", help="standard, chunked, or fused with the head (Liger): no logits.")
    ] = "standard",
    zero: Annotated[int, typer.Option("--zero", min=0, max=3, help="DeepSpeed ZeRO stage 1, 2 or 3.")] = 0,
    fsdp: Annotated[bool, typer.Option("--fsdp", help="Fully sharded data parallel.")] = False,
    tensor_parallel: Annotated[int, typer.Option("--tensor-parallel", min=1, metavar="N")] = 1,
    pipeline_parallel: Annotated[int, typer.Option("--pipeline-parallel", min=1, metavar="N")] = 1,
    sequence_parallel: Annotated[bool, typer.Option("--sequence-parallel", help="Beside --tensor-parallel.")] = False,
    offload: Annotated[str, typer.Option("--offload", help="none, optimizer or parameters, to host memory.")] = "none",
    gpus: Annotated[
        int | None, typer.Option("--gpus", min=1, metavar="N", help="How many (default: as many as --gpu names).")
    ] = None,
    gpu: options.Gpu = None,
    ram: options.Ram = None,
    hardware: options.HardwareFile = None,
    free: options.Free = False,
    assume: options.Assume = None,
    output_format: options.Format = "table",
    as_json: options.Json = False,
    output: options.Output = None,
    catalog: options.CatalogDir = None,
) -> int:
    """Show what fine-tuning takes: weights, adapters, gradients, optimizer, activations, logits; with --gpu, the verdict."""
    from llmpick.catalog import open_catalog
    from llmpick.catalog.subject import open_subject
    from llmpick.cli.machine import budgets, chosen_machine, host_bytes
    from llmpick.formats import canonical_name
    from llmpick.report.export import show
    from llmpick.report.training import TrainingQuestion, on_devices, training_document
    from llmpick.training.recipes import adapter_bytes
    from llmpick.training.records import Recipe

    opened = open_catalog(catalog)
    recipe = Recipe(
        method=method.lower(), rank=rank, targets=tuple(name.strip() for name in targets.split(",") if name.strip()),
        train_embeddings=train_embeddings, dropout=dropout, upcast=upcast,
        adapter_bytes=adapter_bytes(adapter_precision),
        optimizer=optimizer, precision=precision, sequence=options.tokens(sequence) or 0,
        batch=batch, accumulation=accumulation, checkpointing=checkpointing, attention=attention.lower(),
        cross_entropy=cross_entropy.lower(), zero=zero, fsdp=fsdp, tensor_parallel=tensor_parallel,
        pipeline_parallel=pipeline_parallel, sequence_parallel=sequence_parallel, offload=offload.lower(),
    )  # fmt: skip
    machine, notes = chosen_machine(opened, gpu, ram, hardware) if gpu or hardware else (None, ())
    devices, count = on_devices(budgets(machine, free) if machine else (), gpus, machine is not None)
    question = TrainingQuestion(
        subject=open_subject(model, opened, assume), recipe=recipe, gpus=count, devices=devices,
        host_bytes=host_bytes(machine, free) if machine else options.size_bytes(ram),
        quantised=canonical_name(quant, opened.formats),
    )  # fmt: skip
    document = training_document(question, opened, notes)
    return show(document, options.chosen_format(output_format, as_json), output)
