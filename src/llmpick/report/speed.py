"""How fast a placement answers: the contract's keys, one line for people, and every term of a step."""

from typing import Any

from llmpick.fit.speed.answers import Told
from llmpick.fit.speed.decode import Speed
from llmpick.fit.speed.prefill import Prefill
from llmpick.report.document import Column, Lines, Styled, Table

NAMES = {
    "weights": "read the weights", "products": "multiply with the weights", "kv_cache": "read the KV cache",
    "layers": "fixed time of each layer", "host": "on the processor", "hops": "from card to card",
    "all_reduce": "exchange between cards",
}  # fmt: skip


def decode_json(speed: Speed | None) -> dict[str, Any] | None:
    """``decode_tokens_per_second``: of each user, with its 90 % interval; null where a device's speed is not known."""
    if speed is None:
        return None
    found = {"estimate": _rounded(speed.estimate), "low": _rounded(speed.low), "high": _rounded(speed.high)}
    if speed.sequences > 1:
        found["all_users"] = _rounded(speed.estimate * speed.sequences)
    return {**found, "tokens_in_context": speed.tokens, "ceiling": _rounded(speed.ceiling), "rows": speed.rows}


def speed_json(told: Told) -> dict[str, Any]:
    """The speed's keys of an answer about one model, terms in milliseconds."""
    decode = decode_json(told.decode)
    if decode is not None and told.decode is not None:
        decode |= {"empty": _rounded(told.empty), "full": _rounded(told.full), "basis": list(told.decode.basis),
                   "terms": terms_json(told.decode)}  # fmt: skip
    return {"decode_tokens_per_second": decode, "time_to_first_token": prefill_json(told.prefill)}


def terms_json(speed: Speed) -> list[dict[str, Any]]:
    """Every term of a step in milliseconds."""
    return [
        {"term": term.name, "ms": round(1e3 * term.estimate, 4), "low": round(1e3 * term.low, 4),
         "high": round(1e3 * term.high, 4), "formula": term.formula} for term in speed.terms
    ]  # fmt: skip


def prefill_json(found: Prefill | None) -> dict[str, Any] | None:
    """Seconds that a prompt takes; null where it is not known."""
    if found is None:
        return None
    return {"prompt": found.prompt, "seconds": round(found.seconds, 4), "low": round(found.low, 4),
            "high": round(found.high, 4), "prefill_tokens_per_second": _rounded(found.tokens_per_second)}  # fmt: skip


def speed_lines(told: Told) -> Lines:
    """What a reader wants first, and what it rests on."""
    speed = told.decode
    if speed is None:
        return Lines(["Speed: not known for this device"])
    lines: list[str | Styled] = [
        f"Speed: {shown(speed)} tokens per second{' for each user' if speed.sequences > 1 else ''}, with {speed.tokens:,} "
        f"tokens in the context ({number(told.empty)} at its start, {number(told.full)} at its end)"
    ]  # fmt: skip
    if told.prefill is not None:
        first = told.prefill
        lines.append(f"A prompt of {first.prompt:,} tokens takes {_seconds(first.seconds)} "
                     f"({_seconds(first.low)}-{_seconds(first.high)}) to read")  # fmt: skip
    return Lines([*lines, Styled(f"90% interval; {'; '.join(speed.basis)}", "dim")])


def shown(speed: Speed) -> str:
    """``42 (34-51)``."""
    return f"{number(speed.estimate)} ({number(speed.low)}-{number(speed.high)})"


def number(value: float) -> str:
    """Two significant digits below ten, else whole."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def term_table(speed: Speed, title: str = "One step, term by term") -> Table:
    """Every term in milliseconds with its share."""
    total = sum(term.estimate for term in speed.terms)
    rows = [
        [NAMES.get(term.name, term.name), f"{1e3 * term.estimate:.2f} ms", f"{term.estimate / total:.0%}",
         f"{1e3 * term.low:.2f}-{1e3 * term.high:.2f}", term.formula]
        for term in speed.terms
    ]  # fmt: skip
    rows.append(["step", f"{1e3 * total:.2f} ms", "100%", f"{1e3 / speed.high:.2f}-{1e3 / speed.low:.2f}",
                 f"1 / step = {number(speed.estimate)} tokens per second; at peak bandwidth {number(speed.ceiling)}"])  # fmt: skip
    columns = [
        Column("To"), Column("Takes", right=True), Column("Share", right=True, keep=1), Column("90%", right=True, keep=2),
        Column("How", keep=3, shrink_to=24),
    ]  # fmt: skip
    return Table(columns, rows, title=title, notes=[f"rests on {'; '.join(speed.basis)}"])


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s" if value >= 1 else f"{1e3 * value:.0f} ms"


def _rounded(value: float) -> float:
    """Four significant digits: more would claim what no interval holds."""
    return float(f"{value:.4g}")
