"""A module with one body; the others are imported."""

from sample import Counter, double

from selvage import knot

__all__ = ["Counter", "double"]


@knot
def own(x: int) -> int:
    return x
