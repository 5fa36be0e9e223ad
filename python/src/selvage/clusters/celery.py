"""Celery: each call is a message; everything else goes through Redis or Valkey.

Keys, all below ``selvage:celery:``:

======================  ==================================================================================
``call:<token>``        the call, until it begins. Only the process that takes the key away begins the call.
``part:<hash>``         a large part of calls
``host:<id>``           exists as long as the host does
``replies:<id>``        a list: messages of workers to the host
``ear:<id>``            a list: cancels of calls, by hosts, for one process of a worker
======================  ==================================================================================

Celery acknowledges a message before it runs. So a long call is not delivered again, whatever the broker's visibility
timeout. A message that is delivered twice for another reason finds its call begun, and does nothing. Silence shows that
a worker has died.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from ..frames import Bytes
from .celery_wire import (
    ALIVE_FOR,
    BEAT,
    DEFAULT_QUEUE,
    EXTRA,
    KEPT_FOR,
    PREFIX,
    REPLIES_AT_ONCE,
    SILENCE,
    TASK_NAME,
    connect,
    make_app,
    pack_task,
    unpack,
)
from .interface import Cluster, ClusterNotUsable, Heard, Said, Task, library, without_password


def open_cluster(options: dict[str, Any]) -> Cluster:
    """
    :raises ClusterNotUsable:
    """
    library("celery", EXTRA)
    return CeleryCluster(options)


class CeleryCluster:
    def __init__(self, options: dict[str, Any]) -> None:
        broker = options.get("broker") or os.environ.get("CELERY_BROKER_URL")
        if broker is None:
            raise ClusterNotUsable(
                "celery() names no broker: give celery({ broker: 'redis://host:6379/0' }) or set CELERY_BROKER_URL."
            )
        self._queue = options.get("queue") or DEFAULT_QUEUE
        self._state_url = options.get("state") or broker
        self._redis = connect(self._state_url)
        self._app = make_app(broker, self._queue)
        self._id = uuid4().hex
        self._calls: dict[str, _Submitted] = {}
        self._lock = threading.Lock()
        self._is_closing = False
        self._check(broker)
        self._keep_alive()
        for work in (self._hear, self._watch):
            threading.Thread(target=work, name=f"selvage-celery{work.__name__}", daemon=True).start()

    def submit(self, task: Task, shared: Sequence[Any], heard: Heard) -> None:
        token = task["token"]
        with self._lock:
            self._calls[token] = _Submitted(heard)
        try:
            self._redis.set(f"{PREFIX}call:{token}", pack_task(task, shared), ex=ALIVE_FOR)
            self._app.send_task(
                TASK_NAME,
                kwargs={"token": token, "host": self._id},
                task_id=token,
                queue=self._queue,
                ignore_result=True,
                retry=False,
            )
        except Exception as error:
            self._end(token)
            heard.lost(f"The call could not be handed to Celery: {type(error).__name__}: {error}")

    def share(self, digest: str, data: Bytes) -> Any:
        self._redis.set(f"{PREFIX}part:{digest}", bytes(data), ex=KEPT_FOR)
        return digest

    def has(self, part: Any) -> bool:
        return bool(self._redis.expire(f"{PREFIX}part:{part}", KEPT_FOR))

    def cancel(self, token: str, reason: str, grace: float | None) -> None:
        try:
            if self._redis.getdel(f"{PREFIX}call:{token}") is not None:  # not begun, and now it never will
                self._cancelled(token)
                return
            with self._lock:
                submitted = self._calls.get(token)
                if submitted is None:
                    return
                submitted.doom = reason
                ear = submitted.ear
            if ear is not None:
                self._tell(ear, token, reason)
        except Exception as error:
            print(f"The cancel of a call did not reach Celery: {error}", file=sys.stderr)
        if grace is not None:
            timer = threading.Timer(grace, self._end_by_force, [token])
            timer.daemon = True
            timer.start()

    def _tell(self, ear: str, token: str, reason: str) -> None:
        key = f"{PREFIX}ear:{ear}"
        with self._redis.pipeline() as pipe:
            pipe.rpush(key, json.dumps([token, reason])).expire(key, ALIVE_FOR).execute()

    def close(self) -> None:
        self._is_closing = True
        with self._lock:
            tokens = list(self._calls)
        keys = [f"{PREFIX}call:{token}" for token in tokens]
        self._redis.delete(f"{PREFIX}host:{self._id}", f"{PREFIX}replies:{self._id}", *keys)

    def _check(self, broker: str) -> None:
        try:
            self._redis.ping()
        except Exception as error:
            raise ClusterNotUsable(
                f"Nothing that celery() needs answers at {without_password(self._state_url)} ({error}). Start the "
                "Redis or Valkey, or correct the address."
            ) from None
        try:
            with self._app.connection_for_write(connect_timeout=10) as connection:
                connection.ensure_connection(max_retries=1, timeout=10)
        except Exception as error:
            raise ClusterNotUsable(
                f"No broker of Celery answers at {without_password(broker)} ({error}). Start it, or correct the "
                "address."
            ) from None

    # ---- in threads

    def _hear(self) -> None:
        key = f"{PREFIX}replies:{self._id}"
        while not self._is_closing:
            try:
                found = self._redis.blpop([key], timeout=BEAT)
                replies = [found[1], *(self._redis.lpop(key, REPLIES_AT_ONCE) or [])] if found else []
            except Exception as error:
                if not self._is_closing:
                    print(f"The replies of Celery's workers cannot be read: {error}", file=sys.stderr)
                    time.sleep(1)
                    self._forgive()
                continue
            for reply in replies:
                self._take(reply)

    def _forgive(self) -> None:
        """Restarts the measuring of silence, because replies could not be read for a while."""
        with self._lock:
            for submitted in self._calls.values():
                if submitted.heard_at is not None:
                    submitted.heard_at = time.monotonic()

    def _take(self, reply: bytes) -> None:
        header, parts = unpack(reply)
        token = header["token"]
        with self._lock:
            submitted = self._calls.get(token)
        if submitted is None:
            return
        submitted.heard_at = time.monotonic()
        match header["kind"]:
            case "begun":
                with self._lock:
                    submitted.ear = header["ear"]
                    doom = submitted.doom
                if doom is not None:
                    with suppress(Exception):
                        self._tell(header["ear"], token, doom)
            case "said":
                submitted.heard.said(header["number"], (parts[0], parts[1:]))
            case "ended":
                frames: list[Said] = []
                for count in header["counts"]:
                    frames.append((parts[0], parts[1 : 1 + count]))
                    parts = parts[1 + count :]
                self._end(token)
                submitted.heard.ended(frames)
            case "lost":
                self._lose(token, header["why"])

    def _watch(self) -> None:
        empty_at: float | None = None
        while not self._is_closing:
            time.sleep(BEAT)
            try:
                self._keep_alive()
                is_empty = self._queue_is_empty()
            except Exception as error:
                print(f"Celery's state cannot be reached: {error}", file=sys.stderr)
                empty_at = None
                continue
            now = time.monotonic()
            empty_at = (empty_at or now) if is_empty else None
            with self._lock:
                silent = [
                    token
                    for token, one in self._calls.items()
                    if one.heard_at is not None and now - one.heard_at > SILENCE
                ]
                waiting = {token: one for token, one in self._calls.items() if one.heard_at is None}
            for token in silent:
                self._lose(token, f"its Celery worker has been silent for {SILENCE:.0f} s.")
            if empty_at is not None:
                for token, one in waiting.items():
                    # A worker acknowledged the message, and died before the call began.
                    if now - max(empty_at, one.since) > SILENCE:
                        self._lose(token, f"no Celery worker has begun it, and the queue {self._queue} is empty.")

    def _queue_is_empty(self) -> bool:
        """False also if the broker cannot tell."""
        with self._app.connection_for_read() as connection:
            if connection.transport.driver_type != "redis":
                return False
            client = connection.default_channel.client
            return not client.llen(self._queue) and not client.hlen("unacked")

    def _keep_alive(self) -> None:
        with self._lock:
            waiting = [token for token, one in self._calls.items() if one.heard_at is None]
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(f"{PREFIX}host:{self._id}", "", ex=ALIVE_FOR)
            for token in waiting:
                pipe.expire(f"{PREFIX}call:{token}", ALIVE_FOR)
            pipe.execute()

    def _end(self, token: str) -> _Submitted | None:
        with self._lock:
            return self._calls.pop(token, None)

    def _lose(self, token: str, why: str) -> None:
        submitted = self._end(token)
        if submitted is not None:
            with suppress(Exception):
                self._redis.delete(f"{PREFIX}call:{token}")
            submitted.heard.lost(why)

    def _cancelled(self, token: str) -> None:
        submitted = self._end(token)
        if submitted is not None:
            submitted.heard.cancelled()

    def _end_by_force(self, token: str) -> None:
        if token not in self._calls:
            return
        with suppress(Exception):
            self._app.control.revoke(token, terminate=True, signal="SIGKILL")
        self._cancelled(token)


class _Submitted:
    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self.since = time.monotonic()
        self.heard_at: float | None = None
        """None until the call has begun."""
        self.ear: str | None = None
        """The id of the process that runs the call."""
        self.doom: str | None = None


def __getattr__(name: str) -> Any:
    """``app``, for ``celery -A selvage.clusters.celery worker``."""
    if name == "app":
        from .celery_worker import worker_app

        return worker_app()
    raise AttributeError(name)
