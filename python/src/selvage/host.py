"""The body host: it answers a worker over a socket.

One thread receives frames and answers pings. The main thread imports modules and runs plain functions, one at a time.
A third thread, started on demand, has the event loop for bodies in ``async def``. The main thread finds a body that was
not described before its first call, so this call waits for its turn there.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NoReturn, TypeVar

from . import __version__
from .bodies import Bodies, Body
from .calls import Call, Streams
from .context import Context, cancelled_error
from .errors import NotEncodable, describe_error, user_files
from .frames import MOST_HEADER, Bytes, Channel, Header, Malformed, text_of
from .stored_tables import InLoop, Tables
from .traces import within
from .values import TableStore, encode

T = TypeVar("T")

PROTOCOL = 1
FD_VARIABLE = "SELVAGE_BODY_FD"

RECURSION = 6_000
"""Values may have 1,000 levels, each of which takes some frames of Python. With a higher limit, endless recursion in a
body would overflow the stack and end the process."""


def main(cluster: str | None = None) -> int:
    """Serves until the worker says goodbye. Returns the exit status.

    ``cluster``: the kind of cluster that runs the calls; if omitted, they run here.
    """
    fd = os.environ.pop(FD_VARIABLE, None)
    if fd is None or not fd.isdigit():
        print(
            f"selvage host: {FD_VARIABLE} names no file descriptor. A worker starts this program, with a socket.",
            file=sys.stderr,
        )
        return 2
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker gets Ctrl-C, too, and decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
    if cluster is not None:
        from .clusters.host import ClusterHost

        return ClusterHost(Channel(int(fd)), cluster).serve()
    return Host(Channel(int(fd))).serve()


class Host:
    concurrency = 1

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._bodies = Bodies()
        self._streams = Streams()
        self._calls: dict[int, Call] = {}
        self._work: SimpleQueue[Header | Call | None] = SimpleQueue()
        """For the main thread; None ends it."""
        self._loop = _Loop()

    def serve(self) -> int:
        if not self._greet():
            return 1
        threading.Thread(target=self._receive, name="selvage-receive", daemon=True).start()
        while self._take_work():
            pass
        for call in list(self._calls.values()):
            call.wait_for_answer()
        return 0

    def _greet(self) -> bool:
        try:
            frame = self._channel.receive()
            if frame is None:
                os._exit(0)
            hello, _ = frame
            if hello.get("type") != "hello" or not isinstance(hello.get("protocols"), list):
                raise Malformed("something else than hello at the beginning")
        except Malformed as error:
            _give_up(error)
        if PROTOCOL not in hello["protocols"]:
            known = ", ".join(map(str, hello["protocols"]))
            message = f"The worker knows the body protocol in version {known}; selvage {__version__} knows {PROTOCOL}."
            self._channel.send({"type": "refused", "error": {"type": "ProtocolUnknown", "message": message}})
            return False
        refusal = self._prepare()
        if refusal is not None:
            self._channel.send({"type": "refused", "error": refusal})
            return False
        self._channel.send(
            {
                "type": "ready",
                "protocol": PROTOCOL,
                "language": "python",
                "runtime": sys.version.split()[0],
                "selvage": __version__,
                "concurrency": self.concurrency,
            }
        )
        return True

    def _prepare(self) -> Header | None:
        """Called before the host is ready. An error that it returns refuses to work."""
        return None

    def _leave(self) -> NoReturn:
        """Ends the process after the loss of the worker, even if bodies run."""
        os._exit(0)

    # ---- the thread that receives

    def _receive(self) -> None:
        try:
            while (frame := self._channel.receive()) is not None:
                self._handle(*frame)
        except (Malformed, KeyError, TypeError) as error:
            _give_up(error)
        except OSError:
            pass
        self._leave()

    def _handle(self, header: Header, attachments: list[bytes]) -> None:
        match header.get("type"):
            case "ping":
                self._channel.send({"type": "pong", "id": header["id"]})
            case "describe":
                self._work.put(header)
            case "call":
                call = Call(header, attachments, self._channel, self._streams)
                self._calls[call.id] = call
                self._take_call(call)
            case "cancel":
                running = self._calls.get(header["id"])
                if running is not None:
                    running.grace = header.get("grace")
                    running.cancel(str(header.get("reason", "cancelled")))
            case "more" | "stored" | "chunk" | "end" | "failed":
                self._streams.take(header, attachments)
            case "goodbye":
                self._work.put(None)
            case other:
                raise Malformed(f"a frame of the type {other!r}")

    def _take_call(self, call: Call) -> None:
        body = self._bodies.found(call.body)
        if body is not None and body.is_async:
            self._start(call, body)
        else:
            self._work.put(call)

    # ---- the main thread

    def _take_work(self) -> bool:
        """A separate function, so that the wait for the next call holds no objects of this one."""
        work = self._work.get()
        if work is None:
            return False
        if isinstance(work, Call):
            self._run(work)
        else:
            self._describe(work)
        return True

    def _describe(self, header: Header) -> None:
        try:
            bodies = [described for name in header["modules"] for described in self._bodies.describe(name)]
            self._channel.send({"type": "described", "id": header["id"], "bodies": bodies, "files": user_files()})
        except BaseException as error:
            files = user_files(error)
            self._channel.send({"type": "error", "id": header["id"], "error": describe_error(error), "files": files})

    def _run(self, call: Call) -> None:
        try:
            body = self._bodies.find(call.body)
            if body.is_async:
                self._start(call, body)
                return
            context = Context(call)
            context.raise_if_cancelled()
            tables = Tables(context)
            with within(context.traceparent):
                result = body.run(body.arguments(call.inputs, call.attachments, tables), context)
            answer = value_frame(call, result, tables)
        except BaseException as error:
            if self._channel.is_forked:
                traceback.print_exception(error)
            answer = error_frame(call, error)
        if self._channel.is_forked:
            # A child forked by the body returned from it. It must not act as a host.
            sys.stdout.flush()
            os._exit(1)
        self._answer(call, *answer)

    # ---- bodies in async def

    def _start(self, call: Call, body: Body) -> None:
        self._loop.run(call, self._run_async, body)

    async def _run_async(self, call: Call, body: Body) -> None:
        try:
            context = Context(call)
            context.raise_if_cancelled()
            tables = Tables(context)
            arguments = await _off_loop(lambda: body.arguments(call.inputs, call.attachments, tables))
            with within(context.traceparent):
                result = await body.run(arguments, context)
            answer = await _off_loop(lambda: value_frame(call, result, tables))
        except asyncio.CancelledError as error:
            answer = error_frame(call, told_of(call, error))
        except BaseException as error:
            answer = error_frame(call, error)
        self._answer(call, *answer)

    def _answer(self, call: Call, text: bytes, attachments: list[Bytes]) -> None:
        with suppress(OSError):  # the worker is gone; the receiving thread ends the process
            call.answer(text, attachments)
        self._calls.pop(call.id, None)


class _Loop:
    """An event loop in a thread, which starts with the first body in ``async def``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        """Running tasks, which the loop itself holds weakly."""

    def run(self, call: Call, work: Any, body: Body) -> None:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="selvage-async", daemon=True).start()
        loop = self._loop

        def start() -> None:
            task = loop.create_task(work(call, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            # The cancel runs after the task's first step, because a task cancelled before would never answer.
            call.on_cancel = lambda: loop.call_soon_threadsafe(task.cancel)

        loop.call_soon_threadsafe(start)


async def _off_loop(work: Callable[[], T]) -> T:
    """Work with tables waits for the worker, and would block other bodies. Other work is quicker here."""
    try:
        return work()
    except InLoop:
        return await asyncio.to_thread(work)


def value_frame(call: Call, result: Any, tables: TableStore) -> tuple[bytes, list[Bytes]]:
    value, attachments = encode(result, tables=tables)
    try:
        text = text_of({"type": "value", "id": call.id, "value": value}, attachments)
    except RecursionError:
        raise NotEncodable("The value at $ cannot be encoded: it is nested too deeply for Python's JSON.") from None
    if len(text) > MOST_HEADER:
        raise NotEncodable(
            f"The value at $ cannot be encoded: it takes {len(text)} bytes of JSON, and at most 64 MiB travel. "
            "Return bytes, an array or a table, or store it by ctx.store."
        )
    return text, attachments


def told_of(call: Call, error: asyncio.CancelledError) -> BaseException:
    """The error to report: the body itself may have cancelled its task, too."""
    return cancelled_error(call).with_traceback(error.__traceback__) if call.cancelled.is_set() else error


def error_frame(call: Call, error: BaseException) -> tuple[bytes, list[Bytes]]:
    return text_of({"type": "error", "id": call.id, "error": describe_error(error)}), []


def _give_up(error: BaseException) -> NoReturn:
    print(f"selvage host: what the worker sent is no frame ({error!r}). The connection ends.", file=sys.stderr)
    os._exit(2)
