"""A worker for tests of a body host. It writes frames by its own code, so that both sides cannot share a fault."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src"
PATIENCE = 20.0
"""Seconds after which a silent host fails the test."""

Frame = tuple[dict[str, Any], list[bytes]]

HELLO = {"type": "hello", "protocols": [1]}
CONTEXT = {"runId": "run-1", "knotId": "knot-1", "attempt": 2, "idempotencyKey": "run-1/knot-1"}


class Worker:
    """Starts a host and speaks with it. As a context manager, it ends the host."""

    def __init__(self, *, hello: dict[str, Any] | None = HELLO, modules: Path = TESTS / "bodies") -> None:
        ours, theirs = socket.socketpair()
        self.socket = ours
        self.socket.settimeout(PATIENCE)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "selvage", "host"],
            cwd=modules,
            env={
                **os.environ,
                "SELVAGE_BODY_FD": str(theirs.fileno()),
                "PYTHONPATH": str(SOURCE),
                "PYTHONUNBUFFERED": "",
            },
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        self.last_id = 0
        if hello is not None:
            self.send(hello)
            self.ready, _ = self.receive()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.process.communicate(timeout=PATIENCE)

    # ---- frames

    def send(self, header: dict[str, Any], *attachments: bytes) -> None:
        if attachments:
            header = {**header, "attachments": [len(attachment) for attachment in attachments]}
        text = json.dumps(header).encode()
        self.socket.sendall(len(text).to_bytes(4, "big") + text)
        for attachment in attachments:
            self.socket.sendall(attachment)

    def receive(self) -> Frame:
        text = self._read(int.from_bytes(self._read(4), "big"))
        header = json.loads(text)
        return header, [self._read(size) for size in header.get("attachments", [])]

    def _read(self, size: int) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self.socket.recv_into(view)
            if not count:
                raise EOFError("the host has closed the connection")
            view = view[count:]
        return bytes(data)

    def is_closed(self) -> bool:
        """Waits for the end of the connection, and drops the frames before it."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    # ---- calls

    def start(self, body: str, /, *attachments: bytes, context: dict[str, Any] | None = None, **inputs: Any) -> int:
        """Sends a call and returns its id. Inputs have the tagged form."""
        self.last_id += 1
        name = body if ":" in body else f"sample:{body}"
        call = {"type": "call", "id": self.last_id, "body": name, "inputs": inputs}
        self.send({**call, "context": {**CONTEXT, **(context or {})}}, *attachments)
        return self.last_id

    def until(self, fits: Callable[[dict[str, Any]], bool], said: list[dict[str, Any]] | None = None) -> Frame:
        """The first frame that fits. Earlier frames go to ``said``; without it, they fail the test."""
        while True:
            header, attachments = self.receive()
            if fits(header):
                return header, attachments
            assert said is not None, f"unexpected: {header}"
            said.append(header)

    def answer(self, id: int, said: list[dict[str, Any]] | None = None) -> Frame:
        return self.until(lambda header: header["type"] in ("value", "error") and header["id"] == id, said)

    def call(self, body: str, /, *attachments: bytes, **inputs: Any) -> dict[str, Any]:
        """A call that sends only its answer."""
        return self.answer(self.start(body, *attachments, **inputs))[0]

    def value(self, body: str, /, *attachments: bytes, **inputs: Any) -> Any:
        answer = self.call(body, *attachments, **inputs)
        assert answer["type"] == "value", answer
        return answer["value"]

    def error(self, body: str, /, *attachments: bytes, **inputs: Any) -> dict[str, Any]:
        answer = self.call(body, *attachments, **inputs)
        assert answer["type"] == "error", answer
        error = answer["error"]
        assert isinstance(error, dict)
        return error
