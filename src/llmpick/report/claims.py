"""What surveys say of a model, beside what is computed: does it hold, and at which precision?"""

from collections.abc import Callable, Mapping
from typing import Any

from llmpick.catalog.records import Claim
from llmpick.catalog.subject import Subject
from llmpick.report.document import Styled
from llmpick.units import GIB, format_bytes, format_count

Need = Callable[[str], int]
"""Device bytes (high end) that the model needs in a format at a short context."""

_CONFIG_WORDS = {"hidden_size": "hidden_size", "layers": "num_hidden_layers", "attention_heads": "num_attention_heads",
                 "vocab_size": "vocab_size"}  # fmt: skip


def judged(claim: Claim, subject: Subject, need: Need) -> Styled | str:
    """One sentence: whether the claim holds."""
    if claim.kind == "hardware":
        return _hardware(claim, need)
    if claim.kind == "architecture":
        return _architecture(claim, subject)
    return "not checked by computation"


def _hardware(claim: Claim, need: Need) -> Styled | str:
    if claim.memory_gb is None:
        return "names no amount of memory; " + _needs(need)
    total = claim.memory_gb * (claim.gpus or 1) * GIB
    f16, q4 = need("F16"), need("Q4_K_M")
    if f16 <= total:
        if claim.gpus and claim.gpus > 1 and f16 <= claim.memory_gb * GIB * (claim.gpus - 1):
            fewer = -(-f16 // (claim.memory_gb * GIB))
            return Styled(
                f"enough, but more than needed at F16: {_needs(need)}, so {fewer} of {claim.gpus} would do", "warn"
            )
        return Styled(f"holds at F16; {_needs(need)}", "good")
    if q4 <= total:
        return Styled(f"not at F16, but at Q4_K_M; {_needs(need)}", "warn")
    return Styled(f"does not hold even at Q4_K_M; {_needs(need)}", "bad")


def _needs(need: Need) -> str:
    return f"F16 needs {format_bytes(need('F16'))}, Q4_K_M {format_bytes(need('Q4_K_M'))}"


def _architecture(claim: Claim, subject: Subject) -> Styled | str:
    facts: Mapping[str, Any] = claim.facts or {}
    config = subject.record.config if subject.record else {}
    wrong: list[str] = []
    right: list[str] = []
    for word, key in _CONFIG_WORDS.items():
        if word in facts and isinstance(facts[word], int):
            actual = _config_value(config, key, subject)
            if actual is not None:
                (right if actual == facts[word] else wrong).append(f"{word.replace('_', ' ')} {actual:,}")
    if wrong:
        return Styled("differs: " + ", ".join(wrong), "bad")
    if right:
        return Styled("agrees: " + ", ".join(right), "good")
    if "sizes" in claim.text:
        return f"this size has {format_count(subject.parameters.total)} parameters"
    return "not checked by computation"


def _config_value(config: Mapping[str, Any], key: str, subject: Subject) -> int | None:
    if key == "num_hidden_layers":
        return subject.architecture.num_hidden_layers
    if key == "hidden_size":
        return subject.architecture.hidden_size
    if key == "vocab_size":
        return subject.architecture.embeddings.vocab_size
    value = config.get(key, config.get("n_head"))
    return value if isinstance(value, int) else None
