"""What a user asks of speeds, checked."""

from llmpick.errors import UsageError


def speed_wanted(least: float | None, known: bool) -> float | None:
    """``--min-speed``. Raises UsageError where no device's speed is known: nothing could be shown."""
    if least is not None and not known:
        raise UsageError(
            "the speed of this GPU is not known", 'name the card, such as --gpu "RTX 4090", or leave out --min-speed'
        )
    return least


def sorted_by(order: str) -> bool:
    """Whether ``--sort`` puts speed before quality."""
    if order not in ("quality", "speed"):
        raise UsageError(f"--sort {order!r} is not an order", "quality or speed")
    return order == "speed"


def depth_of(tokens: int | None, context: int) -> int | None:
    """``--depth``. Raises UsageError beyond the context."""
    if tokens is not None and tokens > context:
        raise UsageError(f"--depth {tokens} is more than the context of {context} tokens", f"--context {tokens}")
    return tokens
