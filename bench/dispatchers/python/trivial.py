"""Bodies that do next to nothing: what a call costs by itself."""

from selvage import knot


@knot
def increment(x: float) -> float:
    return x + 1


@knot
def echo(data: bytes) -> bytes:
    return data
