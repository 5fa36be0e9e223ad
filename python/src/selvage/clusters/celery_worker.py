"""A worker of Celery that runs bodies."""

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

from ..frames import Bytes, Header
from .celery_wire import BEAT, DEFAULT_QUEUE, EXTRA, KEPT_FOR, PREFIX, TASK_NAME, connect, make_app, pack, unpack_task
from .interface import ClusterNotUsable, Said, library
from .remote import cancel_here, run_task


def run_on_celery(token: str, host: str) -> None:
    process = _Process.here()
    data = process.redis.getdel(f"{PREFIX}call:{token}")
    if data is None:  # begun before, cancelled, or its host is gone
        return

    def live(number: int, frame: Said) -> None:
        with suppress(Exception):  # the answer contains the frame, too
            process.reply(host, {"token": token, "kind": "said", "number": number}, [frame[0], *frame[1]])

    process.begin(token, host)
    try:
        task = unpack_task(data, process.redis)
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
    """This process of a worker. Its thread sends signs of life of running calls, and receives cancels."""

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
        """One for each process, because children must not use their parent's connection."""
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
            pipe.rpush(key, pack(header, parts)).expire(key, KEPT_FOR).execute()

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
                        cancel_here({token: "shutdown"})  # its host is gone
            except Exception as error:
                print(f"selvage: {error}", file=sys.stderr)
                time.sleep(1)


def _tell_lost(exception: Any = None, kwargs: Any = None, **_: Any) -> None:
    """Reports a process that has died; called in its parent."""
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
    app = make_app(broker, queue or os.environ.get("SELVAGE_CELERY_QUEUE") or DEFAULT_QUEUE)
    app.task(name=TASK_NAME, max_retries=0, acks_late=False, ignore_result=True)(run_on_celery)
    return app


def work(broker: str | None, state: str | None, queue: str, concurrency: int | None) -> int:
    """Runs a worker until it is stopped. Returns the exit status."""
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
