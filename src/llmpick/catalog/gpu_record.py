"""One GPU of ``catalog/gpus/``: the facts of its row, and what follows from its compute capability.

A stdlib dataclass with light constraints; `pydantic.TypeAdapter` validates rows at catalog load.
Sizes are MiB because drivers print MiB, bandwidths decimal GB/s, rates TFLOPS (10**12 per second) of dense matrix
products with FP32 accumulation. A field that nobody vouches for is absent.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from llmpick.catalog.constraints import Gt, Len

Positive = Annotated[float, Gt(0)]
Count = Annotated[int, Gt(0)]
Text = Annotated[str, Len(1, 200)]
Texts = tuple[Text, ...]

Vendor = Literal["nvidia", "amd", "intel", "apple", "huawei"]
Form = Literal["desktop", "laptop", "workstation", "datacenter", "soc"]
Module = Literal["pcie", "sxm", "nvl", "oam", "superchip"]

_FP8_GFX = frozenset({"gfx942", "gfx950", "gfx1200", "gfx1201"})
_BF16_GFX_PREFIXES = ("gfx908", "gfx90a", "gfx94", "gfx95", "gfx11", "gfx12")


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuRecord:
    """The row of one GPU. Its id is the row's key."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    name: Text
    """What its maker sells it as."""
    vendor: Vendor
    form: Form
    module: Module | None = None
    """How it connects, where one chip is sold in several ways."""

    reported_names: Texts = ()
    """What the driver calls it: NVML, amdgpu.ids, Level Zero, Metal, npu-smi."""
    aliases: Texts = ()
    """Other names people type. A name may stand in several rows."""
    default_for: Texts = ()
    """Of the names it shares with rows of the same memory, those that mean this row when nothing else is said."""
    pci_ids: Texts = ()
    """``device`` or ``device:revision`` in hexadecimal, where the driver has no better name."""

    architecture: Text
    chip: Text | None = None
    compute_capability: Annotated[str, Len(3, 4)] | None = None
    gfx: Text | None = None
    gpu_cores: Count | None = None
    """Where it tells rows of one name apart."""

    memory_mib: Count | None = None
    """As sold; the smallest where the buyer chooses. Absent: whatever the computer has."""
    memory_options_mib: tuple[Count, ...] = ()
    """All sizes sold, if there are several."""
    reported_memory_mib: tuple[Count, ...] = ()
    """Totals that drivers print, the usual one first; with ECC, and with drivers that left out their own share."""
    modified_memory_mib: tuple[Count, ...] = ()
    """Totals of cards that others than the maker refitted."""
    usable_memory_mib: Count | None = None
    """The least total that CUDA was seen to give to programs on the unmodified card."""
    unified_memory: bool = False
    memory_type: Text | None = None
    bandwidth_gbs: Positive

    fp32_tflops: Positive | None = None
    fp16_tflops: Positive | None = None
    fp16_accumulate_tflops: Positive | None = None
    """FP16 products accumulated in FP16, where that is faster."""
    bf16_tflops: Positive | None = None
    fp8_tflops: Positive | None = None
    int8_tops: Positive | None = None
    fp4_tflops: Positive | None = None

    interconnect_gbs: Positive | None = None
    """NVLink, Infinity Fabric, HCCS or RoCE to other GPUs: all links, both directions."""
    pcie: Text | None = None
    tdp_w: Count | None = None
    release_date: Text | None = None
    """``2022-09-20``, ``2022-09`` or ``2022``: announced or first sold, as the source has it."""
    launch_price_usd: Count | None = None
    notes: Text | None = None

    confidence: Literal["high", "medium", "low"]
    unverified: Texts = ()
    """Fields of this row that rest on memory or on one secondary source."""
    sources: Annotated[Texts, Len(1)]

    @property
    def supports_bf16(self) -> bool | None:
        """Matrix products in BF16: compute capability 8.0 up, CDNA, RDNA3 up. None: not known for this vendor."""
        if self.gfx is not None:
            return self.gfx.startswith(_BF16_GFX_PREFIXES)
        return self._since((8, 0))

    @property
    def supports_fp8(self) -> bool | None:
        """Matrix products in FP8: compute capability 8.9 up (CUDA programming guide), gfx942, gfx950, gfx12."""
        if self.gfx is not None:
            return self.gfx in _FP8_GFX
        return self._since((8, 9))

    @property
    def supports_fp4(self) -> bool | None:
        """Matrix products in NVFP4 or MXFP4: compute capability 10.0 up, gfx950."""
        if self.gfx is not None:
            return self.gfx == "gfx950"
        return self._since((10, 0))

    def _since(self, least: tuple[int, int]) -> bool | None:
        if self.compute_capability is None:
            return None
        major, minor = self.compute_capability.split(".")
        return (int(major), int(minor)) >= least
