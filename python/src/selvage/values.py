"""Encodes Python's objects as tagged JSON with bytes beside it, and decodes them.

============================  ================================================================================
Python                        as a value
============================  ================================================================================
None, bool, str, float        JSON; ``nan``, infinities and ``-0.0`` have a tag
int                           a number up to ±(2⁵³ - 1), else a ``bigint``
``BigInt``                    a ``bigint``, however small. A small ``bigint`` comes as one, to go back unchanged
bytes, bytearray, memoryview  bytes. They come as ``bytes``
list, tuple, NamedTuple       a list. Lists in sets and in keys of maps come as tuples
dict                          an object if all keys are text, else a map. A map comes as a ``Map``
set, frozenset                a set. It comes as a ``set``, in another one or in a key as a ``frozenset``
datetime (with a time zone)   a date, in UTC, its microseconds cut to milliseconds. It comes as one in UTC
date, time, Decimal, UUID     text, as ``isoformat`` and ``str`` write it
Path                          text
Enum                          the value of the member
dataclass, TypedDict          an object
pydantic's models             an object, by alias
numpy's arrays                ``{"mediaType": "application/x-npy", "data": bytes}``
tables of pyarrow, pandas,    a table, if the value is the result of a body; it comes as a ``pyarrow.Table``. Elsewhere
polars, DuckDB and others     ``{"mediaType": "application/vnd.apache.arrow.stream", "data": bytes}``
``StoredBytes``               a reference to bytes in the data store
============================  ================================================================================

``undefined`` comes as None. Other types, and a datetime without time zone, are refused with their path.
"""

from __future__ import annotations

import binascii
import dataclasses
import datetime as dt
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from math import copysign, isfinite
from pathlib import PurePath
from typing import Any, NamedTuple, NoReturn, Protocol, TypeAlias, TypeVar
from uuid import UUID

from . import arrays
from .errors import NotDecodable, NotEncodable
from .frames import MOST_ATTACHED, MOST_ATTACHMENTS, Bytes

K = TypeVar("K")
V = TypeVar("V")

Json: TypeAlias = Any
Path: TypeAlias = "tuple[Path, int | str | Part] | None"
"""Linked from the current part to the root, which is None. Steps are cheap, as only failures read them."""

TAG = "$type"
MAXIMUM_DEPTH = 1000
SAFE = 2**53 - 1
ATTACHED_FROM = 1024
"""Shorter bytes are written into the header."""


class BigInt(int):
    """A whole number that is a ``bigint`` in JavaScript, however small. Arithmetic returns plain ints."""


class Map(dict[K, V]):
    """A dict that is a ``Map`` in JavaScript, even if it is empty or all of its keys are text."""


@dataclasses.dataclass(frozen=True)
class StoredBytes:
    """A reference to bytes in the data store: ``Context.store`` makes it, ``Context.open`` reads it."""

    hash: str
    size: int
    media_type: str | None = None


class TableStore(Protocol):
    """Reads and stores tables. Both methods may refuse with a reason."""

    def read(self, manifest: Any, data: bytes | None, refuse: Callable[[str], NoReturn]) -> Any:
        """The ``pyarrow.Table`` of a manifest. ``data``: the file, if it came with the value."""

    def store(self, table: Any, refuse: Callable[[str], NoReturn]) -> dict[str, Any]:
        """The hash and the manifest of a table, and the ``bytes`` of its file if they travel with the value."""


class Part(NamedTuple):
    """A step into a map or a set, written as JavaScript would: ``.get("tea")``, ``.values()[3]``."""

    text: str


def path_text(path: Path) -> str:
    steps: list[str] = []
    while path is not None:
        path, step = path
        if isinstance(step, Part):
            steps.append(step.text)
        elif isinstance(step, int):
            steps.append(f"[{step}]")
        else:
            steps.append(f".{step}" if step.isidentifier() else f"[{_short(step)}]")
    steps.append("$")
    return "".join(steps[::-1]) if len(steps) <= 51 else "".join(steps[:-52:-1]) + "…"


def _short(key: object) -> str:
    text = f'"{key}"' if isinstance(key, str) else str(key)
    return text if len(text) <= 60 else text[:60] + "…"


# ---- encoding


def encode(value: object, *, inline: bool = False, tables: TableStore | None = None) -> tuple[Json, list[Bytes]]:
    """The value's tagged JSON, and its attachments.

    ``inline``: writes all bytes into the JSON. ``tables``: stores tables. Without it, they are bytes with a media type.

    :raises NotEncodable: with the path of the culprit
    """
    encoder = _Encoder(inline, tables)
    return encoder.encode(value, None), encoder.attachments


class _Encoder:
    def __init__(self, inline: bool, tables: TableStore | None) -> None:
        self.attachments: list[Bytes] = []
        self._tables = tables
        self._attached = 0
        self._inline = inline
        self._open: set[int] = set()
        """The containers around the current part."""

    def encode(self, value: Any, path: Path) -> Json:
        kind = type(value)
        if kind is str:
            if not value.isascii():
                _check_text(value, path)
            return value
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -SAFE <= value <= SAFE else self._bigint(value, path)
        if kind is float:
            return self._float(value)
        if kind is dict:
            return self._within(value, path, self._dict)
        if kind is list or kind is tuple:
            return self._within(value, path, self._list)
        return self._other(value, path)

    def _other(self, value: Any, path: Path) -> Json:
        match value:
            case Enum():
                return self.encode(value.value, path)
            case BigInt():
                return self._bigint(value, path)
            case int():
                return self.encode(int(value), path)
            case float():
                return self._float(float(value))
            case str():
                return self.encode(str.__str__(value), path)
            case bytes() | bytearray() | memoryview():
                return self._bytes(value, path)
            case dt.datetime():
                return self._datetime(value, path)
            case dt.date() | dt.time():
                return value.isoformat()
            case Decimal() | UUID() | PurePath():
                return self.encode(str(value), path)
            case Map():
                return self._within(value, path, self._map)
            case dict():
                return self._within(value, path, self._dict)
            case list() | tuple():
                return self._within(value, path, self._list)
            case set() | frozenset():
                return self._within(value, path, self._set)
            case StoredBytes():
                stored = {"hash": value.hash, "size": value.size}
                if value.media_type is not None:
                    stored["mediaType"] = value.media_type
                return {TAG: "stored", "value": stored}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._within(value, path, self._dataclass)
        pydantic = sys.modules.get("pydantic")
        if pydantic is not None and isinstance(value, pydantic.BaseModel):
            return self.encode(value.model_dump(by_alias=True), path)
        if self._tables is not None and arrays.is_table(value):
            told = self._tables.store(value, lambda why: _refuse(path, why))
            if "bytes" in told:
                told["bytes"] = self._bytes(told["bytes"], path)
            return {TAG: "table", "value": told}
        plain = arrays.plain_of(value, lambda why: _refuse(path, why))
        if plain is not None:
            return self.encode(plain, path)
        name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
        _refuse(path, f"a {name} is no value. Return plain data: lists, dicts, dataclasses, bytes")

    def _within(self, value: Any, path: Path, encode: Callable[[Any, Path], Json]) -> Json:
        if id(value) in self._open:
            _refuse(path, "it contains itself. Refer to the outer value by a key or an index")
        if len(self._open) >= MAXIMUM_DEPTH:
            _refuse(path, f"it lies deeper than {MAXIMUM_DEPTH} levels. Make the value flatter")
        self._open.add(id(value))
        try:
            return encode(value, path)
        finally:
            self._open.discard(id(value))

    def _list(self, value: Sequence[Any], path: Path) -> Json:
        return [self.encode(item, (path, i)) for i, item in enumerate(value)]

    def _dict(self, value: Mapping[Any, Any], path: Path) -> Json:
        names = [key if type(key) is str else _text_of_key(key) for key in value]
        if None in names:
            return self._map(value, path)
        encoded: dict[str, Json] = {}
        for name, item in zip(names, value.values(), strict=True):
            if not name.isascii():
                _check_text(name, path)
            if name in encoded:
                _refuse(path, f"two of its keys are the text {_short(name)}")
            encoded[name] = self.encode(item, (path, name))
        return {TAG: "object", "value": encoded} if TAG in encoded else encoded

    def _map(self, value: Mapping[Any, Any], path: Path) -> Json:
        pairs = []
        for i, (key, item) in enumerate(value.items()):
            encoded = self.encode(key, (path, Part(f".keys()[{i}]")))
            pairs.append([encoded, self.encode(item, (path, Part(f".get({_short(key)})")))])
        return {TAG: "map", "value": pairs}

    def _set(self, value: Any, path: Path) -> Json:
        members = [self.encode(item, (path, Part(f".values()[{i}]"))) for i, item in enumerate(value)]
        return {TAG: "set", "value": members}

    def _dataclass(self, value: Any, path: Path) -> Json:
        return self._dict({field.name: getattr(value, field.name) for field in dataclasses.fields(value)}, path)

    def _bigint(self, value: int, path: Path) -> Json:
        try:
            return {TAG: "bigint", "value": int.__repr__(value)}
        except ValueError as error:
            _refuse(path, f"the number is too long ({error})")

    def _float(self, value: float) -> Json:
        if isfinite(value) and (value != 0 or copysign(1, value) > 0):
            return value
        name = "-0" if value == 0 else "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        return {TAG: "number", "value": name}

    def _datetime(self, value: dt.datetime, path: Path) -> Json:
        if value != value:
            _refuse(path, "NaT is no moment. Use None")
        if value.utcoffset() is None:
            _refuse(
                path,
                "a datetime without time zone is no moment. Say which it is in: "
                "datetime.now(timezone.utc), or value.astimezone() for local time",
            )
        try:
            utc = value.astimezone(dt.UTC)
        except (OverflowError, ValueError) as error:
            _refuse(path, f"the datetime is none in UTC ({error})")
        return {TAG: "date", "value": _iso_of(utc)}

    def _bytes(self, value: Bytes, path: Path) -> Json:
        if isinstance(value, memoryview):
            value = value.cast("B") if value.c_contiguous else value.tobytes()
        size = len(value)
        if self._inline or size < ATTACHED_FROM or len(self.attachments) == MOST_ATTACHMENTS:
            return {TAG: "bytes", "value": b64encode(value).decode()}
        self._attached += size
        if self._attached > MOST_ATTACHED:
            _refuse(path, "the bytes of the value are more than 2 GiB together. Store them by ctx.store")
        self.attachments.append(value)
        return {TAG: "attachment", "value": len(self.attachments) - 1}


def _text_of_key(key: Any) -> Any:
    """The key as text; None for other keys, with which a dict becomes a map."""
    if isinstance(key, Enum):
        return _text_of_key(key.value)
    if isinstance(key, dt.datetime):
        return None
    return str(key) if isinstance(key, (str, dt.date, dt.time, Decimal, UUID, PurePath)) else None


def _check_text(text: str, path: Path) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse(path, "it has a lone surrogate. Keep text that is not valid Unicode as bytes")


def _iso_of(utc: dt.datetime) -> str:
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _refuse(path: Path, why: str) -> NoReturn:
    raise NotEncodable(f"The value at {path_text(path)} cannot be encoded: {why}.")


# ---- decoding

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_BIGINT = re.compile(r"0|-?[1-9][0-9]*")
_HASH = re.compile(r"bytes-sha256:[0-9a-f]{64}")
_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "-0": -0.0}


def decode(json: Json, attachments: Sequence[bytes] = (), path: Path = None, tables: TableStore | None = None) -> Any:
    """The value of tagged JSON. ``tables``: reads tables; without it, they are refused.

    :raises NotDecodable: with the path of a part without an equivalent in Python
    """
    return _Decoder(attachments, tables).decode(json, path, False)


class _Decoder:
    def __init__(self, attachments: Sequence[bytes], tables: TableStore | None) -> None:
        self._attachments = attachments
        self._tables = tables

    def decode(self, json: Json, path: Path, hashable: bool) -> Any:
        """``hashable``: within a set or a key, where lists become tuples, and sets frozen sets."""
        if isinstance(json, dict):
            if TAG in json:
                return self._tagged(json, path, hashable)
            return self._object(json, path, hashable)
        if isinstance(json, list):
            items = [self.decode(item, (path, i), hashable) for i, item in enumerate(json)]
            return tuple(items) if hashable else items
        if type(json) is int and not -SAFE <= json <= SAFE:
            try:
                return float(json)  # numbers are doubles, even if they look like integers
            except OverflowError:
                _undecodable(path, "is a number that no double is")
        return json

    def _object(self, json: dict[str, Json], path: Path, hashable: bool) -> Any:
        if hashable:
            _undecodable(path, "is an object in a set or in the key of a map, where Python has no dicts")
        return {key: self.decode(item, (path, key), False) for key, item in json.items()}

    def _tagged(self, json: dict[str, Json], path: Path, hashable: bool) -> Any:
        tag, value = json[TAG], json.get("value")
        if tag == "undefined" and len(json) == 1:
            return None
        if not isinstance(tag, str) or len(json) != 2 or "value" not in json:
            _undecodable(path, f"has a malformed tag: {_short(json)}")
        if tag.startswith("class:"):
            _undecodable(
                path,
                f"was written by the worker's codec {_short(tag[6:])}, which Python has not. "
                "Let a knot in TypeScript make plain data of it",
            )
        match tag, value:
            case "attachment", int() if type(value) is int and 0 <= value < len(self._attachments):
                return self._attachments[value]
            case "bytes", str():
                data = _from_base64(value)
                if data is not None:
                    return data
            case "date", str() if _DATE.fullmatch(value):
                return self._date(value, path)
            case "bigint", str() if _BIGINT.fullmatch(value):
                return self._bigint(value, path)
            case "number", str() if value in _NUMBERS:
                return _NUMBERS[value]
            case "object", dict():
                return self._object(value, path, hashable)
            case "map", list() if all(isinstance(pair, list) and len(pair) == 2 for pair in value):
                return self._map(value, path, hashable)
            case "set", list():
                members = [self.decode(item, (path, Part(f".values()[{i}]")), True) for i, item in enumerate(value)]
                decoded = frozenset(members) if hashable else set(members)
                if len(decoded) < len(members):
                    _undecodable(path, "is a set with members that are equal, at least in Python")
                return decoded
            case "stored", {"hash": str() as hash, "size": int() as size, **more}:
                media_type = more.pop("mediaType", None)
                if (
                    not more
                    and size >= 0
                    and _HASH.fullmatch(hash)
                    and (media_type is None or isinstance(media_type, str))
                ):
                    return StoredBytes(hash, size, media_type)
            case "table", {"manifest": dict() as manifest, **more} if self._tables is not None:
                data = self.decode(more.get("bytes"), (path, "bytes"), False)
                return self._tables.read(manifest, data, lambda why: _undecodable(path, why))
        _undecodable(path, f"has a tag that is none: {_short(json)}")

    def _map(self, pairs: list[Any], path: Path, hashable: bool) -> Any:
        if hashable:
            _undecodable(path, "is a map in a set or in the key of a map, where Python has no dicts")
        decoded: Map[Any, Any] = Map()
        for i, (key, item) in enumerate(pairs):
            name = self.decode(key, (path, Part(f".keys()[{i}]")), True)
            decoded[name] = self.decode(item, (path, Part(f".get({_short(name)})")), False)
        if len(decoded) < len(pairs):
            _undecodable(path, "is a map with keys that are equal, at least in Python (1 and true are)")
        return decoded

    def _date(self, text: str, path: Path) -> dt.datetime:
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError as error:
            _undecodable(path, f"is no date: {text} ({error})")

    def _bigint(self, text: str, path: Path) -> int:
        try:
            number = int(text)
        except ValueError as error:
            _undecodable(path, f"is too long a number ({error})")
        return BigInt(number) if -SAFE <= number <= SAFE else number


def _from_base64(text: str) -> bytes | None:
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # With stray bits at the end, the same bytes would have several texts.
    return data if b64encode(data).decode() == text else None


def _undecodable(path: Path, why: str) -> NoReturn:
    raise NotDecodable(f"The value at {path_text(path)} {why}.")
