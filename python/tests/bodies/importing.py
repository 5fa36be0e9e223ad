"""It has one body; the other ones are imported."""

from sample import Counter, double

from selvage import knot

__all__ = ["Counter", "double"]


@knot
def own(x: int) -> int:
    return x
