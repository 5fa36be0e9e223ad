"""The body host whose bodies run on a cluster: it hands on calls without waiting, and passes back the results."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn
from uuid import uuid4

from ..calls import Call
from ..frames import Bytes, Channel, Header, text_of
from ..host import Host
from .interface import Cluster, ClusterNotUsable, Said, Task

OPTIONS_VARIABLE = "SELVAGE_CLUSTER_OPTIONS"
CONCURRENCY = 1_000
SHARED_FROM = 8 * 1024 * 1024
SHARED_FOR = 60.0
"""Seconds that a shared part stays on the cluster after its last use."""
LEAVE_LIMIT = 4.0


class ClusterHost(Host):
    """The main thread describes bodies, as in any host. The cluster reports from its own threads."""

    concurrency = CONCURRENCY

    def __init__(self, channel: Channel, kind: str) -> None:
        super().__init__(channel)
        self._kind = kind
        self._cluster: Cluster | None = None
        self._shared: _Shared | None = None

    def _prepare(self) -> Header | None:
        options = json.loads(os.environ.pop(OPTIONS_VARIABLE, "") or "{}")
        try:
            cluster: Cluster = importlib.import_module(f"{__package__}.{self._kind}").open_cluster(options)
        except ClusterNotUsable as error:
            return {"type": "HostNotUsable", "message": str(error)}
        except Exception as error:
            traceback.print_exc()
            return {"type": "HostNotUsable", "message": f"{self._kind} could not be opened: {error!r}"}
        self._cluster = cluster
        self._shared = _Shared(cluster)
        return None

    def serve(self) -> int:
        status = super().serve()
        self._close()
        return status

    def _leave(self) -> NoReturn:
        # Ends a cluster that was started here, but must not keep this process for long.
        closing = threading.Thread(target=self._close, daemon=True)
        closing.start()
        closing.join(LEAVE_LIMIT)
        os._exit(0)

    def _close(self) -> None:
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            with suppress(Exception):
                cluster.close()

    def _take_call(self, call: Call) -> None:
        assert self._cluster is not None and self._shared is not None
        cluster = self._cluster
        parts: list[Any] = []
        digests: list[str] = []

        def travelling(data: Bytes) -> Bytes | int:
            if len(data) < SHARED_FROM:
                return data
            digest, part = self._shared_part(data)
            digests.append(digest)
            parts.append(part)
            return len(parts) - 1

        token = uuid4().hex
        try:
            task: Task = {
                "token": token,
                "body": call.body,
                "inputs": {name: travelling(text_of(value)) for name, value in call.inputs.items()},
                "attachments": [travelling(attachment) for attachment in call.attachments],
                "context": call.context,
            }
            heard = _Heard(self, call, digests)
            call.on_cancel = lambda: cluster.cancel(
                token, call.reason, None if call.grace is None else call.grace / 1000
            )
            cluster.submit(task, parts, heard)
        except Exception as error:
            self.answer(call, _lost(f"The call could not be handed to the cluster: {error!r}"))

    def _shared_part(self, data: Bytes) -> tuple[str, Any]:
        assert self._shared is not None
        return self._shared.take(data)

    def say(self, call: Call, frame: Said) -> None:
        text, attachments = frame
        with suppress(OSError, RuntimeError):
            call.pass_on(_with_id(text, call.id), attachments)

    def answer(self, call: Call, frame: Said, digests: Sequence[str] = ()) -> None:
        text, attachments = frame
        self._answer(call, _with_id(text, call.id), list(attachments))
        if self._shared is not None:
            self._shared.release(digests)


class _Heard:
    """Passes on each frame once, in the body's order."""

    def __init__(self, host: ClusterHost, call: Call, digests: Sequence[str]) -> None:
        self._host = host
        self._call = call
        self._digests = digests
        self._lock = threading.Lock()
        self._next = 0
        self._has_ended = False

    def said(self, number: int, frame: Said) -> None:
        with self._lock:
            # A frame that comes too early comes again with the end.
            if not self._has_ended and number == self._next:
                self._next += 1
                self._host.say(self._call, frame)

    def ended(self, frames: Sequence[Said]) -> None:
        self._end(frames[-1], frames[:-1])

    def lost(self, why: str) -> None:
        self._end(_lost(f"{self._call.body}: {why}"))

    def cancelled(self) -> None:
        message = f"The call is to end ({self._call.reason or 'cancelled'})."
        self._end(_error({"type": "Cancelled", "message": message}))

    def _end(self, frame: Said, words: Sequence[Said] = ()) -> None:
        with self._lock:
            if self._has_ended:
                return
            self._has_ended = True
            for word in words[self._next :]:
                self._host.say(self._call, word)
        self._host.answer(self._call, frame, self._digests)


class _Shared:
    """Large parts of calls, each stored once on the cluster for all calls with it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self._parts: dict[str, tuple[Any, int, float]] = {}
        """By hash: the part, the number of its calls, and the time since which there are none."""
        threading.Thread(target=self._sweep, name="selvage-shared", daemon=True).start()

    def take(self, data: Bytes) -> tuple[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            part, users, _ = self._parts.get(digest, (None, 0, 0.0))
            if part is None or not self._cluster.has(part):
                part = self._cluster.share(digest, data)
            self._parts[digest] = (part, users + 1, 0.0)
        return digest, part

    def release(self, digests: Sequence[str]) -> None:
        with self._lock:
            for digest in digests:
                part, users, _ = self._parts[digest]
                self._parts[digest] = (part, users - 1, time.monotonic())

    def _sweep(self) -> None:
        while True:
            time.sleep(SHARED_FOR / 4)
            before = time.monotonic() - SHARED_FOR
            with self._lock:
                unused = [digest for digest, (_, users, since) in self._parts.items() if users == 0 and since < before]
                for digest in unused:
                    del self._parts[digest]


def gone(what: str) -> NoReturn:
    """Ends this process, because the cluster and its calls are lost. The worker starts the program again."""
    print(what, file=sys.stderr, flush=True)
    os._exit(1)


def _with_id(text: bytes, id: int) -> bytes:
    return text.replace(b'"id":0', b'"id":%d' % id, 1)


def _error(error: Header) -> Said:
    return text_of({"type": "error", "id": 0, "error": error}), []


def _lost(why: str) -> Said:
    return _error({"type": "WorkerLost", "message": why})
