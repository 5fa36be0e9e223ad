"""A module that does not load."""


def load() -> None:
    raise RuntimeError("no configuration")


load()
