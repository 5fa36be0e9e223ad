"""A running call: its frames to the worker, and its streams of bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import count
from queue import SimpleQueue
from typing import Any

from .errors import WorkerError
from .frames import Bytes, Channel, Header


class Stream:
    """A stream of bytes into the data store or out of it."""

    def __init__(self, number: int, call: Call) -> None:
        self.number = number
        self.call = call
        self.is_open = True
        self._replies: SimpleQueue[tuple[Header, list[bytes]]] = SimpleQueue()

    def say(self, type: str, attachments: Sequence[Bytes] = ()) -> None:
        self.call.say({"type": type, "stream": self.number}, attachments)

    def take(self, header: Header, attachments: list[bytes]) -> None:
        """Called by the receiving thread."""
        self._replies.put((header, attachments))

    def reply(self) -> tuple[Header, list[bytes]]:
        """Waits for the worker, at most until the call ends.

        :raises WorkerError: the stream has failed
        """
        header, attachments = self._replies.get()
        if header["type"] == "failed":
            self.is_open = False
            error = header.get("error") or {}
            raise WorkerError(str(error.get("type", "Error")), str(error.get("message", "The stream failed.")))
        return header, attachments

    def fail(self, why: str) -> None:
        """Ends the stream early and tells the worker why. Does nothing to a stream that has ended."""
        if self.is_open and not self.call.has_ended:
            self.is_open = False
            self.call.say({"type": "failed", "stream": self.number, "error": {"type": "StreamFailed", "message": why}})


class Streams:
    """The streams of a connection, by number."""

    def __init__(self) -> None:
        self._streams: dict[int, Stream] = {}
        self._numbers = count(1)

    def new(self, call: Call) -> Stream:
        stream = Stream(next(self._numbers), call)
        self._streams[stream.number] = stream
        return stream

    def take(self, header: Header, attachments: list[bytes]) -> None:
        """Ignores frames of an ended stream, which were in transit at its end."""
        stream = self._streams.get(header["stream"])
        if stream is not None:
            stream.take(header, attachments)

    def end(self, call: Call) -> None:
        """Ends the streams of a call. Threads that still wait in them get an error."""
        for stream in list(self._streams.values()):  # other calls may open more meanwhile, in their threads
            if stream.call is call:
                error = {"type": "StreamFailed", "message": f"The call of {call.body} has ended."}
                stream.take({"type": "failed", "error": error}, [])
                del self._streams[stream.number]


class Call:
    """One call of a body, from its frame to its answer."""

    has_streams = True
    """False if the worker is not beside the body, so that bytes travel only with the call and its answer."""

    def __init__(self, header: Header, attachments: list[bytes], channel: Channel, streams: Streams) -> None:
        self.id: int = header["id"]
        self.body: str = header["body"]
        self.inputs: Any = header["inputs"]
        self.context: Header = header["context"]
        self.attachments = attachments
        self.cancelled = threading.Event()
        self.reason = ""
        self.grace: float | None = None
        """Milliseconds that the call may go on after a cancel; None: no limit."""
        self.on_cancel: Callable[[], object] | None = None
        """Cancels the call's task or its part on the cluster; None if there is neither."""
        self._channel = channel
        self._streams = streams
        self._lock = threading.Lock()
        self._sent = threading.Event()
        self.has_ended = False
        """Set just before the answer is sent."""

    def say(self, header: Header, attachments: Sequence[Bytes] = ()) -> None:
        """
        :raises RuntimeError: the call has been answered
        """
        with self._lock:
            if self.has_ended:
                raise RuntimeError(f"The call of {self.body} has ended: its Context can do nothing any more.")
            self._channel.send(header, attachments)

    def pass_on(self, text: bytes, attachments: Sequence[Bytes]) -> None:
        """Sends a frame whose header was encoded elsewhere.

        :raises RuntimeError: the call has been answered
        """
        with self._lock:
            if self.has_ended:
                raise RuntimeError(f"The call of {self.body} has ended.")
            self._channel.send_text(text, attachments)

    def new_stream(self, header: Header) -> Stream:
        stream = self._streams.new(self)
        self.say({**header, "id": self.id, "stream": stream.number})
        return stream

    def answer(self, text: bytes, attachments: Sequence[Bytes]) -> None:
        """Sends the answer. The call can send nothing more."""
        with self._lock:
            self.has_ended = True
            self._channel.send_text(text, attachments)
        self._streams.end(self)
        self.on_cancel = None  # it holds the task, which holds the call with its inputs
        self._sent.set()

    def cancel(self, reason: str) -> None:
        self.reason = reason
        self.cancelled.set()
        on_cancel = self.on_cancel
        if on_cancel is not None:
            on_cancel()

    def wait_for_answer(self) -> None:
        """Waits until the answer is sent."""
        self._sent.wait()
