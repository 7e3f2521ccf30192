"""Which runtime loads which format, and what is taken when one of the two is not named."""

from typing import Any

import pytest

from llmpick.errors import UnknownName, UsageError
from llmpick.formats.base import known_formats
from llmpick.formats.loading import check_loads, default_format, kind_of, runtime_for, runtimes_for
from llmpick.runtimes.registry import RUNTIMES


@pytest.mark.parametrize(
    ("format_name", "runtime"),
    [
        ("Q4_K_M", "llama.cpp"), ("IQ4_XS+imatrix", "llama.cpp"), ("MXFP4_MOE", "llama.cpp"), ("F16", "llama.cpp"),
        ("EXL3-4.25bpw", "exllamav3"), ("MLX-6bit", "mlx"), ("awq", "vllm"), ("GPTQ-3bit-64g", "vllm"), ("FP8", "vllm"),
        ("nf4", "transformers"), ("INT8", "transformers"),
    ],
)  # fmt: skip
def test_the_runtime_follows_the_format(catalog: Any, format_name: str, runtime: str) -> None:
    """A format alone decides the runtime."""
    assert runtime_for(format_name, catalog.formats) == runtime


def test_every_format_has_a_runtime_and_every_runtime_loads_its_ladder(catalog: Any) -> None:
    """No format is left without a loader; what a runtime tries or takes by default, it loads."""
    for name in known_formats(catalog.formats):
        assert (
            runtimes_for(name, catalog.formats)[0]
            == catalog.formats["ladders"]["taken"][kind_of(name, catalog.formats)]
        )
    for runtime in RUNTIMES:
        for name in (default_format(runtime, catalog.formats), *catalog.formats["ladders"]["ladders"][runtime]):
            check_loads(runtime, name, catalog.formats)


@pytest.mark.parametrize(
    ("runtime", "format_name", "able"),
    [("llama.cpp", "awq", "vllm"), ("vllm", "EXL3-4.0bpw", "exllamav3"), ("exllamav3", "Q4_K_M", "llama.cpp"),
     ("transformers", "Q4_K_M", "llama.cpp"), ("mlx", "NF4", "transformers")],
)  # fmt: skip
def test_a_contradiction_names_who_loads_it(catalog: Any, runtime: str, format_name: str, able: str) -> None:
    """The hint names a runtime that does load the format, and a format for the runtime."""
    with pytest.raises(UsageError) as raised:
        check_loads(runtime, format_name, catalog.formats)
    assert f"--runtime {able}" in raised.value.hint
    assert default_format(runtime, catalog.formats) in raised.value.hint


def test_unknown_names(catalog: Any) -> None:
    """Neither a format nor a runtime is guessed."""
    with pytest.raises(UnknownName):
        runtimes_for("Q9_Z", catalog.formats)
    with pytest.raises(UnknownName):
        default_format("llama.cp", catalog.formats)
