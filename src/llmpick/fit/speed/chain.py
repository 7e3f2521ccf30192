"""The constants of one runtime's groups, each leaning on the next wider one; the same again without some samples."""

from collections.abc import Sequence

from llmpick.fit.speed import fitting
from llmpick.fit.speed.fitting import Point
from llmpick.fit.speed.measured import Sample

LEAST_ROWS = 3
WIDEST = "any"


class Chain:
    """Points by group, fitted when first asked for, from dense models on one card."""

    def __init__(self, samples: Sequence[Sample], overlaps: bool) -> None:
        self.samples, self.overlaps = samples, overlaps
        self._points: dict[str, Point | None] = {}

    def without(self, left: set[str]) -> "Chain":
        """The chain of all samples but those that stand at these places.

        The widest group is not fitted again: it only steadies others, and what is left out is little of it.
        """
        chain = Chain([sample for sample in self.samples if sample.where not in left], self.overlaps)
        if WIDEST in self._points and len(chain.samples) > 0.6 * len(self.samples):
            chain._points[WIDEST] = self._points[WIDEST]
        return chain

    def inside(self, name: str) -> list[Sample]:
        """The samples of a group."""
        return [sample for sample in self.samples if name in sample.device.groups]

    def point(self, name: str, groups: tuple[str, ...]) -> Point | None:
        """The constants of the group ``name``, of which ``groups`` are the wider ones; None with too few samples."""
        if name not in self._points:
            inside = self.inside(name)
            self._points[name] = self._fitted(name, groups, inside) if len(inside) >= LEAST_ROWS else None
        return self._points[name]

    def nearest(self, name: str, groups: tuple[str, ...]) -> Point | None:
        """The constants of the group, or of the narrowest wider one that has some."""
        wider = groups[groups.index(name) :]
        return next((point for each in wider if (point := self.point(each, groups)) is not None), None)

    def _fitted(self, name: str, groups: tuple[str, ...], inside: Sequence[Sample]) -> Point:
        wider = groups[groups.index(name) + 1 :]
        parent = next((point for each in wider if (point := self.point(each, groups)) is not None), None)
        found = fitting.fit(inside, self.overlaps, parent)
        if found.earlier_us is None:
            return found
        if found.current_us is None:
            found = found._replace(current_us=found.earlier_us * self._drift(wider, groups))
        return found._replace(drift_share=self._drift_share(inside, groups))

    def _drift(self, wider: Sequence[str], groups: tuple[str, ...]) -> float:
        """What builds since 2025 take per layer, as a share of before, in the narrowest wider group that shows both."""
        for name in wider[:-1]:
            inside = self.inside(name)
            current = {sample.device.gpu_id for sample in inside if sample.current}
            point = self.point(name, groups)
            if (
                point is not None
                and 1 < len(current) < len(inside)
                and point.current_us is not None
                and point.earlier_us
            ):
                return min(1.0, point.current_us / point.earlier_us)
        return 1.0

    def _drift_share(self, inside: Sequence[Sample], groups: tuple[str, ...]) -> float:
        """How far the published c follows the drift: all the way on rows of the group's own, half way where other
        generations with the same kind of memory show it, not at all on the word of a wider group still (which moves
        only the upper end of the interval)."""
        if sum(sample.current for sample in inside) >= LEAST_ROWS:
            return 1.0
        alike = {sample.device.gpu_id for sample in self.inside(groups[min(1, len(groups) - 1)]) if sample.current}
        return 0.5 if len(alike) > 1 else 0.0
