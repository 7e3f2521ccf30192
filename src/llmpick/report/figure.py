"""Stacked areas over a logarithmic axis, drawn by matplotlib: for ``--output memory.svg``, ``.png`` and ``.html``."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from llmpick.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = ("svg", "png")
GIB = 2**30
_COLOURS = ("#33658a", "#86bbd8", "#f6ae2d", "#9aa5b1", "#dde1e5")
_SIZE_INCHES = (8.0, 4.8)


class Figure(NamedTuple):
    """What is drawn: each of ``parts`` stacked over ``x_tokens``, the interval of the sum, and limits as lines."""

    title: str
    x_tokens: Sequence[int]
    parts: Mapping[str, Sequence[int]]
    """Name -> bytes at each x."""
    low: Sequence[int]
    high: Sequence[int]
    limits: Mapping[str, int]
    """Name -> bytes."""


def drawn(figure: Figure, kind: str) -> bytes:
    """The figure as a file of ``kind`` (`KINDS`); the same figure gives the same bytes.

    Raises UsageError where matplotlib is not installed.
    """
    import io

    try:
        import matplotlib
    except ImportError:
        raise UsageError("plots in files need matplotlib", 'pip install "llmpick[plot]"') from None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    # Without these two, ids and dates in the file would change from run to run.
    with matplotlib.rc_context({"svg.hashsalt": "llmpick", "svg.fonttype": "none"}):
        canvas = Canvas(figsize=_SIZE_INCHES, layout="constrained")
        FigureCanvasAgg(canvas)
        _draw(figure, canvas.add_subplot())
        buffer = io.BytesIO()
        canvas.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return buffer.getvalue()


def _draw(figure: Figure, axes: "Axes") -> None:
    layers = [[size / GIB for size in part] for part in figure.parts.values()]
    axes.stackplot(figure.x_tokens, layers, labels=list(figure.parts), colors=_COLOURS)
    low, high = ([size / GIB for size in edge] for edge in (figure.low, figure.high))
    axes.fill_between(figure.x_tokens, low, high, color="#000000", alpha=0.18, label="90% interval of the total")
    for name, size in figure.limits.items():
        axes.axhline(size / GIB, color="#c1121f", linestyle="--", linewidth=1.2, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(figure.x_tokens), [_tokens(count) for count in figure.x_tokens], rotation=45, fontsize="small")
    axes.minorticks_off()
    axes.set(title=figure.title, xlabel="context, tokens", ylabel="GiB", ylim=(0, None))
    axes.margins(x=0)
    axes.legend(loc="upper left", fontsize="small")


def _tokens(count: int) -> str:
    """``131072`` as ``128k``."""
    return f"{count // 1024}k" if count % 1024 == 0 else f"{count:,}"
