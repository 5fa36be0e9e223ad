"""Descriptions of exceptions, without a host."""

from __future__ import annotations

from typing import Any

from selvage import Retryable
from selvage.errors import describe_error


def count(told: dict[str, Any]) -> int:
    inner = [*told.get("errors", []), *([told["cause"]] if "cause" in told else [])]
    return 1 + sum(map(count, inner))


def test_causes_that_go_round_are_told_once() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert count(describe_error(first)) == 2


def test_eight_causes_are_told() -> None:
    error: BaseException = ValueError("innermost")
    for i in range(20):
        outer = ValueError(str(i))
        outer.__cause__ = error
        error = outer
    assert count(describe_error(error)) == 9
    assert count(describe_error(ExceptionGroup("many", [ValueError(str(i)) for i in range(20)]))) == 9


def test_errors_without_message_or_trace_are_told() -> None:
    assert describe_error(ValueError()) == {"type": "ValueError", "message": "", "traceback": "ValueError"}


def test_the_wait_of_a_retry_is_in_milliseconds() -> None:
    assert describe_error(Retryable("busy", after=0.25))["retryAfter"] == 250
    for nothing in (None, float("nan"), float("inf")):
        assert "retryAfter" not in describe_error(Retryable("busy", after=nothing))
