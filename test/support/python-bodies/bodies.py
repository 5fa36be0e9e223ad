"""Bodies of the tests that run on Python."""

import os
import signal
import time
from pathlib import Path

from selvage import Context, knot


def note(file: str, what: str) -> None:
    with Path(file).open("a") as lines:
        lines.write(f"{what}\n")


def noted(file: str, what: str) -> int:
    path = Path(file)
    return path.read_text().split("\n").count(what) if path.exists() else 0


@knot
def square(x: int) -> int:
    return x * x


@knot
def traced(ctx: Context) -> str | None:
    return ctx.traceparent


@knot
def throws() -> int:
    raise TypeError("no luck") from ValueError("too far")


@knot
def dies(file: str, until: int, first: int) -> str:
    """Kills its process as an operator would, ``until`` times."""
    note(file, "dies")
    if noted(file, "dies") <= until:
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


@knot
def beside(file: str) -> int:
    note(file, "beside")
    return 1


@knot
def blocks(file: str) -> None:
    note(file, "blocks")
    while True:
        time.sleep(60)


@knot
def beats(file: str, ctx: Context) -> int:
    """Sends a heartbeat, and waits until it was received."""
    ctx.heartbeat({"done": 1})
    while not Path(file).exists():
        time.sleep(0.02)
    return 1


@knot
def prints() -> int:
    print("out of Python")
    os.write(1, b"by its descriptor\n")
    return 1
