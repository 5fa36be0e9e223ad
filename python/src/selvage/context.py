"""The context of a running body: its log, heartbeats, cancels, extensions of its run and stored bytes."""

from __future__ import annotations

import asyncio.events
import io
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import IO, Any, BinaryIO, cast

from .calls import Call
from .errors import Cancelled, NotEncodable
from .frames import Bytes, text_of
from .values import StoredBytes, decode, encode

CHUNK = 1024 * 1024
MOST_HEARTBEAT = 8 * 1024

Source = Bytes | IO[bytes] | Iterable[Bytes]


class Logger:
    """Writes lines of the body's log, which is kept with its run. ``fields`` are values beside the message."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def debug(self, message: str, /, *args: object, **fields: object) -> None:
        self._log("debug", message, args, fields)

    def info(self, message: str, /, *args: object, **fields: object) -> None:
        self._log("info", message, args, fields)

    def warning(self, message: str, /, *args: object, **fields: object) -> None:
        self._log("warn", message, args, fields)

    def error(self, message: str, /, *args: object, **fields: object) -> None:
        self._log("error", message, args, fields)

    def _log(self, level: str, message: str, args: tuple[object, ...], fields: dict[str, object]) -> None:
        text = str(message) % args if args else str(message)
        line = {"type": "log", "id": self._call.id, "level": level, "message": text}
        self._call.say({**line, "fields": {name: _field(value) for name, value in fields.items()}})


def _field(value: object) -> Any:
    """Falls back to ``repr``, because a line of a log must not make the body fail."""
    try:
        return encode(value, inline=True)[0]
    except NotEncodable:
        return repr(value)


class Context:
    """One attempt of one knot. A body gets it by a parameter annotated ``Context``, or named ``ctx``."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.run_id: str = call.context["runId"]
        self.knot_id: str = call.context["knotId"]
        self.attempt: int = call.context["attempt"]
        """Starts at 1 and grows with every attempt, including lost ones."""
        self.idempotency_key: str = call.context["idempotencyKey"]
        """The same for all attempts of this knot in this run, for outside systems that deduplicate by key."""
        self.traceparent: str | None = call.context.get("traceparent")
        """The span of this attempt, as the header of W3C Trace Context; None if the worker has no OpenTelemetry."""
        self.last_heartbeat: Any = decode(call.context.get("lastHeartbeat"), call.attachments)
        """The details of an earlier attempt's last ``heartbeat``, or None."""
        self.logger = Logger(call)

    @property
    def cancelled(self) -> bool:
        """True once the call must end. A body in ``async def`` is cancelled as a task, too."""
        return self._call.cancelled.is_set()

    def wait_cancelled(self, timeout: float | None = None) -> bool:
        """Sleeps until the call must end, or for ``timeout`` seconds. Returns ``cancelled``."""
        return self._call.cancelled.wait(timeout)

    def raise_if_cancelled(self) -> None:
        """
        :raises Cancelled: the call must end
        """
        if self.cancelled:
            raise cancelled_error(self._call)

    def heartbeat(self, details: object = None) -> None:
        """Keeps ``details`` for the next attempt, in its ``last_heartbeat``. The worker sends heartbeats by itself.

        :raises NotEncodable: ``details`` cannot be encoded, or exceed 8 KiB
        """
        value = encode(details, inline=True)[0]
        size = len(text_of({"details": value})) - len('{"details":}')
        if size > MOST_HEARTBEAT:
            raise NotEncodable(
                f"The details of a heartbeat take {size} bytes; at most 8 KiB are kept. "
                "Store what is larger by ctx.store, and keep its reference."
            )
        self._call.say({"type": "heartbeat", "id": self._call.id, "details": value})

    def extend(self, fragment: object) -> None:
        """Adds knots to the run, if the body then returns without an error.

        :raises NotEncodable: the fragment cannot be encoded
        """
        value = encode(fragment, inline=True)[0]
        self._call.say({"type": "extend", "id": self._call.id, "fragment": value})

    def store(self, source: Source, media_type: str | None = None) -> StoredBytes:
        """Stores bytes, a binary file or an iterable of bytes, without holding everything in memory. The body may
        return the reference, or a value that contains it.

        :raises WorkerError: the data store refused the bytes
        """
        _refuse_in_loop("store")
        writer = _Writer(self._call, media_type)
        try:
            for chunk in _chunks_of(source):
                writer.write(chunk)
            return writer.finish()
        except BaseException as error:
            writer.stream.fail(f"The source of the bytes failed: {error!r}")
            raise

    def open(self, stored: StoredBytes) -> BinaryIO:
        """A binary file of stored bytes, which can be read once from its beginning. The hash is checked at its end.

        :raises WorkerError: by the file's methods, if the bytes are missing or damaged
        """
        _refuse_in_loop("open")
        return cast(BinaryIO, io.BufferedReader(_Reader(self._call, stored), CHUNK))

    async def store_async(self, source: Source | AsyncIterable[Bytes], media_type: str | None = None) -> StoredBytes:
        """Like ``store``, for bodies in ``async def``. A source that is not asynchronous is read in a thread."""
        if not isinstance(source, AsyncIterable):
            return await asyncio.to_thread(self.store, source, media_type)
        writer = _Writer(self._call, media_type)
        try:
            async for part in source:
                for chunk in _chunks_of(part):
                    await asyncio.to_thread(writer.write, chunk)
            return await asyncio.to_thread(writer.finish)
        except BaseException as error:
            writer.stream.fail(f"The source of the bytes failed: {error!r}")
            raise

    async def open_async(self, stored: StoredBytes) -> AsyncIterator[bytes]:
        """Like ``open``, for bodies in ``async def``: ``async for chunk in ctx.open_async(stored)``."""
        chunks = _Chunks(self._call, stored)
        try:
            while chunk := await asyncio.to_thread(chunks.next):
                yield chunk
        finally:
            chunks.close()


def cancelled_error(call: Call) -> Cancelled:
    return Cancelled(f"The call is to end ({call.reason}).")


def in_loop() -> bool:
    """Whether a wait would block all bodies in async def."""
    return asyncio.events._get_running_loop() is not None


def _refuse_in_loop(name: str) -> None:
    if in_loop():
        raise RuntimeError(f"ctx.{name} would block all bodies in async def: use ctx.{name}_async.")


def _chunks_of(source: Source) -> Iterator[Bytes]:
    """Chunks of at most 1 MiB; small parts are joined."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source).cast("B")
        for start in range(0, len(view), CHUNK):
            yield view[start : start + CHUNK]
        return
    read = getattr(source, "read", None)
    small = bytearray()
    for part in source if read is None else _parts_of(read):
        if len(small) + len(part) <= CHUNK:
            small += part
            continue
        if small:
            yield small
            small = bytearray()
        yield from _chunks_of(part)
    if small:
        yield small


def _parts_of(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while part := read(CHUNK):
        yield part


class _Writer:
    def __init__(self, call: Call, media_type: str | None) -> None:
        self.stream = call.new_stream(
            {"type": "store"} if media_type is None else {"type": "store", "mediaType": media_type}
        )
        self._is_first = True

    def write(self, chunk: Bytes) -> None:
        self._wait_for_turn()
        self.stream.say("chunk", [chunk])

    def finish(self) -> StoredBytes:
        self._wait_for_turn()
        self.stream.say("end")
        header, _ = self.stream.reply()
        self.stream.is_open = False
        return cast(StoredBytes, decode(header["value"]))

    def _wait_for_turn(self) -> None:
        if not self._is_first:
            self.stream.reply()
        self._is_first = False


class _Chunks:
    def __init__(self, call: Call, stored: StoredBytes) -> None:
        self._stream = call.new_stream({"type": "open", "value": encode(stored)[0]})

    def next(self) -> bytes:
        """The next chunk, after asking for the one behind it. Empty at the end."""
        if not self._stream.is_open:
            return b""
        header, attachments = self._stream.reply()
        if header["type"] == "end":
            self._stream.is_open = False
            return b""
        self._stream.say("more")
        return attachments[0] or self.next()

    def close(self) -> None:
        self._stream.fail("No more is wanted.")


class _Reader(io.RawIOBase):
    def __init__(self, call: Call, stored: StoredBytes) -> None:
        self._chunks = _Chunks(call, stored)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(self._chunks.next())
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        if not self.closed:
            self._chunks.close()
        super().close()
