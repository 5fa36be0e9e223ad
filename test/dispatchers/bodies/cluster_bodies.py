"""Bodies that the tests of clusters call."""

from __future__ import annotations

import os
import time
from pathlib import Path

from selvage import Context, knot


@knot
def size(data: bytes, x: int) -> int:
    return len(data) + x


@knot
def talks(ctx: Context) -> str:
    print("printed")
    ctx.logger.info("logged", left=3)
    return "done"


@knot
def counts(x: float, folder: str, name: str) -> float:
    """Leaves a file for each of its starts."""
    _begin(folder, name)
    return x


@knot
def dies_once(x: float, folder: str) -> float:
    """At its first start it waits to be killed."""
    if _begin(folder, "dies") == 1:
        time.sleep(600)
    return x


@knot
def waits(folder: str, ctx: Context) -> str:
    _begin(folder, "waits")
    ctx.wait_cancelled(600)
    Path(folder, "cancelled").touch()
    ctx.raise_if_cancelled()
    return "never"


@knot
def goes_on(folder: str) -> str:
    """Hears nothing of a cancel."""
    _begin(folder, "goes_on")
    time.sleep(8)
    return "over"


def _begin(folder: str, name: str) -> int:
    """Writes which process it is, and returns how often it has begun."""
    number = len(list(Path(folder).glob(f"{name}.*"))) + 1
    draft = Path(folder, f"draft-{name}-{number}")
    draft.write_text(str(os.getpid()))
    draft.rename(Path(folder, f"{name}.{number}"))
    return number
