"""The hash of a table's content, ``table-sha256``: see docs/table-hash.md.

Tables are read by the Arrow C stream interface, so the same rows have the same hash in every library that has it. A run
of rows of a column becomes a ``Part``: the one form of its type, in which null slots hold nothing. A block of 65,536
rows is hashed from parts, whatever the borders of batches.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypedDict

from .arrow import Array, Owned, Reader, Schema, extension_of
from .errors import NotHashable

BLOCK = 65_536
MOST_PARTS = 64
"""More parts are joined, because batches may have one row each."""
FORMAT = "selvage.table.v1"
UTC = ("UTC", "Etc/UTC", "Z", "+00:00")

Numbers = Any
"""An array of numpy, which is imported at first use."""

np: Any = None


def _import_numpy() -> None:
    global np
    if np is None:
        try:
            import numpy
        except ImportError:
            raise ImportError("Tables are hashed by numpy, which is not installed: pip install numpy") from None
        np = numpy


class Column(TypedDict):
    hash: str
    name: str
    type: str


class Manifest(TypedDict):
    """What identifies a table. ``blocks`` has, for each column, its blocks' digests in base64."""

    hash: str
    rows: int
    columns: list[Column]
    blocks: list[str]


def table_hash(table: Any) -> str:
    """The hash of a table's content, ``table-sha256:…``: the same in all libraries.

    ``table``: a Table, RecordBatch or RecordBatchReader of pyarrow, a DataFrame of pandas or polars, a relation of
    DuckDB, or anything with ``__arrow_c_stream__``. A stream that can be read once is consumed.

    :raises NotHashable: a column has a type or a value without a hash; the message names it
    :raises TypeError: the object is no table
    """
    return table_manifest(table)["hash"]


def table_manifest(table: Any) -> Manifest:
    """The hash of a table, and its parts: the number of rows, and each column's name, type and hash.

    Takes and raises the same as ``table_hash``.
    """
    reader = Reader(_streamed(table))
    hasher = TableHasher(reader.schema)
    for batch in reader:
        hasher.add(batch)
    return hasher.finish()


def _streamed(table: Any) -> Any:
    if hasattr(table, "__arrow_c_stream__"):
        return table
    raise TypeError(
        f"A {type(table).__module__}.{type(table).__qualname__} is no table. Give a table of pyarrow (from 14), pandas "
        "(from 2.2), polars or DuckDB (from 1.2), or an object with __arrow_c_stream__."
    )


class TableHasher:
    """Hashes batch after batch.

    :raises NotHashable: the schema has a column without a hash
    """

    def __init__(self, schema: Schema) -> None:
        _import_numpy()
        if sys.byteorder != "little":
            raise NotHashable("Tables are hashed on little-endian machines only.")
        if schema.format != b"+s":
            raise TypeError("This Arrow stream has no columns, so it is no table. Give a table with named columns.")
        children = [schema.children[i].contents for i in range(schema.n_children)]
        names = [_text_of(child.name) for child in children]
        for name in names:
            if names.count(name) > 1:
                raise NotHashable(f"Two columns have the name {_json(name)}. Rename one.")
        self._columns = [_ColumnHasher(name, child) for name, child in zip(names, children, strict=True)]
        self._rows = 0

    def add(self, batch: Owned) -> None:
        """
        :raises NotHashable: a value has no hash
        """
        array: Array = batch.it
        rows = array.length
        if array.n_buffers and array.buffers[0] and not _bits(array.buffers[0], array.offset, rows, batch).all():
            raise NotHashable("A row of the batch is null as a whole, which no table can say.")
        for i, column in enumerate(self._columns):
            column.add(array.children[i].contents, array.offset, rows, batch)
        self._rows += rows

    def finish(self) -> Manifest:
        blocks = [column.finish() for column in self._columns]
        columns: list[Column] = [
            {"hash": hashlib.sha256(digests).hexdigest(), "name": column.name, "type": column.kind.name}
            for column, digests in zip(self._columns, blocks, strict=True)
        ]
        facts = f"{FORMAT}\n{_json({'columns': columns, 'rows': self._rows})}"
        return {
            "hash": f"table-sha256:{hashlib.sha256(facts.encode()).hexdigest()}",
            "rows": self._rows,
            "columns": columns,
            "blocks": [b64encode(digests).decode() for digests in blocks],
        }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _text_of(name: bytes | None) -> str:
    try:
        return (name or b"").decode()
    except UnicodeDecodeError:
        raise NotHashable(f"The name of a column, {name!r}, is no UTF-8. Rename it.") from None


class _ColumnHasher:
    def __init__(self, name: str, schema: Schema) -> None:
        self.name = name
        self._form = _form(schema, name)
        self.kind = self._form.kind
        self._parts: list[Part] = []
        self._length = 0
        self._row = 0
        """The first row of the block."""
        self._digests = bytearray()

    def add(self, array: Array, start: int, count: int, owner: Owned) -> None:
        end = start + count
        while start < end:
            size = min(end - start, BLOCK - self._length)
            try:
                part = self._form.read(array, start, size, None, owner)
            except NotHashable as error:
                self._refuse(str(error))
            self._parts.append(part)
            self._length += size
            start += size
            if self._length == BLOCK:
                self._end_block()
            elif len(self._parts) > MOST_PARTS:
                self._parts = [self.kind.join(self._parts)]

    def finish(self) -> bytes:
        if self._length:
            self._end_block()
        return bytes(self._digests)

    def _end_block(self) -> None:
        digest = hashlib.sha256()
        try:
            _write(self.kind, self._parts, digest.update)
        except NotHashable as error:
            self._refuse(str(error))
        self._digests += digest.digest()
        self._row += self._length
        self._parts, self._length = [], 0

    def _refuse(self, why: str) -> NoReturn:
        raise NotHashable(
            f"The column {_json(self.name)} ({self.kind.name}), in the rows from {self._row} on: {why}"
        ) from None


# ---- the canonical form


@dataclass(slots=True)
class Part:
    """Some rows of a column. The kind says what ``values`` and ``inner`` hold."""

    length: int
    valid: Numbers | None
    """A bool for each row; None if none is null."""
    values: Numbers | None = None
    inner: tuple[Any, ...] = ()


Out = Callable[[Any], None]


class Kind:
    """A type in the canonical form."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, parts: list[Part], out: Out) -> None:
        raise NotImplementedError

    def take(self, part: Part, index: Numbers, valid: Numbers | None) -> Part:
        """The rows of ``index``, in this order. Rows that are not ``valid`` become null; their index is any."""
        raise NotImplementedError

    def join(self, parts: list[Part]) -> Part:
        raise NotImplementedError

    def nulls(self, count: int, empty: Part) -> Part:
        """``count`` rows of null, with the number types of a part without rows."""
        values = empty.values
        zeros = None if values is None else np.zeros((count, *values.shape[1:]), values.dtype)
        return Part(count, np.zeros(count, bool), zeros, empty.inner)


def _write(kind: Kind, parts: list[Part], out: Out) -> None:
    """The validity bitmap, then the content."""
    valid = _joined_valid(parts)
    rows = sum(part.length for part in parts)
    if valid is None:
        out(b"\xff" * (rows // 8) + (bytes([(1 << rows % 8) - 1]) if rows % 8 else b""))
    else:
        out(np.packbits(valid, bitorder="little"))
    kind.write(parts, out)


def _joined_valid(parts: list[Part]) -> Numbers | None:
    if all(part.valid is None for part in parts):
        return None
    return np.concatenate([np.ones(part.length, bool) if part.valid is None else part.valid for part in parts])


def _taken_valid(part: Part, index: Numbers, valid: Numbers | None) -> Numbers | None:
    if part.valid is None:
        return valid
    taken = part.valid[index]
    return taken if valid is None else taken & valid


def _safe(index: Numbers, valid: Numbers | None) -> Numbers:
    """The index with 0 where it must not be read."""
    return index if valid is None else np.where(valid, index, 0)


class Fixed(Kind):
    """``values``: an array of the type's numbers, 0 if null; decimals have rows of two 64-bit words."""

    def write(self, parts: list[Part], out: Out) -> None:
        for part in parts:
            if part.length:
                out(np.ascontiguousarray(part.values).data)

    def take(self, part: Part, index: Numbers, valid: Numbers | None) -> Part:
        return self.of(part.values[index], _taken_valid(part, index, valid))  # type: ignore[index]

    def join(self, parts: list[Part]) -> Part:
        joined = np.concatenate([part.values for part in parts])
        return Part(len(joined), _joined_valid(parts), joined)

    def of(self, values: Numbers, valid: Numbers | None) -> Part:
        """A part of values whose null slots hold anything."""
        if valid is not None:
            values = values.copy()
            values[~valid] = 0
        if values.dtype.kind == "f":
            nan = np.isnan(values)
            if nan.any():
                bits = values.view(f"u{values.itemsize}").copy()
                bits[nan] = 0x7FF8000000000000 if values.itemsize == 8 else 0x7FC00000
                values = bits.view(values.dtype)
        return Part(len(values), valid, values)


class Bool(Fixed):
    """``values``: a bool for each row."""

    def write(self, parts: list[Part], out: Out) -> None:
        out(np.packbits(np.concatenate([part.values for part in parts]), bitorder="little"))


class Texts(Kind):
    """``values``: the lengths in bytes, 0 if null. ``inner``: the bytes of all, one after another."""

    def write(self, parts: list[Part], out: Out) -> None:
        for part in parts:
            if self.name == "utf8":
                _check_utf8(part)
            out(np.ascontiguousarray(part.values))
        for part in parts:
            out(np.ascontiguousarray(part.inner[0]))

    def take(self, part: Part, index: Numbers, valid: Numbers | None) -> Part:
        lengths, (data,) = part.values, part.inner
        ends = np.cumsum(lengths, dtype=np.int64)
        taken = lengths[index]  # type: ignore[index]
        if valid is not None:
            taken = np.where(valid, taken, np.uint32(0))
        gathered = _gathered(data, (ends - lengths)[index], taken)
        return Part(len(index), _taken_valid(part, index, valid), taken, (gathered,))

    def join(self, parts: list[Part]) -> Part:
        lengths = np.concatenate([part.values for part in parts])
        data = np.concatenate([part.inner[0] for part in parts])
        return Part(len(lengths), _joined_valid(parts), lengths, (data,))


class List(Kind):
    """``values``: the numbers of items, 0 if null. ``inner``: a part with the items of all."""

    def __init__(self, item: Kind) -> None:
        super().__init__(f"list<{item.name}>")
        self.item = item

    def write(self, parts: list[Part], out: Out) -> None:
        for part in parts:
            out(np.ascontiguousarray(part.values))
        _write(self.item, [part.inner[0] for part in parts], out)

    def take(self, part: Part, index: Numbers, valid: Numbers | None) -> Part:
        counts, (items,) = part.values, part.inner
        ends = np.cumsum(counts, dtype=np.int64)
        taken = counts[index]  # type: ignore[index]
        if valid is not None:
            taken = np.where(valid, taken, np.uint32(0))
        inner = self.item.take(items, _ranges((ends - counts)[index], taken), None)
        return Part(len(index), _taken_valid(part, index, valid), taken, (inner,))

    def join(self, parts: list[Part]) -> Part:
        counts = np.concatenate([part.values for part in parts])
        return Part(len(counts), _joined_valid(parts), counts, (self.item.join([part.inner[0] for part in parts]),))


class Struct(Kind):
    """``inner``: a part for each field, null where the struct is."""

    def __init__(self, fields: list[tuple[str, Kind]]) -> None:
        super().__init__(f"struct<{','.join(f'{_json(name)}:{kind.name}' for name, kind in fields)}>")
        self.fields = [kind for _, kind in fields]

    def write(self, parts: list[Part], out: Out) -> None:
        for i, field in enumerate(self.fields):
            _write(field, [part.inner[i] for part in parts], out)

    def take(self, part: Part, index: Numbers, valid: Numbers | None) -> Part:
        inner = tuple(field.take(values, index, valid) for field, values in zip(self.fields, part.inner, strict=True))
        return Part(len(index), _taken_valid(part, index, valid), None, inner)

    def join(self, parts: list[Part]) -> Part:
        inner = tuple(field.join([part.inner[i] for part in parts]) for i, field in enumerate(self.fields))
        return Part(sum(part.length for part in parts), _joined_valid(parts), None, inner)

    def nulls(self, count: int, empty: Part) -> Part:
        inner = tuple(field.nulls(count, part) for field, part in zip(self.fields, empty.inner, strict=True))
        return Part(count, np.zeros(count, bool), None, inner)


def _ranges(starts: Numbers, lengths: Numbers) -> Numbers:
    """The numbers from each start on, so many as its length, one after another."""
    ends = np.cumsum(lengths, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts.astype(np.int64) - (ends - lengths), lengths) + np.arange(total, dtype=np.int64)


LONG = 64


def _gathered(data: Numbers, starts: Numbers, lengths: Numbers) -> Numbers:
    """The bytes of each value, one after another."""
    total = int(lengths.sum(dtype=np.int64))
    if total > LONG * len(lengths):  # an index would take eight times their bytes
        view = data.data
        spans = zip(starts.tolist(), lengths.tolist(), strict=True)
        return np.frombuffer(b"".join([view[start : start + length] for start, length in spans]), np.uint8)
    return data[_ranges(starts, lengths)]


def _check_utf8(part: Part) -> None:
    data, lengths = part.inner[0], part.values
    assert lengths is not None
    try:
        if str(data.data, "utf-8").isascii():
            return
        starts = (np.cumsum(lengths, dtype=np.int64) - lengths)[lengths > 0]
        if not ((data[starts] & 0xC0) == 0x80).any():
            return
    except UnicodeDecodeError:
        pass
    end = 0
    for length in lengths.tolist():
        start, end = end, end + length
        try:
            str(data[start:end].data, "utf-8")
        except UnicodeDecodeError as error:
            value = bytes(data[start : min(end, start + 40)])
            raise NotHashable(
                f"{value!r} is no UTF-8 ({error.reason}). Make the column binary, or repair the text."
            ) from None
    raise AssertionError("all texts are UTF-8, but not together")


# ---- the forms of Arrow


class Form:
    """Reads an array of one of Arrow's layouts into the canonical form."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def read(self, array: Array, start: int, count: int, mask: Numbers | None, owner: Owned) -> Part:
        """``start`` counts from the array's own offset. Rows outside ``mask`` are null."""
        first = array.offset + start
        valid = mask
        if array.n_buffers and array.buffers[0]:
            bits = _bits(array.buffers[0], first, count, owner)
            valid = bits if mask is None else bits & mask
        if valid is not None and valid.all():
            valid = None
        return self._read(array, first, count, valid, owner)

    def _read(self, array: Array, first: int, count: int, valid: Numbers | None, owner: Owned) -> Part:
        raise NotImplementedError


def _numbers(address: int | None, kind: str, first: int, count: int, owner: Owned) -> Numbers:
    """A view of memory, which holds its owner."""
    if count == 0 or not address:
        return np.zeros(count, kind)
    width = int(kind[1:])
    memory: Any = (ctypes.c_char * (count * width)).from_address(address + first * width)
    memory.owner = owner
    return np.frombuffer(memory, kind)


def _bits(address: int, first: int, count: int, owner: Owned) -> Numbers:
    begin, end = first // 8, (first + count + 7) // 8
    bits = np.unpackbits(_numbers(address, "u1", begin, end - begin, owner), bitorder="little")
    return bits[first % 8 : first % 8 + count].view(bool)


class _FixedForm(Form):
    def __init__(self, kind: Fixed, dtype: str) -> None:
        super().__init__(kind)
        self._dtype = dtype

    def _read(self, array: Array, first: int, count: int, valid: Numbers | None, owner: Owned) -> Part:
        assert isinstance(self.kind, Fixed)
        return self.kind.of(_numbers(array.buffers[1], self._dtype, first, count, owner), valid)


class _BoolForm(Form):
    def _read(self, array: Array, first: int, count: int, valid: Numbers | None, owner: Owned) -> Part:
        assert isinstance(self.kind, Bool)
        address = array.buffers[1]
        return self.kind.of(_bits(address, first, count, owner) if count else np.zeros(0, bool), valid)


class _DecimalForm(Form):
    def __init__(self, kind: Fixed, width: int) -> None:
        super().__init__(kind)
        self._width = width

    def _read(self, array: Array, first: int, count: int, valid: Numbers | None, owner: Owned) -> Part:
        assert isinstance(self.kind, Fixed)
        if self._width < 16:
            low = _numbers(array.buffers[1], f"i{self._width}", first, count, owner).astype("i8")
            return self.kind.of(np.stack([low, low >> 63], axis=1), valid)
        words = self._width // 8
        values = _numbers(array.buffers[1], "i8", first * words, count * words, owner).reshape(count, words)
        wide = (values[:, 2:] != (values[:, 1:2] >> 63)).any(axis=1)
        if (wide if valid is None else wide & valid).any():
            raise NotHashable("a decimal has more than 38 digits. Cast the column, or make it text.")
        return self.kind.of(values[:, :2], valid)


class _SpansForm(Form):
    """Values with a start and a length in other memory: texts and lists."""

    def _spans(self, array: Array, first: int, count: int, owner: Owned) -> tuple[Numbers, Numbers]:
        raise NotImplementedError

    def _content(self, array: Array, low: int, high: int, spans: Any, owner: Owned) -> Any:
        """All between two positions; with ``spans``, starts from ``low`` on and lengths, only these."""
        raise NotImplementedError

    def _read(self, array: Array, first: int, count: int, valid: Numbers | None, owner: Owned) -> Part:
        starts, lengths = self._spans(array, first, count, owner)
        if valid is not None:
            lengths = np.where(valid, lengths, 0)
        filled = lengths > 0
        if not filled.all():
            low_starts, low_lengths = starts[filled], lengths[filled]
        else:
            low_starts, low_lengths = starts, lengths
        if len(low_starts) == 0:
            content = self._content(array, 0, 0, None, owner)
        else:
            ends = low_starts + low_lengths
            low, high = int(low_starts.min()), int(ends.max())
            is_dense = bool((low_starts[1:] == ends[:-1]).all())
            content = self._content(array, low, high, None if is_dense else (low_starts - low, low_lengths), owner)
        if count and int(lengths.max()) > 0xFFFFFFFF:
            raise NotHashable("a value has 4 GiB or more. Split it.")
        return Part(count, valid, lengths.astype("u4"), (content,))


class _OffsetsForm(_SpansForm):
    def __init__(self, kind: Kind, dtype: str) -> None:
        super().__init__(kind)
        self._dtype = dtype

    def _spans(self, array: Array, first: int, count: int, owner: Owned) -> tuple[Numbers, Numbers]:
        if count == 0:
            return np.zeros(0, "i8"), np.zeros(0, "i8")
        offsets = _numbers(array.buffers[1], self._dtype, first, count + 1, owner)
        return offsets[:-1].astype("i8"), np.diff(offsets)


class _SizesForm(_SpansForm):
    """List views have their starts and their sizes."""

    def __init__(self, kind: Kind, dtype: str) -> None:
        super().__init__(kind)
        self._dtype = dtype

    def _spans(self, array: Array, first: int, count: int, owner: Owned) -> tuple[Numbers, Numbers]:
        starts = _numbers(array.buffers[1], self._dtype, first, count, owner).astype("i8")
        return starts, _numbers(array.buffers[2], self._dtype, first, count, owner)


class _EqualForm(_SpansForm):
    """All values have one length."""

    def __init__(self, kind: Kind, size: int) -> None:
        super().__init__(kind)
        self._size = size

    def _spans(self, array: Array, first: int, count: int, owner: Owned) -> tuple[Numbers, Numbers]:
        return np.arange(first, first + count, dtype="i8") * self._size, np.full(count, self._size, "i8")


class _TextContent(_SpansForm):
    buffer = 2

    def _content(self, array: Array, low: int, high: int, spans: Any, owner: Owned) -> Any:
        data = _numbers(array.buffers[self.buffer], "u1", low, high - low, owner) if high else np.zeros(0, "u1")
        return data if spans is None else _gathered(data, *spans)


class _ListContent(_SpansForm):
    def __init__(self, item: Form, *more: Any) -> None:
        super().__init__(List(item.kind), *more)
        self._item = item

    def _content(self, array: Array, low: int, high: int, spans: Any, owner: Owned) -> Any:
        items = self._item.read(array.children[0].contents, low, high - low, None, owner)
        return items if spans is None else self._item.kind.take(items, _ranges(*spans), None)


class _OffsetTexts(_TextContent, _OffsetsForm):
    pass


class _EqualTexts(_TextContent, _EqualForm):
    buffer = 1


class _OffsetLists(_ListContent, _OffsetsForm):
    pass


class _SizedLists(_ListContent, _SizesForm):
    pass


class _EqualLists(_ListContent, _EqualForm):
    pass


class _ViewForm(Form):
    """Views of 16 bytes: a length, then the bytes if they are at most 12, else the buffer and the position in it."""

    def _read(self, array: Array, first: int, count: int, valid: Numbers | None, owner: Owned) -> Part:
        views = _numbers(array.buffers[1], "i4", first * 4, count * 4, owner).reshape(count, 4)
        lengths = views[:, 0].astype("u4")
        if valid is not None:
            lengths = np.where(valid, lengths, np.uint32(0))
        ends = np.cumsum(lengths, dtype=np.int64)
        begins = ends - lengths
        data = np.empty(int(ends[-1]) if count else 0, "u1")
        short = np.flatnonzero((lengths > 0) & (lengths <= 12))
        if len(short):
            source = np.ascontiguousarray(views).view("u1").reshape(-1)
            data[_ranges(begins[short], lengths[short])] = _gathered(source, short * 16 + 4, lengths[short])
        long = np.flatnonzero(lengths > 12)
        for number in np.unique(views[long, 2]).tolist():
            rows = long[views[long, 2] == number]
            starts = views[rows, 3].astype("i8")
            low, high = int(starts.min()), int((starts + lengths[rows]).max())
            source = _numbers(array.buffers[2 + number], "u1", low, high - low, owner)
            data[_ranges(begins[rows], lengths[rows])] = _gathered(source, starts - low, lengths[rows])
        return Part(count, valid, lengths, (data,))


class _StructForm(Form):
    def __init__(self, fields: list[tuple[str, Form]]) -> None:
        super().__init__(Struct([(name, form.kind) for name, form in fields]))
        self._fields = [form for _, form in fields]

    def _read(self, array: Array, first: int, count: int, valid: Numbers | None, owner: Owned) -> Part:
        inner = tuple(
            field.read(array.children[i].contents, first, count, valid, owner) for i, field in enumerate(self._fields)
        )
        return Part(count, valid, None, inner)


class _DictionaryForm(Form):
    def __init__(self, values: Form, dtype: str) -> None:
        super().__init__(values.kind)
        self._values = values
        self._dtype = dtype
        self._last: tuple[Any, Part, Owned] | None = None
        """The dictionary that was read last. Its owner stays, so nothing else can take its place in memory."""

    def _read(self, array: Array, first: int, count: int, valid: Numbers | None, owner: Owned) -> Part:
        index = _safe(_numbers(array.buffers[1], self._dtype, first, count, owner).astype("i8"), valid)
        dictionary: Array = array.dictionary.contents
        if dictionary.length == 0:  # every row is null
            return self.kind.nulls(count, self._values.read(dictionary, 0, 0, None, owner))
        return self.kind.take(self._part_of(dictionary, owner), index, valid)

    def _part_of(self, dictionary: Array, owner: Owned) -> Part:
        place: Any = None
        if dictionary.n_children == 0 and not dictionary.dictionary:
            place = (dictionary.length, dictionary.offset, dictionary.buffers[: dictionary.n_buffers])
            if self._last is not None and self._last[0] == place:
                return self._last[1]
        part = self._values.read(dictionary, 0, dictionary.length, None, owner)
        self._last = None if place is None else (place, part, owner)
        return part


class _RunsForm(Form):
    """Runs of equal values, each with the row behind its last one."""

    def __init__(self, values: Form, dtype: str) -> None:
        super().__init__(values.kind)
        self._values = values
        self._dtype = dtype

    def _read(self, array: Array, first: int, count: int, valid: Numbers | None, owner: Owned) -> Part:
        runs, values = array.children[0].contents, array.children[1].contents
        ends = _numbers(runs.buffers[1], self._dtype, runs.offset, runs.length, owner)
        index = np.searchsorted(ends, np.arange(first, first + count), side="right")
        if count == 0:
            return self.kind.take(self._values.read(values, 0, 0, None, owner), index, None)
        low, high = int(index[0]), int(index[-1]) + 1
        return self.kind.take(self._values.read(values, low, high - low, None, owner), index - low, valid)


# ---- the types of Arrow

_FIXED = {
    "c": ("int8", "i1"),
    "C": ("uint8", "u1"),
    "s": ("int16", "i2"),
    "S": ("uint16", "u2"),
    "i": ("int32", "i4"),
    "I": ("uint32", "u4"),
    "l": ("int64", "i8"),
    "L": ("uint64", "u8"),
    "f": ("float32", "f4"),
    "g": ("float64", "f8"),
    "tdD": ("date32", "i4"),
    "ttu": ("time64[us]", "i8"),
    "ttn": ("time64[ns]", "i8"),
}
_TEXTS = {"u": ("utf8", "i4"), "U": ("utf8", "i8"), "z": ("binary", "i4"), "Z": ("binary", "i8")}
_VIEWS = {"vu": "utf8", "vz": "binary"}
_UNITS = {"s": "s", "m": "ms", "u": "us", "n": "ns"}
_REFUSED = (
    ("n", "null", "Cast it to the type it would have with values"),
    ("e", "float16", "Cast it to float32"),
    ("tts", "time32[s]", "Cast it to time64[us]"),
    ("ttm", "time32[ms]", "Cast it to time64[us]"),
    ("tdm", "date64", "Cast it to date32 or timestamp[ms]"),
    ("tD", "duration", "Cast it to int64, with the unit in its name"),
    ("ti", "interval", "Keep its months, days and nanoseconds as integers"),
    ("+u", "union", "Make a column of each type"),
    ("+m", "map", "Make it a list of structs with key and value"),
)


def _form(schema: Schema, column: str) -> Form:
    code = schema.format.decode()
    if (extension := extension_of(schema)) is not None:
        # Periods of months and of days are the same integers. Only their metadata tell the unit.
        _refuse_type(column, f"{extension}, an extension of Arrow's", "Cast it to the type of its storage")
    if schema.dictionary:
        return _DictionaryForm(_form(schema.dictionary.contents, column), _FIXED[code][1])
    if code in _FIXED:
        name, dtype = _FIXED[code]
        return _FixedForm(Fixed(name), dtype)
    if code in _TEXTS:
        name, dtype = _TEXTS[code]
        return _OffsetTexts(Texts(name), dtype)
    if code in _VIEWS:
        return _ViewForm(Texts(_VIEWS[code]))
    if code == "b":
        return _BoolForm(Bool("bool"))
    if code.startswith("w:"):
        return _EqualTexts(Texts("binary"), int(code[2:]))
    if code.startswith("ts"):
        unit, zone = _UNITS[code[2]], code[4:]
        written = f", tz={'UTC' if zone in UTC else zone}" if zone else ""
        return _FixedForm(Fixed(f"timestamp[{unit}{written}]"), "i8")
    if code.startswith("d:"):
        return _decimal(code, column)
    children = [schema.children[i].contents for i in range(schema.n_children)]
    if code in ("+l", "+L"):
        return _OffsetLists(_form(children[0], column), "i4" if code == "+l" else "i8")
    if code in ("+vl", "+vL"):
        return _SizedLists(_form(children[0], column), "i4" if code == "+vl" else "i8")
    if code.startswith("+w:"):
        return _EqualLists(_form(children[0], column), int(code[3:]))
    if code == "+r":
        return _RunsForm(_form(children[1], column), _FIXED[children[0].format.decode()][1])
    if code == "+s":
        return _struct(children, column)
    for prefix, name, remedy in _REFUSED:
        if code == prefix or (code.startswith(prefix) and len(prefix) == 2):
            _refuse_type(column, name, remedy)
    _refuse_type(column, f"Arrow's {code}", "Cast it to another type")


def _decimal(code: str, column: str) -> Form:
    found = re.fullmatch(r"d:(\d+),(-?\d+)(?:,(\d+))?", code)
    assert found
    precision, scale, width = int(found[1]), int(found[2]), int(found[3] or 128)
    name = f"decimal({precision},{scale})"
    if not (1 <= precision <= 38 and 0 <= scale <= precision):
        _refuse_type(column, name, "Cast it to a decimal of at most 38 digits, with a scale from 0 to its precision")
    return _DecimalForm(Fixed(name), width // 8)


def _struct(children: Sequence[Schema], column: str) -> Form:
    fields = [(_text_of(child.name), _form(child, column)) for child in children]
    names = [name for name, _ in fields]
    if not fields:
        _refuse_type(column, "struct<>", "Give it a field, or make it bool")
    if len(set(names)) < len(names):
        _refuse_type(column, "struct", "Two of its fields have one name: rename one")
    return _StructForm(fields)


def _refuse_type(column: str, name: str, remedy: str) -> NoReturn:
    raise NotHashable(f"The column {_json(column)} has the type {name}, which has no hash. {remedy}.")
