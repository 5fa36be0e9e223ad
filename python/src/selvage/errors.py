"""The errors of bodies and the host, and the description of an exception for the worker."""

from __future__ import annotations

import importlib
import math
import os
import sys
import sysconfig
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = f"{Path(__file__).parent}{os.sep}"
STDLIB = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
IMPORTLIB = importlib.__file__
INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

MOST_CAUSES = 8
"""Most causes and members of groups in a description. The worker keeps no more."""

MOST_FRAMES = 60
"""Of a longer traceback, only the outermost and innermost frames are described."""


class Terminal(Exception):
    """Raise it if no retry can help."""


class Retryable(Exception):
    """Raise it for another attempt after a time of your choice, if the knot's ``retry`` allows one.

    ``after``: seconds or a ``timedelta``; if omitted, the knot's ``retry`` decides.
    """

    def __init__(self, *args: object, after: float | timedelta | None = None) -> None:
        super().__init__(*args)
        self.after = after.total_seconds() if isinstance(after, timedelta) else after


class Cancelled(Exception):
    """The call must end: its run was cancelled, its time is over, or the worker stops."""


class NotEncodable(Exception):
    """The result cannot be encoded. The message names the path of the culprit."""


class NotHashable(Exception):
    """A table has no hash. The message names the column, and the type or the value."""


class NotDecodable(Exception):
    """An input has no equivalent in Python. The message names its path."""


class InvalidInput(Exception):
    """Inputs do not fit the body's types. The message names the path."""


class BodyMissing(Exception):
    """No body has the called name."""


class WorkerError(Exception):
    """The worker reported an error of a stream. ``type`` is its name there, such as ``ValueDamaged``."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type


def describe_error(error: BaseException) -> dict[str, Any]:
    """The error in the form of the protocol: type, message, traceback, place, causes."""
    return _describe(error, set())


def _describe(error: BaseException, told: set[int]) -> dict[str, Any]:
    told.add(id(error))
    name = error.type if isinstance(error, WorkerError) else type(error).__name__
    message = _message_of(error)
    frames = _frames_of(error)
    lines = [f"    at {function} ({file}:{line})" for function, file, line in frames]
    if len(lines) > MOST_FRAMES:
        half = MOST_FRAMES // 2
        lines[half:-half] = [f"    … {len(lines) - MOST_FRAMES} frames more"]
    info: dict[str, Any] = {
        "type": name,
        "message": message,
        "traceback": "\n".join([f"{name}: {message}" if message else name, *lines]),
    }
    for _, file, line in frames:
        if _is_of_user(file):
            info["at"] = f"{file}:{line}"
            break
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    if cause is not None and id(cause) not in told and len(told) <= MOST_CAUSES:
        info["cause"] = _describe(cause, told)
    if isinstance(error, BaseExceptionGroup):
        members = []
        for member in error.exceptions:
            if id(member) not in told and len(told) <= MOST_CAUSES:
                members.append(_describe(member, told))
        info["errors"] = members
    if isinstance(error, Terminal):
        info["isTerminal"] = True
    if isinstance(error, Retryable) and error.after is not None and math.isfinite(error.after):
        info["retryAfter"] = max(0, round(error.after * 1000))
    return info


def user_files(error: BaseException | None = None) -> list[str]:
    """The user's own loaded files, and the files in the error's traceback. An edit of any may change bodies."""
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    if error is not None:
        files.update(file for _, file, _ in _frames_of(error))
    return sorted(
        file
        for file in files
        if file
        and Path(file).is_absolute()
        and not file.startswith(HERE)
        and file.endswith(".py")
        and _is_of_user(file)
    )


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failure:  # `__str__` of a user's class may fail
        return f"(its message cannot be made: {type(failure).__name__})"


def _frames_of(error: BaseException) -> list[tuple[str, str, int]]:
    """Function, file and line, innermost first, without the frames of this package and of the import system."""
    frames = []
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith((HERE, IMPORTLIB, "<frozen importlib")):
            # A cleared traceback has no line.
            frames.append((code.co_qualname, code.co_filename, trace.tb_lineno or 0))
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        frames.append(("<module>", error.filename, error.lineno))
    frames.reverse()
    return frames


def _is_of_user(file: str) -> bool:
    return not (file.startswith(("<", *STDLIB)) or any(part in file for part in INSTALLED))
