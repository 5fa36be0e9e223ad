"""Frames over a stream socket: a length, a JSON header, attachments."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Sequence
from typing import Any, TypeAlias

MOST_HEADER = 64 * 1024 * 1024
MOST_ATTACHED = 2 * 1024 * 1024 * 1024
MOST_ATTACHMENTS = 16_384

BUFFERS_AT_ONCE = 1024
"""IOV_MAX of Linux and macOS."""
SOCKET_BUFFER = 4 * 1024 * 1024
"""Requested size, so that a large frame needs fewer calls; the system may grant less."""

Bytes: TypeAlias = bytes | bytearray | memoryview
Header: TypeAlias = dict[str, Any]


class Malformed(Exception):
    """The received bytes are no frame. The connection ends."""


class Channel:
    """One end of a connection. One thread receives; all may send."""

    def __init__(self, fd: int) -> None:
        # Programs started by bodies must not hold the connection open.
        os.set_inheritable(fd, False)
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(True)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        self._lock = threading.Lock()
        self.is_forked = False
        """True in a child forked by a body, which must not use the connection."""
        os.register_at_fork(after_in_child=self._leave_to_parent)

    def receive(self) -> tuple[Header, list[bytes]] | None:
        """The next frame, or None at the end of the connection.

        :raises Malformed:
        """
        prefix = self._read(4)
        if prefix is None:
            return None
        length = int.from_bytes(prefix, "big")
        if length > MOST_HEADER:
            raise Malformed(f"a header of {length} bytes; the most is {MOST_HEADER}")
        text = self._read(length)
        if text is None:
            return None
        try:
            header = json.loads(text.decode())  # bytes could also be UTF-16
        except (ValueError, RecursionError) as error:
            raise Malformed(f"a header that is not JSON: {error}") from error
        if not isinstance(header, dict):
            raise Malformed("a header that is no object")
        attachments = []
        for size in _sizes_of(header):
            attachment = self._read(size)
            if attachment is None:
                return None
            attachments.append(attachment)
        return header, attachments

    def send(self, header: Header, attachments: Sequence[Bytes] = ()) -> None:
        self.send_text(text_of(header, attachments), attachments)

    def send_text(self, text: bytes, attachments: Sequence[Bytes] = ()) -> None:
        """Sends an encoded header. Returns when the system has taken the whole frame."""
        if self.is_forked:
            raise RuntimeError(
                "This process was forked from the body host and cannot speak to the worker: "
                "let the body's own process call its Context."
            )
        with self._lock:
            self._write([len(text).to_bytes(4, "big") + text, *attachments])

    def _read(self, size: int) -> bytes | None:
        # The system fills one object of the whole size, so that large attachments are not copied.
        data = self._socket.recv(size, socket.MSG_WAITALL) if size else b""
        if len(data) == size:
            return data
        parts = [data]
        missing = size - len(data)
        while missing:  # a signal interrupted it, or the system gives less at once
            part = self._socket.recv(missing, socket.MSG_WAITALL)
            if not part:
                return None
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _write(self, buffers: Sequence[Bytes]) -> None:
        views = [memoryview(buffer).cast("B") for buffer in buffers if len(buffer)]
        first = 0
        while first < len(views):
            sent = self._socket.sendmsg(views[first : first + BUFFERS_AT_ONCE])
            while sent:
                view = views[first]
                if sent < len(view):
                    views[first] = view[sent:]
                    break
                sent -= len(view)
                first += 1

    def _leave_to_parent(self) -> None:
        self.is_forked = True
        self._socket.close()


def text_of(header: Header, attachments: Sequence[Bytes] = ()) -> bytes:
    if attachments:
        header = {**header, "attachments": [len(attachment) for attachment in attachments]}
    try:
        return _COMPACT.encode(header).encode()
    except UnicodeEncodeError:  # JSON can write a lone surrogate only as an escape
        return _ESCAPED.encode(header).encode()


_COMPACT = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"))
_ESCAPED = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))


def _sizes_of(header: Header) -> list[int]:
    sizes = header.get("attachments", [])
    if not isinstance(sizes, list) or len(sizes) > MOST_ATTACHMENTS:
        raise Malformed(f"attachments that are no list of at most {MOST_ATTACHMENTS} lengths")
    total = 0
    for size in sizes:
        if type(size) is not int or size < 0:
            raise Malformed(f"the length {size!r} of an attachment")
        total += size
    if total > MOST_ATTACHED:
        raise Malformed(f"attachments of {total} bytes together; the most is {MOST_ATTACHED}")
    return sizes
