"""What the bodies of the parity suite are in Python: twins of those in TypeScript, which have equal outcomes and hashes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from selvage import Context, Err, Ok, Outcome, Retryable, Terminal, knot

# Errors are known by the names that they have in TypeScript.


class Error(Exception):
    pass


class RangeError(Exception):
    pass


# --- Those of test/support/random-tapestry: what they compute is in compute.ts.


def try_luck(attempts: int, throws: int, attempt: int) -> None:
    if throws == attempts or attempt <= throws:
        raise Error("no luck yet")


def small(number: int) -> int:
    return number % 100_000


def compute_element(number: int, seed: int) -> int:
    if (number + seed) % 9 == 0:
        raise Error(f"no luck with {number}")
    return small(number * 2 + seed)


def plain_value(value: Any) -> Any:
    if isinstance(value, list):
        return [plain_value(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {"type": member["type"], "message": member["message"]} if name == "error" else plain_value(member)
        for name, member in value.items()
    }


def told_of(outcome: Outcome[Any]) -> str:
    match outcome:
        case Ok(value):
            return f"ok {json.dumps(plain_value(value), separators=(',', ':'))}"
        case Err(error):
            return f"err {error.type}"
        case _:
            return f"skipped {outcome.reason}"


@knot
async def mix(seed: int, attempts: int, throws: int, ctx: Context, **inputs: int) -> int:
    try_luck(attempts, throws, ctx.attempt)
    total = sum(inputs.values()) + seed
    if total % 7 == 0:
        raise Error(f"no luck with {total}")
    return (total * 3) % 1_000


@knot
def tally(
    seed: Outcome[int], attempts: Outcome[int], throws: Outcome[int], ctx: Context, **inputs: Outcome[Any]
) -> int:
    constants = [outcome.value for outcome in (seed, attempts, throws) if isinstance(outcome, Ok)]
    try_luck(constants[1], constants[2], ctx.attempt)
    told = [told_of(inputs[name]) for name in sorted(inputs)]
    return constants[0] + sum((place + 1) * len(what) for place, what in enumerate(told))


@knot
def spread(x: int, seed: int, attempts: int, throws: int, ctx: Context) -> list[int]:
    try_luck(attempts, throws, ctx.attempt)
    return [x + place for place in range((x + seed) % 6)]


@knot
def table(x: int, seed: int, attempts: int, throws: int, ctx: Context) -> dict[str, int]:
    try_luck(attempts, throws, ctx.attempt)
    return {key: x + place for place, key in enumerate(["a", "b", "c", 'key "d"'][seed % 4 :])}


@knot
def survivors(x: Any, seed: int, attempts: int, throws: int, ctx: Context) -> int:
    try_luck(attempts, throws, ctx.attempt)
    total = seed
    for one in x.values() if isinstance(x, dict) else x:
        total += one["value"] if one["kind"] == "ok" else len(one["error"]["message"])
    return small(total)


@knot
def draw(x: int, seed: int, attempts: int, throws: int, ctx: Context) -> dict[str, Any]:
    try_luck(attempts, throws, ctx.attempt)
    return {"type": ["a", "b", "a", "b", "c"][(x + seed) % 5], "n": x}


@knot
def area(x: dict[str, Any], seed: int, attempts: int, throws: int, ctx: Context) -> int:
    try_luck(attempts, throws, ctx.attempt)
    return int(x["n"]) + seed


@knot
def element(x: int, seed: int, attempts: int, throws: int, ctx: Context) -> int:
    try_luck(attempts, throws, ctx.attempt)
    return compute_element(x, seed)


@knot
def pair(x: int, y: int, seed: int, attempts: int, throws: int, ctx: Context) -> int:
    try_luck(attempts, throws, ctx.attempt)
    return compute_element(x + y, seed)


@knot
def planter(x: int, seed: int, attempts: int, throws: int, shoot: dict[str, Any], ctx: Context) -> int:
    try_luck(attempts, throws, ctx.attempt)
    options = dict(shoot["config"])
    newcomer = {
        "id": options.pop("id"),
        "definition": {"name": "twins:mix"},
        "inputs": {
            "in0": {"knot": ctx.knot_id},
            **{name: {"constant": shoot[name]} for name in ("seed", "attempts", "throws")},
        },
        "options": options,
    }
    ctx.extend({"format": 1, "knots": [newcomer | ({"optional": True} if shoot["optional"] else {})]})
    return abs(x - seed)


@knot
def make(x: int, seed: int) -> int:
    if (x + seed) % 4 == 0:
        raise Error(f"nothing made of {x}")
    return x + 1


@knot
def recover(passed: Outcome[int], seed: Outcome[int], made: Outcome[int] | None = None) -> dict[str, Any]:
    number = seed.value if isinstance(seed, Ok) else 0
    return {"type": "ab"[number % 2], "n": passed.value if isinstance(passed, Ok) else number}


# --- Those of the suite's own tapestries.


@knot
def same(value: Any) -> Any:
    return value


@knot
def numbers(n: int) -> list[int]:
    return list(range(n))


@knot(version="1")
def double(x: int) -> int:
    return 2 * x


@knot(version="1")
def salted(x: int, salt: str) -> int:
    return 2 * x


@knot
def add(a: int, b: int) -> int:
    return a + b


@knot(name="bytes")
def bytes_(size: int) -> bytes:
    return b"\x07" * size


@knot
def measure(data: bytes) -> int:
    return len(data)


@knot
def fails() -> int:
    raise TypeError("no luck") from RangeError("too far")


@knot
def gives_up() -> int:
    raise Terminal("no use")


@knot
def asks_again(ctx: Context) -> int:
    if ctx.attempt == 1:
        ctx.heartbeat({"at": 5})
        raise Retryable("later", after=0.01)
    return int(ctx.last_heartbeat["at"]) + ctx.attempt


@knot
def outlasts(ctx: Context, after: Any = None) -> int:
    ctx.wait_cancelled(600)
    ctx.raise_if_cancelled()
    return 0


@knot
async def outlasts_later(ctx: Context, after: Any = None) -> int:
    await asyncio.sleep(600)
    return 0


@knot
def narrow(x: int) -> int:
    return x


# --- That of the crash campaign: its twin is in test/crash/campaign/hosted-bodies.ts.


@knot
def lives(x: int, folder: str, blows: list[dict[str, Any]], ctx: Context) -> int:
    """Kills the process that it runs in, where a blow is aimed at its knot that nobody has taken."""
    line = {"run": ctx.run_id, "knot": ctx.knot_id, "attempt": ctx.attempt, "pid": os.getpid()}
    now = int(time.time() * 1000)
    _note(folder, line | {"what": "began", "takenAt": now, "at": now})
    for blow in blows:
        if ctx.knot_id in blow["knots"] and _take(folder, blow["index"], ctx.knot_id):
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(600)
    _note(folder, line | {"what": "ended", "at": int(time.time() * 1000)})
    return (3 * x + 1) % 1_000_003


def _note(folder: str, line: dict[str, Any]) -> None:
    file = os.open(Path(folder, "journal.jsonl"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{json.dumps(line)}\n".encode())
    os.close(file)


def _take(folder: str, index: int, knot_id: str) -> bool:
    """Whole before it has its name, as in blows.ts."""
    draft = Path(folder, f"blow-{index}-by-{os.getpid()}")
    draft.write_text(json.dumps({"pid": os.getpid(), "knot": knot_id, "at": int(time.time() * 1000)}))
    try:
        os.link(draft, Path(folder, f"blow-{index}.0"))
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
