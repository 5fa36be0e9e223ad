"""What the host asks of a cluster, and what it hears from it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypedDict
from urllib.parse import urlsplit, urlunsplit

from ..frames import Bytes, Header

Said: TypeAlias = tuple[bytes, Sequence[Bytes]]
"""A frame: the text of its header, in which ``"id":0`` stands for the call's, and its attachments."""


Part: TypeAlias = "Bytes | int"
"""Bytes, or the position of a shared part."""


class Task(TypedDict):
    """A call as it travels."""

    token: str
    """Of this call alone."""
    body: str
    inputs: dict[str, Part]
    """The JSON of each."""
    attachments: list[Part]
    context: Header


class ClusterNotUsable(Exception):
    """The cluster cannot be used. The message names its address and says what to do."""


class Heard(Protocol):
    """One call, as its cluster reports on it. All may be called from any thread."""

    def said(self, number: int, frame: Said) -> None:
        """What the body has said, by its number. May come twice, here and with the end."""

    def ended(self, frames: Sequence[Said]) -> None:
        """All that the body has said, and its answer as the last one."""

    def lost(self, why: str) -> None:
        """What ran it was lost."""

    def cancelled(self) -> None:
        """It was cancelled before it began, or did not end within its grace."""


class Cluster(Protocol):
    """Runs tasks, each at most once, and forgets each as soon as it has ended."""

    def submit(self, task: Task, shared: Sequence[Any], heard: Heard) -> None:
        """Hands a task on; returns at once. ``shared``: parts of it that ``share`` has taken."""

    def share(self, digest: str, data: Bytes) -> Any:
        """Brings a large part of tasks to the cluster, where it stays as long as what is returned is held."""

    def has(self, part: Any) -> bool:
        """Whether a shared part is still there."""

    def cancel(self, token: str, reason: str, grace: float | None) -> None:
        """Tells the body that its call is to end, or keeps it from beginning. ``grace`` in seconds: what goes on after
        it is ended by force where the cluster can do so, and ``cancelled`` is reported."""

    def close(self) -> None:
        """Ends what was started for it."""


def library(name: str, extra: str) -> Any:
    """
    :raises ClusterNotUsable: it is not installed
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ClusterNotUsable(
            f'{extra.partition("[")[0].capitalize()} is not installed here ({error}): pip install "{extra}".'
        ) from None


def workers_of(local: bool | dict[str, int]) -> int | None:
    """How many workers a cluster on this machine shall have; None where that is not said."""
    return local.get("workers") if isinstance(local, dict) else None


def without_password(address: str) -> str:
    """An address as messages show it."""
    parts = urlsplit(address)
    if parts.password is None:
        return address
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{parts.netloc.rpartition('@')[2]}"))
