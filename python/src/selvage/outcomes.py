"""Outcomes of parents, for bodies that receive them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class ErrorInfo:
    """An error of a body in any language, as the worker reports it."""

    type: str
    message: str
    traceback: str | None = None
    at: str | None = None
    cause: ErrorInfo | None = None
    errors: tuple[ErrorInfo, ...] = ()

    @staticmethod
    def of(told: dict[str, Any]) -> ErrorInfo:
        cause = told.get("cause")
        return ErrorInfo(
            type=str(told.get("type", "Error")),
            message=str(told.get("message", "")),
            traceback=told.get("traceback"),
            at=told.get("at"),
            cause=None if cause is None else ErrorInfo.of(cause),
            errors=tuple(ErrorInfo.of(member) for member in told.get("errors", ())),
        )


@dataclass(frozen=True)
class Ok(Generic[T]):
    """The parent has a value."""

    value: T


@dataclass(frozen=True)
class Err:
    """The parent failed."""

    error: ErrorInfo


@dataclass(frozen=True)
class Skipped:
    """The parent did not run: ``reason`` is ``parent_failed_or_skipped``, ``gate_closed``, …"""

    reason: str


Outcome: TypeAlias = Ok[T] | Err | Skipped
