"""The bodies of the suite of body hosts, in Python."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selvage import Context, Err, Ok, Retryable, Skipped, StoredBytes, Terminal, knot


class SuiteFailure(Exception):
    pass


class SuiteCause(Exception):
    pass


@knot
def echo(value: Any) -> Any:
    return value


@knot(name="no-value")
def no_value() -> Any:
    return {"list": [1, object()]}


@knot
def context(ctx: Context) -> dict[str, Any]:
    return {
        "runId": ctx.run_id,
        "knotId": ctx.knot_id,
        "attempt": ctx.attempt,
        "idempotencyKey": ctx.idempotency_key,
    }


@knot
def fail(message: str) -> None:
    raise SuiteFailure(message) from SuiteCause("because")


@knot
def terminal(message: str) -> None:
    raise Terminal(message)


@knot(name="retry-after")
def retry_after(message: str, milliseconds: float) -> None:
    raise Retryable(message, after=milliseconds / 1000)


@knot
def log(ctx: Context) -> None:
    ctx.logger.debug("at debug", level="debug", n=1)
    ctx.logger.info("at info", level="info", n=1)
    ctx.logger.warning("at warn", level="warn", n=1)
    ctx.logger.error("at error", level="error", n=1)


@knot
def heartbeat(details: Any, ctx: Context) -> Any:
    ctx.heartbeat(details)
    return ctx.last_heartbeat


@knot
def extend(fragment: Any, ctx: Context) -> None:
    ctx.extend(fragment)


@knot
def outcomes(good: Ok[Any] | Err | Skipped, bad: Ok[Any] | Err | Skipped, left: Ok[Any] | Err | Skipped) -> Any:
    match good, bad, left:
        case Ok(value), Err(error), Skipped(reason):
            return {"good": value, "bad": error.message, "left": reason}


@knot
def wait(ctx: Context) -> str:
    ctx.logger.info("waiting")
    ctx.wait_cancelled()
    return "ended"


@knot
def block(path: str, ctx: Context) -> str:
    ctx.logger.info("blocking")
    while not Path(path).exists():
        pass
    return "free"


@knot(name="print")
def print_(text: str) -> None:
    print(text)
    print(text, file=sys.stderr)


@knot(name="exit")
def exit_() -> None:
    os._exit(3)


@knot
def store(parts: int, size: int, ctx: Context, mediaType: str | None = None, fails: bool = False) -> StoredBytes:
    def source() -> Iterator[bytes]:
        for part in range(parts):
            yield bytes([part]) * size
        if fails:
            raise OSError("the source is gone")

    return ctx.store(source(), media_type=mediaType)


@knot(name="open")
def open_(stored: StoredBytes, ctx: Context) -> bytes:
    with ctx.open(stored) as file:
        return file.read()
