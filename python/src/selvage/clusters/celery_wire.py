"""Shared by both sides of Celery: names of keys, the form of calls and replies, the application."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..frames import Bytes, Header, text_of
from .interface import ClusterNotUsable, Task, library, without_password

EXTRA = "celery[redis]"
PREFIX = "selvage:celery:"
TASK_NAME = "selvage.run"
DEFAULT_QUEUE = "selvage"
BEAT = 5
"""Seconds between two signs of life of a running body."""
SILENCE = 30.0
"""Seconds without a sign of life after which a worker is lost."""
ALIVE_FOR = 60
"""Seconds that a host's calls and its sign of life outlive the host."""
KEPT_FOR = 3_600
REPLIES_AT_ONCE = 100


def make_app(broker: str, queue: str) -> Any:
    from celery import Celery

    app = Celery("selvage", broker=redis_url(broker), set_as_current=False)
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
    return app


def connect(url: str) -> Any:
    """
    :raises ClusterNotUsable: the URL is not of Redis or Valkey
    """
    redis = library("redis", EXTRA)
    try:
        return redis.Redis.from_url(
            redis_url(url), socket_connect_timeout=10, socket_timeout=6 * BEAT, health_check_interval=30
        )
    except ValueError:
        raise ClusterNotUsable(
            f"celery() keeps its calls in a Redis or Valkey, and {without_password(url)} is none: name one, as by "
            "celery({ broker, state: 'redis://host:6379/0' })."
        ) from None


def redis_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme) + separator + rest


def pack(header: Header, parts: Sequence[Bytes]) -> bytes:
    text = text_of(header, parts)
    return b"".join([len(text).to_bytes(4, "big"), text, *parts])


def unpack(data: bytes) -> tuple[Header, list[bytes]]:
    start = 4 + int.from_bytes(data[:4], "big")
    header = json.loads(data[4:start])
    parts = []
    for size in header.get("attachments", []):
        parts.append(data[start : start + size])
        start += size
    return header, parts


def pack_task(task: Task, shared: Sequence[str]) -> bytes:
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
    return pack(header, parts)


def unpack_task(data: bytes, redis: Any) -> Task | None:
    header, parts = unpack(data)

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
