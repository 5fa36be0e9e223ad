"""The interface between the host and a cluster."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypedDict
from urllib.parse import urlsplit, urlunsplit

from ..frames import Bytes, Header

Said: TypeAlias = tuple[bytes, Sequence[Bytes]]
"""A frame: the text of its header, with ``"id":0`` in place of the call's id, and its attachments."""


Part: TypeAlias = "Bytes | int"
"""Bytes, or the position of a shared part."""


class Task(TypedDict):
    """A call in transit."""

    token: str
    """Unique to this call."""
    body: str
    inputs: dict[str, Part]
    """JSON texts."""
    attachments: list[Part]
    context: Header


class ClusterNotUsable(Exception):
    """The cluster cannot be used. The message names its address and says what to do."""


class Heard(Protocol):
    """Receives a cluster's reports on one call. Any thread may call it."""

    def said(self, number: int, frame: Said) -> None:
        """A frame of the body, and its number. It comes again with the end."""

    def ended(self, frames: Sequence[Said]) -> None:
        """All frames of the body; the last one is its answer."""

    def lost(self, why: str) -> None:
        """The process of the call was lost."""

    def cancelled(self) -> None:
        """The call was cancelled before it began, or did not end within its grace."""


class Cluster(Protocol):
    """Runs tasks, each at most once, and forgets each as soon as it has ended."""

    def submit(self, task: Task, shared: Sequence[Any], heard: Heard) -> None:
        """Hands a task on; returns at once. ``shared``: parts of it, as ``share`` returned them."""

    def share(self, digest: str, data: Bytes) -> Any:
        """Brings a large part of tasks to the cluster. It stays there while the returned object is referenced."""

    def has(self, part: Any) -> bool:
        """Whether the cluster still has a shared part."""

    def cancel(self, token: str, reason: str, grace: float | None) -> None:
        """Cancels a running call, or keeps it from beginning. If it goes on for ``grace`` seconds, the cluster reports
        ``cancelled``, and ends it by force if possible."""

    def close(self) -> None:
        """Ends everything that was started for the cluster."""


def library(name: str, extra: str) -> Any:
    """
    :raises ClusterNotUsable: the library is not installed
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ClusterNotUsable(
            f'{extra.partition("[")[0].capitalize()} is not installed here ({error}): pip install "{extra}".'
        ) from None


def workers_of(local: bool | dict[str, int]) -> int | None:
    """The number of workers for a cluster on this machine; None if not given."""
    return local.get("workers") if isinstance(local, dict) else None


def without_password(address: str) -> str:
    """An address for messages."""
    parts = urlsplit(address)
    if parts.password is None:
        return address
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{parts.netloc.rpartition('@')[2]}"))
