"""Celery: each call is a message of its own, and all else goes through Redis or Valkey.

Keys, all below ``selvage:celery:``:

======================  ==================================================================================
``call:<token>``        the call, until it begins. Who takes it away begins it: nobody else does
``part:<hash>``         a large part of calls
``host:<id>``           there as long as the host is
``replies:<id>``        a list: what workers say to the host
``ear:<id>``            a list: what hosts say to a process of a worker, which is that calls are to end
======================  ==================================================================================

Celery acknowledges a message before it runs. So nothing is delivered again because it takes long, whatever the
broker's visibility timeout; what is delivered twice for another reason finds its call begun, and does nothing. A worker
that dies is found by its silence.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar
from uuid import uuid4

from ..frames import Bytes, Header, text_of
from .interface import Cluster, ClusterNotUsable, Heard, Said, Task, library, without_password
from .remote import cancel_here, run_task

EXTRA = "celery[redis]"
PREFIX = "selvage:celery:"
TASK_NAME = "selvage.run"
DEFAULT_QUEUE = "selvage"
BEAT = 5
"""Seconds between two signs of life of a body that runs."""
SILENCE = 30.0
"""Seconds without one after which its worker is lost."""
ALIVE_FOR = 60
"""Seconds that calls and the sign of life of a host outlive it."""
KEPT_FOR = 3_600
REPLIES_AT_ONCE = 100


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
            self._redis.set(f"{PREFIX}call:{token}", _pack_task(task, shared), ex=ALIVE_FOR)
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
            if self._redis.getdel(f"{PREFIX}call:{token}") is not None:  # it has not begun, and never does
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
        """Who could not be heard has not been silent."""
        with self._lock:
            for submitted in self._calls.values():
                if submitted.heard_at is not None:
                    submitted.heard_at = time.monotonic()

    def _take(self, reply: bytes) -> None:
        header, parts = _unpack(reply)
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
                    # The message was acknowledged, and whoever did so died before it began.
                    if now - max(empty_at, one.since) > SILENCE:
                        self._lose(token, f"no Celery worker has begun it, and the queue {self._queue} is empty.")

    def _queue_is_empty(self) -> bool:
        """False also where it cannot be known."""
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
        """None until it has begun."""
        self.ear: str | None = None
        """The process that runs it."""
        self.doom: str | None = None


# ---- on both sides


def make_app(broker: str, queue: str) -> Any:
    from celery import Celery

    app = Celery("selvage", broker=_redis_url(broker), set_as_current=False)
    app.conf.update(
        task_default_queue=queue,
        task_acks_late=False,
        task_reject_on_worker_lost=False,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
    )
    app.task(name=TASK_NAME, max_retries=0, acks_late=False, ignore_result=True)(run_on_celery)
    return app


def connect(url: str) -> Any:
    """
    :raises ClusterNotUsable: it is no Redis or Valkey
    """
    redis = library("redis", EXTRA)
    try:
        return redis.Redis.from_url(
            _redis_url(url), socket_connect_timeout=10, socket_timeout=6 * BEAT, health_check_interval=30
        )
    except ValueError:
        raise ClusterNotUsable(
            f"celery() keeps its calls in a Redis or Valkey, and {without_password(url)} is none: name one, as by "
            "celery({ broker, state: 'redis://host:6379/0' })."
        ) from None


def _redis_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme) + separator + rest


def _pack(header: Header, parts: Sequence[Bytes]) -> bytes:
    text = text_of(header, parts)
    return b"".join([len(text).to_bytes(4, "big"), text, *parts])


def _unpack(data: bytes) -> tuple[Header, list[bytes]]:
    start = 4 + int.from_bytes(data[:4], "big")
    header = json.loads(data[4:start])
    parts = []
    for size in header.get("attachments", []):
        parts.append(data[start : start + size])
        start += size
    return header, parts


def _pack_task(task: Task, shared: Sequence[str]) -> bytes:
    parts: list[Bytes] = []

    def where(part: Bytes | int) -> Any:
        if isinstance(part, int):
            return shared[part]
        parts.append(part)
        return len(parts) - 1

    header: Header = {
        **task,
        "inputs": {name: where(part) for name, part in task["inputs"].items()},
        "attached": [where(part) for part in task["attachments"]],
    }
    return _pack(header, parts)


def _unpack_task(data: bytes, redis: Any) -> Task | None:
    header, parts = _unpack(data)

    def found(where: Any) -> bytes:
        part = redis.get(f"{PREFIX}part:{where}") if isinstance(where, str) else parts[where]
        if part is None:
            raise LookupError
        return bytes(part)

    try:
        return {
            "token": header["token"],
            "body": header["body"],
            "inputs": {name: found(where) for name, where in header["inputs"].items()},
            "attachments": [found(where) for where in header["attached"]],
            "context": header["context"],
        }
    except LookupError:
        return None


# ---- on the workers


def run_on_celery(token: str, host: str) -> None:
    process = _Process.here()
    data = process.redis.getdel(f"{PREFIX}call:{token}")
    if data is None:  # it has begun before, was cancelled, or its host is gone
        return

    def live(number: int, frame: Said) -> None:
        with suppress(Exception):  # it comes again with the answer
            process.reply(host, {"token": token, "kind": "said", "number": number}, [frame[0], *frame[1]])

    process.begin(token, host)
    try:
        task = _unpack_task(data, process.redis)
        if task is None:
            why = "a large part of its inputs is no longer in Redis."
            process.reply(host, {"token": token, "kind": "lost", "why": why})
            return
        frames = run_task(task, [], live)
    finally:
        process.end(token)
    counts = [len(attachments) for _, attachments in frames]
    parts = [part for text, attachments in frames for part in (text, *attachments)]
    process.reply(host, {"token": token, "kind": "ended", "counts": counts}, parts)


class _Process:
    """This process of a worker: its thread gives signs of life for what runs, and hears what is to end."""

    _all: ClassVar[dict[int, _Process]] = {}
    _making = threading.Lock()
    state = ""
    """The URL of the Redis, the same in all processes."""

    def __init__(self) -> None:
        self.redis = connect(self.state)
        self._ear = uuid4().hex
        self._running: dict[str, str] = {}
        """The hosts of calls, by token."""
        threading.Thread(target=self._live, name="selvage-live", daemon=True).start()

    @classmethod
    def here(cls) -> _Process:
        """What the parent has made is not for its children."""
        with cls._making:
            if os.getpid() not in cls._all:
                cls._all[os.getpid()] = cls()
            return cls._all[os.getpid()]

    def begin(self, token: str, host: str) -> None:
        self._running[token] = host
        self.reply(host, {"token": token, "kind": "begun", "ear": self._ear})

    def end(self, token: str) -> None:
        del self._running[token]

    def reply(self, host: str, header: Header, parts: Sequence[Bytes] = ()) -> None:
        key = f"{PREFIX}replies:{host}"
        with self.redis.pipeline(transaction=False) as pipe:
            pipe.rpush(key, _pack(header, parts)).expire(key, KEPT_FOR).execute()

    def _live(self) -> None:
        while True:
            try:
                found = self.redis.blpop([f"{PREFIX}ear:{self._ear}"], timeout=BEAT)
                if found is not None:
                    token, reason = json.loads(found[1])
                    cancel_here({token: reason})
                for token, host in list(self._running.items()):
                    if self.redis.exists(f"{PREFIX}host:{host}"):
                        self.reply(host, {"token": token, "kind": "beat"})
                    else:
                        cancel_here({token: "shutdown"})  # nobody waits for it
            except Exception as error:
                print(f"selvage: {error}", file=sys.stderr)
                time.sleep(1)


def _tell_lost(exception: Any = None, kwargs: Any = None, **_: Any) -> None:
    """In the parent, of a process that has died."""
    from billiard.exceptions import Terminated, TimeLimitExceeded, WorkerLostError

    if isinstance(exception, (Terminated, TimeLimitExceeded, WorkerLostError)) and kwargs:
        why = f"the process of its Celery worker has died: {exception}"
        with suppress(Exception):
            _Process.here().reply(kwargs["host"], {"token": kwargs["token"], "kind": "lost", "why": why})


def worker_app(broker: str | None = None, state: str | None = None, queue: str | None = None) -> Any:
    """
    :raises ClusterNotUsable:
    """
    library("celery", EXTRA)
    from celery import signals

    broker = broker or os.environ.get("CELERY_BROKER_URL")
    if broker is None:
        raise ClusterNotUsable("No broker is named: say --broker redis://host:6379/0, or set CELERY_BROKER_URL.")
    _Process.state = state or os.environ.get("SELVAGE_CELERY_STATE") or broker
    connect(_Process.state)
    signals.task_failure.connect(_tell_lost, weak=False)
    return make_app(broker, queue or os.environ.get("SELVAGE_CELERY_QUEUE") or DEFAULT_QUEUE)


def __getattr__(name: str) -> Any:
    """``app``, for ``celery -A selvage.clusters.celery worker``."""
    if name == "app":
        return worker_app()
    raise AttributeError(name)


def work(broker: str | None, state: str | None, queue: str, concurrency: int | None) -> int:
    """Runs a worker until it is told to end. Returns the exit status."""
    try:
        app = worker_app(broker, state, queue)
    except ClusterNotUsable as error:
        print(f"selvage celery-worker: {error}", file=sys.stderr)
        return 2
    arguments = ["worker", "--loglevel=WARNING", "--without-gossip", "--without-mingle", "-O", "fair", "-Q", queue]
    if concurrency is not None:
        arguments += ["--concurrency", str(concurrency)]
    app.worker_main(arguments)
    return 0
