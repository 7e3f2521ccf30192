"""Which runtimes load which weight formats (catalog/formats/ladders.yaml), and what each takes when none is named."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmpick.errors import UnknownName, UsageError
from llmpick.formats.base import IMATRIX, canonical_name

GGUF = "GGUF"


def kind_of(format_name: str, formats: Mapping[str, Any]) -> str:
    """What a loader asks for: a 16 or 32 bit type by its name, ``GGUF`` for a mix, else the packer (``GPTQ``, ``EXL3``).

    Raises UnknownName.
    """
    known = canonical_name(format_name, formats).removesuffix(IMATRIX)
    if known in formats["ladders"]["plain"]:
        return known
    return GGUF if known in formats["gguf_mixes"]["mixes"] else known.partition("-")[0]


def runtimes_for(format_name: str, formats: Mapping[str, Any]) -> tuple[str, ...]:
    """The runtimes that load a format, the one taken when none is named first. Raises UnknownName."""
    kind, table = kind_of(format_name, formats), formats["ladders"]
    able = [runtime for runtime, kinds in table["loads"].items() if kind in kinds]
    return tuple(sorted(able, key=lambda runtime: runtime != table["taken"][kind]))


def runtime_for(format_name: str, formats: Mapping[str, Any]) -> str:
    """The runtime taken for a format when none is named: ``EXL3-4.0bpw`` -> exllamav3. Raises UnknownName."""
    return runtimes_for(format_name, formats)[0]


def default_format(runtime: str, formats: Mapping[str, Any]) -> str:
    """The format that a runtime's users usually take. Raises UnknownName."""
    usual: Mapping[str, str] = formats["ladders"]["usual"]
    if runtime not in usual:
        raise UnknownName.near("runtime", runtime, list(usual))
    return usual[runtime]


def native_format(native: str | None, runtime: str, formats: Mapping[str, Any]) -> str | None:
    """The format in which ``runtime`` takes weights that their makers publish packed as ``native``; None: in no such one.

    A GGUF file is made from them (`native_mixes`), the other runtimes load them as they are. Raises UnknownName.
    """
    table = formats["ladders"]
    if native is None or runtime in table["native_mixes"]:
        return table["native_mixes"].get(runtime, {}).get(native) if native else None
    return native if runtime in runtimes_for(native, formats) else None


def declared_format(config: Mapping[str, Any], formats: Mapping[str, Any]) -> str | None:
    """The format that a config's ``quantization_config`` says its checkpoint is stored in; None: none that is known."""
    said = config.get("quantization_config")
    if not isinstance(said, Mapping):
        return None
    stated = {"expert_dtype": config.get("expert_dtype"), **said}
    for row in formats["ladders"]["declared"]:
        if all(stated.get(key) == value for key, value in row["when"].items()):
            try:
                return canonical_name(row["format"].format_map(stated), formats)
            except (KeyError, UnknownName):
                return None
    return None


def ladder_from(native: str | None, ladder: Sequence[str], size_of: Callable[[str], int]) -> tuple[str, ...]:
    """The formats to try, best first: from a native one on, only what is smaller. A larger one would hold no more."""
    if native is None:
        return tuple(ladder)
    most = size_of(native)
    return (native, *(name for name in ladder if size_of(name) < most))


def check_loads(runtime: str, format_name: str, formats: Mapping[str, Any]) -> None:
    """Raise UsageError, naming the runtimes that load it, when ``runtime`` does not load a format."""
    able = runtimes_for(format_name, formats)
    if runtime not in able:
        known = canonical_name(format_name, formats)
        raise UsageError(
            f"{runtime} does not load {known}",
            f"--runtime {' or '.join(able)}, or --quant {default_format(runtime, formats)} for {runtime}",
        )
