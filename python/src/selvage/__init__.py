"""Python bodies for Selvage: functions that knots of a tapestry run in a Python process beside the worker."""

__version__ = "0.1.0"

from .bodies import knot
from .context import Context, Logger
from .errors import Cancelled, InvalidInput, NotDecodable, NotEncodable, NotHashable, Retryable, Terminal, WorkerError
from .outcomes import Err, ErrorInfo, Ok, Outcome, Skipped
from .tables import Manifest, table_hash, table_manifest
from .values import BigInt, Map, StoredBytes

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
