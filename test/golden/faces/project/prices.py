from selvage import knot


@knot
def train(prices: list[float], mode: str = "net") -> dict[str, float]:
    """The mean of prices."""
    return {"mean": sum(prices) / len(prices)}
