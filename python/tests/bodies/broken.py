"""A module whose import fails."""


def load() -> None:
    raise RuntimeError("no configuration")


load()
