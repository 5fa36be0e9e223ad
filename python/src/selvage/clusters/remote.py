"""Runs the body of one task on the cluster, with a context that keeps the frames of the body."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, TextIO, cast

from .. import __version__
from ..bodies import Bodies, Body
from ..calls import Call, Stream, Streams
from ..context import Context
from ..errors import BodyMissing
from ..frames import Bytes, Channel, Header, text_of
from ..host import RECURSION, error_frame, told_of, value_frame
from ..stored_tables import Tables
from ..traces import within
from .interface import Part, Said, Task

LIVE = ("log", "heartbeat")
MOST_DOOMED = 10_000
"""Cancelled tokens are remembered, because their tasks may come later."""

Live = Callable[[int, Said], object]


class RemoteCall(Call):
    """A call that keeps its frames, which go back with its answer."""

    has_streams = False

    def __init__(self, task: Task, shared: Sequence[Bytes], live: Live | None) -> None:
        def bytes_of(part: Part) -> bytes:
            return cast(bytes, shared[part] if isinstance(part, int) else part)

        inputs = {name: json.loads(bytes_of(part)) for name, part in task["inputs"].items()}
        header = {"id": 0, "body": task["body"], "inputs": inputs, "context": task["context"]}
        record = _Record(live)
        attachments = [bytes_of(part) for part in task["attachments"]]
        super().__init__(header, attachments, cast(Channel, record), Streams())
        self.frames = record.frames

    def new_stream(self, header: Header) -> Stream:
        raise RuntimeError(
            "ctx.store and ctx.open need the worker beside the body, and this body runs on a cluster. Return the "
            "bytes, take them as an input, or run this knot by python()."
        )

    def end(self, answer: Said) -> None:
        with self._lock:
            self.has_ended = True
            self.frames.append(answer)


class _Record:
    """Takes the place of the connection."""

    def __init__(self, live: Live | None) -> None:
        self.frames: list[Said] = []
        self._live = live

    def send(self, header: Header, attachments: Sequence[Bytes] = ()) -> None:
        frame = (text_of(header, attachments), list(attachments))
        self.frames.append(frame)
        if self._live is not None and header["type"] in LIVE:
            self._live(len(self.frames) - 1, frame)


_bodies = Bodies()
_finding = threading.Lock()
_calls: dict[str, RemoteCall] = {}
"""The running calls of this process, by token."""
_doomed: dict[str, str] = {}


def run_task(
    task: Task,
    shared: Sequence[Bytes] = (),
    live: Live | None = None,
    wait: Callable[[threading.Event], None] | None = None,
) -> list[Said]:
    """Runs the body of a task. Returns its frames; the last one is the answer.

    ``live``: also takes lines of the log and heartbeats at once. ``wait``: waits for the end of the body, which then
    has its own thread.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
    call = RemoteCall(task, shared, live)
    _calls[task["token"]] = call
    if (reason := _doomed.get(task["token"])) is not None:
        call.cancel(reason)
    try:
        if wait is None:
            call.end(_answer(call))
        else:
            over = threading.Event()

            def run() -> None:
                call.end(_answer(call))
                over.set()

            threading.Thread(target=run, name="selvage-body", daemon=True).start()
            wait(over)
        return call.frames
    finally:
        del _calls[task["token"]]


def cancel_here(reasons: dict[str, str]) -> list[str]:
    """Cancels running calls of this process, whose tokens it returns, and keeps others from beginning."""
    running = []
    for token, reason in reasons.items():
        call = _calls.get(token)
        if call is not None:
            call.cancel(reason)
            running.append(token)
        else:
            _doomed[token] = reason
    while len(_doomed) > MOST_DOOMED:
        del _doomed[next(iter(_doomed))]
    return running


def version_here() -> str:
    return __version__


def _answer(call: RemoteCall) -> Said:
    _Prints.install()
    saying = _current.set(call)
    try:
        body = _find(call.body)
        context = Context(call)
        context.raise_if_cancelled()
        tables = Tables(context)
        arguments = body.arguments(call.inputs, call.attachments, tables)
        with within(context.traceparent):
            if body.is_async:
                result = asyncio.run(_run_async(call, body, arguments, context))
            else:
                result = body.run(arguments, context)
        return value_frame(call, result, tables)
    except asyncio.CancelledError as error:
        return error_frame(call, told_of(call, error))
    except BaseException as error:
        return error_frame(call, error)
    finally:
        _Prints.end(call)
        _current.reset(saying)


def _find(name: str) -> Body:
    with _finding:
        try:
            return _bodies.find(name)
        except BodyMissing as error:
            raise BodyMissing(f"{error} This is a process of the cluster: its modules must be there, too.") from None


async def _run_async(call: RemoteCall, body: Body, arguments: dict[str, Any], context: Context) -> Any:
    task = asyncio.ensure_future(body.run(arguments, context))
    loop = asyncio.get_running_loop()
    call.on_cancel = lambda: loop.call_soon_threadsafe(task.cancel)
    if call.cancelled.is_set():
        task.cancel()
    try:
        return await task
    finally:
        call.on_cancel = None


# ---- what bodies print

_current: ContextVar[RemoteCall | None] = ContextVar("selvage-call", default=None)


class _Prints(io.TextIOBase):
    """Standard output and error of a process with several bodies. A body's lines go to its log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rests: dict[RemoteCall, str] = {}

    @classmethod
    def install(cls) -> None:
        # Some clusters set the streams anew for each task.
        if not isinstance(sys.stdout, cls):
            sys.stdout = cls(sys.stdout)
        if not isinstance(sys.stderr, cls):
            sys.stderr = cls(sys.stderr)

    @staticmethod
    def end(call: RemoteCall) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, _Prints) and (rest := stream._rests.pop(call, "")):
                _log(call, rest)

    def write(self, text: str) -> int:
        call = _current.get()
        if call is None:
            return self._stream.write(text)
        *lines, rest = (self._rests.get(call, "") + text).split("\n")
        for line in lines:
            _log(call, line)
        self._rests[call] = rest
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._stream.fileno()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _log(call: RemoteCall, line: str) -> None:
    if not call.has_ended:
        call.say({"type": "log", "id": 0, "level": "info", "message": line, "fields": {}})
