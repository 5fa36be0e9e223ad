"""The structures of Arrow's C data interface, as far as they are read.

See https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

_Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Schema(ctypes.Structure):
    format: bytes
    name: bytes | None
    metadata: int | None
    n_children: int
    children: Any
    dictionary: Any


Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.POINTER(Schema)),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]


class Array(ctypes.Structure):
    length: int
    null_count: int
    offset: int
    n_buffers: int
    n_children: int
    buffers: Any
    children: Any
    dictionary: Any


Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.POINTER(Array)),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]


class _Stream(ctypes.Structure):
    get_schema: Any
    get_next: Any
    get_last_error: Any


_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]


def extension_of(schema: Schema) -> str | None:
    """The name of a field's extension type, which stands in its metadata; None for other types."""
    if not schema.metadata:
        return None
    place = schema.metadata

    def number() -> int:
        nonlocal place
        place += 4
        return ctypes.c_int32.from_address(place - 4).value

    def text() -> bytes:
        nonlocal place
        size = number()
        place += size
        return ctypes.string_at(place - size, size)

    pairs = {text(): text() for _ in range(number())}
    name = pairs.get(b"ARROW:extension:name")
    return None if name is None else name.decode("utf-8", "replace")


class Owned:
    """A structure whose producer is told when nobody reads it any more."""

    def __init__(self, structure: Any) -> None:
        self.it = structure

    def __del__(self) -> None:
        if self.it.release:
            self.it.release(ctypes.addressof(self.it))


_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]


def at(capsule: object, name: bytes, kind: Any) -> Any:
    """The structure in a capsule, which stays its owner."""
    structure = kind.from_address(_pointer_of(capsule, name))
    structure.capsule = capsule
    return structure


class Reader:
    """The schema and the batches of an ``__arrow_c_stream__``.

    :raises OSError: the producer failed
    """

    def __init__(self, source: Any) -> None:
        self._stream = at(source.__arrow_c_stream__(None), b"arrow_array_stream", _Stream)
        self._owned = Owned(Schema())
        self._call(self._stream.get_schema, self._owned.it)
        self.schema: Schema = self._owned.it

    def __iter__(self) -> Iterator[Owned]:
        while True:
            owned = Owned(Array())
            self._call(self._stream.get_next, owned.it)
            if not owned.it.release:
                return
            yield owned

    def _call(self, function: Any, into: Any) -> None:
        address = ctypes.addressof(self._stream)
        code = function(address, ctypes.byref(into))
        if code != 0:
            said = self._stream.get_last_error(address)
            raise OSError(code, said.decode("utf-8", "replace") if said else "the Arrow stream failed")
