"""Bodies that the tests call in a host."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from selvage import Context, Outcome, Retryable, StoredBytes, Terminal, knot
from selvage.errors import Cancelled


@knot
def double(x: float) -> float:
    """Twice as much.

    And more about it.
    """
    return 2 * x


@knot(name="renamed", version="2", summary="has another name")
def original(x: int, y: int = 1) -> int:
    return x + y


@knot
async def double_later(x: float) -> float:
    await asyncio.sleep(0)
    return 2 * x


@knot
class Counter:
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def process(self, step: int, ctx: Context) -> dict[str, Any]:
        self.calls += step
        return {"calls": self.calls, "attempt": ctx.attempt}


@knot
class Later:
    async def process(self, x: int) -> int:
        return x


def undecorated(x: Any) -> Any:
    return x


@knot
def same(x: Any) -> Any:
    return x


@knot
def outcomes(a: Outcome[int], b: Outcome[int], c: Outcome[int]) -> list[str]:
    return [repr(a), repr(b), repr(c)]


@knot
def with_context(ctx: Context) -> dict[str, Any]:
    ctx.heartbeat({"done": 4})
    ctx.logger.warning("careful", left=3, odd=object)
    ctx.logger.info("%d of %d", 1, 2)
    ctx.extend({"knots": []})
    last = ctx.last_heartbeat
    return {"run": ctx.run_id, "knot": ctx.knot_id, "key": ctx.idempotency_key, "last": last}


@knot
def beats_too_much(ctx: Context) -> None:
    ctx.heartbeat("x" * 9000)


def fail_inside() -> None:
    raise KeyError("x")


@knot
def fails() -> None:
    try:
        fail_inside()
    except KeyError as error:
        raise ValueError("x is missing") from error


@knot
def fails_without_cause() -> None:
    try:
        fail_inside()
    except KeyError:
        raise ValueError("x is missing") from None


@knot
def fails_at_file() -> None:
    raise ValueError(os.fsdecode(b"caf\xe9"))


@knot
async def fails_later() -> None:
    await asyncio.sleep(0)
    raise ValueError("later")


@knot
def fails_as_group() -> None:
    raise ExceptionGroup("two", [ValueError("one"), Terminal("other")])


@knot
def never_again() -> None:
    raise Terminal("no")


@knot
def again() -> None:
    raise Retryable("busy", after=timedelta(seconds=1.5))


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@knot
def fails_without_words() -> None:
    raise Silent


@knot
def exits() -> None:
    sys.exit("enough")


@knot
async def exits_later() -> None:
    sys.exit("enough")


@knot
def exits_hard() -> None:
    os._exit(3)


@knot
def prints() -> str:
    print("to standard output")
    os.write(1, b'\x00\x00\x00\x02{}\n{"type":"value","id":1,"value":0}\n')
    print("to standard error", file=sys.stderr)
    return "printed"


@knot
def threads() -> str:
    return threading.current_thread().name


@knot
def waits(ctx: Context) -> str:
    ctx.logger.info("waiting")
    ctx.wait_cancelled()
    ctx.raise_if_cancelled()
    return "never"


@knot
def finishes(ctx: Context) -> str:
    ctx.logger.info("waiting")
    return "cancelled in good order" if ctx.wait_cancelled() else "never"


@knot
async def waits_later(ctx: Context) -> str:
    ctx.logger.info("waiting")
    await asyncio.Event().wait()
    return "never"


@knot
async def cleans_up(ctx: Context) -> str:
    ctx.logger.info("waiting")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return "cleaned up"
    return "never"


_met = asyncio.Event()


@knot
async def meets(first: bool) -> str:
    """Two calls end only if they run together."""
    if first:
        await _met.wait()
    else:
        _met.set()
    return "met"


@knot
def sleeps(seconds: float) -> None:
    time.sleep(seconds)


@knot
def spins(path: str) -> None:
    """Busy in Python until the file is there."""
    while not Path(path).exists():
        sum(range(1000))


@knot
def stores(parts: int, size: int, ctx: Context) -> StoredBytes:
    def source() -> Iterator[bytes]:
        for i in range(parts):
            yield bytes([i % 256]) * size

    return ctx.store(source(), media_type="application/test")


@knot
def stores_bytes(data: bytes, ctx: Context) -> StoredBytes:
    return ctx.store(data)


@knot
def stores_badly(ctx: Context) -> StoredBytes:
    def source() -> Iterator[bytes]:
        yield bytes(2_000_000)
        raise OSError("the disk is gone")

    return ctx.store(source())


@knot
async def stores_later(parts: int, size: int, ctx: Context) -> StoredBytes:
    async def source() -> AsyncIterator[bytes]:
        for i in range(parts):
            await asyncio.sleep(0)
            yield bytes([i % 256]) * size

    return await ctx.store_async(source())


@knot
def opens(stored: StoredBytes, ctx: Context) -> list[int]:
    with ctx.open(stored) as file:
        head = file.read(3)
        return [len(head), len(file.read())]


@knot
def opens_a_little(stored: StoredBytes, ctx: Context) -> int:
    with ctx.open(stored) as file:
        return len(file.read(3))


@knot
async def opens_later(stored: StoredBytes, ctx: Context) -> int:
    return sum([len(chunk) async for chunk in ctx.open_async(stored)])


@knot
async def blocks_the_loop(ctx: Context) -> StoredBytes:
    return ctx.store(b"x")


_left: list[Context] = []


@knot
def traced(ctx: Context) -> list[str | None]:
    return [ctx.traceparent, _sent()]


@knot
async def traced_later(ctx: Context) -> list[str | None]:
    await asyncio.sleep(0)
    return [ctx.traceparent, _sent()]


def _sent() -> str | None:
    """The trace header of an instrumented client's request."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers)
    return headers.get("traceparent")


@knot
def leaves_its_context(ctx: Context) -> None:
    _left.append(ctx)


@knot
def uses_a_left_context() -> str:
    try:
        _left[0].logger.info("too late")
    except RuntimeError as error:
        return str(error)
    return "said"


@knot
def forks(ctx: Context) -> list[str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            ctx.logger.info("from the child")
            os.write(writing, b"spoke")
        except RuntimeError as error:
            os.write(writing, str(error).encode())
        return ["the child answers"]
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    return [said, str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))]


@knot
def descriptors_of_a_program() -> str:
    """The open file descriptors of a program that a body starts."""
    code = "import os; print([fd for fd in range(3, 100) if os.path.exists(f'/proc/self/fd/{fd}')])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, close_fds=False).stdout


@knot
def signals_itself(number: int) -> str:
    os.kill(os.getpid(), number)
    time.sleep(0.01)
    return "still there"


@dataclass
class Item:
    name: str
    price: float


@knot
def totals(items: list[Item], tags: dict[str, int] | None = None) -> float:
    return sum(item.price for item in items)


@knot
def raises_cancelled() -> None:
    raise Cancelled("by itself")


@knot
def recurses(n: int) -> int:
    return recurses(n + 1)


@knot
def returns_odd() -> Any:
    return {"a": [1, object()]}


class Endless:
    def __getattr__(self, name: str) -> Any:
        return getattr(self, name + "_")


@knot
def recurses_in_c() -> Any:
    return Endless().name


@knot
def stores_file(path: str, mode: str, ctx: Context) -> StoredBytes:
    with Path(path).open(mode) as file:
        return ctx.store(file)


def with_position(x: int, /) -> int:
    return x
