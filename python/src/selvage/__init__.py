"""Python bodies for Selvage: functions that knots of a tapestry run in a Python process beside the worker."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

from .bodies import knot
from .context import Context, Logger
from .errors import Cancelled, InvalidInput, NotDecodable, NotEncodable, NotHashable, Retryable, Terminal, WorkerError
from .outcomes import Err, ErrorInfo, Ok, Outcome, Skipped
from .values import BigInt, Map, StoredBytes

if TYPE_CHECKING:
    from .tables import Manifest, table_hash, table_manifest

__all__ = [
    "BigInt",
    "Cancelled",
    "Context",
    "Err",
    "ErrorInfo",
    "InvalidInput",
    "Logger",
    "Manifest",
    "Map",
    "NotDecodable",
    "NotEncodable",
    "NotHashable",
    "Ok",
    "Outcome",
    "Retryable",
    "Skipped",
    "StoredBytes",
    "Terminal",
    "WorkerError",
    "knot",
    "table_hash",
    "table_manifest",
]


def __getattr__(name: str) -> Any:
    # Most processes hash no table, so they do not load what reads Arrow's memory.
    if name in ("Manifest", "table_hash", "table_manifest"):
        from . import tables

        return getattr(tables, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
