"""Random tables, and the physical forms in which libraries may hold them."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from decimal import Context, Decimal
from functools import partial
from random import Random
from typing import Any

import duckdb
import numpy as np
import pandas
import plain_table_hash as plain
import polars
import pyarrow as pa

STYLES = ("plain", "large", "views", "dictionary", "runs", "garbage", "widths")
"""How arrays are laid out. ``widths``: decimals of other widths, lists and bytes of one length where all have it."""

SCALARS = [*plain.INTEGERS, "float32", "float64", "bool", "utf8", "binary", "time64[us]", "time64[ns]"]
SCALARS += ["timestamp[s]", "timestamp[ms]", "timestamp[us]", "timestamp[ns]", "timestamp[us, tz=UTC]"]
SCALARS += ["timestamp[ms, tz=Europe/Berlin]", "decimal(9,2)", "decimal(18,0)", "decimal(38,10)"]

WIDE = Context(prec=60)

Column = tuple[str, str, list[Any]]


# ---- random tables


def random_type(rng: Random, depth: int = 2) -> str:
    chance = rng.random()
    if depth and chance < 0.12:
        return f"list<{random_type(rng, depth - 1)}>"
    if depth and chance < 0.24:
        fields = [f'"f{i}":{random_type(rng, depth - 1)}' for i in range(rng.randint(1, 3))]
        return f"struct<{','.join(fields)}>"
    return rng.choice(SCALARS)


def random_value(rng: Random, name: str, nulls: float) -> Any:
    """In the form of the vectors."""
    if rng.random() < nulls:
        return None
    if name.startswith("list<"):
        return [random_value(rng, name[5:-1], nulls) for _ in range(rng.choice((0, 1, 2, 3)))]
    if name.startswith("struct<"):
        return {field: random_value(rng, kind, nulls) for field, kind in fields_of(name)}
    if name.startswith("float"):
        code = ("<f", "<d")[name == "float64"]
        special = rng.choice(("NaN", "-0.0", "Infinity", 0, 1.5, "-Infinity"))
        (number,) = struct.unpack(code, struct.pack(code, rng.uniform(-1e6, 1e6)))
        return rng.choice((special, number, number))
    if name == "bool":
        return rng.random() < 0.5
    if name == "utf8":
        return rng.choice(("", "a", "ç", "日本語", "🧵", "longer than twelve bytes", "x" * rng.randint(0, 40)))
    if name == "binary":
        return rng.randbytes(rng.choice((0, 1, 4, 4, 12, 13, 30))).hex()
    if name.startswith("decimal"):
        precision, scale = map(int, re.findall(r"\d+", name))
        return str(Decimal(rng.randint(-(10**precision) + 1, 10**precision - 1)).scaleb(-scale, WIDE))
    if name.startswith("time64"):
        return rng.randrange(86_400_000_000)
    if name.startswith("timestamp"):
        return rng.randint(-(2**33), 2**33)
    if name == "date32":
        return rng.randint(-100_000, 100_000)
    bits = int(name.strip("uint"))
    low = 0 if name.startswith("u") else -(2 ** (bits - 1))
    return rng.choice((low, 1, rng.randint(low, low + 2**bits - 1), low + 2**bits - 1))


def random_table(rng: Random) -> list[Column]:
    rows = rng.choice((0, 1, 2, 7, 8, 9, 17, 33))
    columns = []
    for i in range(rng.randint(1, 4)):
        name = random_type(rng)
        nulls = rng.choice((0.0, 0.2, 0.9))
        values = [random_value(rng, name, nulls) for _ in range(rows)]
        if rng.random() < 0.3:  # runs of equal values
            values = [values[j // 3 * 3] for j in range(rows)]
        columns.append((f"c{i}", name, values))
    return columns


def fields_of(name: str) -> list[tuple[str, str]]:
    fields = []
    rest = name[7:-1]
    while rest:
        field, end = json.JSONDecoder().raw_decode(rest)
        rest = rest[end + 1 :]
        depth, at = 0, 0
        while at < len(rest) and (depth or rest[at] != ","):
            depth += {"<": 1, "(": 1, "[": 1, ">": -1, ")": -1, "]": -1}.get(rest[at], 0)
            at += 1
        fields.append((field, rest[:at]))
        rest = rest[at + 1 :]
    return fields


# ---- arrays


def arrow_type(name: str) -> Any:
    if name.startswith("list<"):
        return pa.list_(arrow_type(name[5:-1]))
    if name.startswith("struct<"):
        return pa.struct([pa.field(field, arrow_type(kind)) for field, kind in fields_of(name)])
    if name.startswith("decimal"):
        return pa.decimal128(*map(int, re.findall(r"\d+", name)))
    if found := re.fullmatch(r"timestamp\[(\w+)(?:, tz=(.+))?\]", name):
        return pa.timestamp(found[1], found[2])
    if name.startswith("time64"):
        return pa.time64(name[7:9])
    made: Callable[[], Any] = getattr(pa, {"bool": "bool_"}.get(name, name))
    return made()


def array_of(name: str, values: list[Any], style: str, rng: Random, top: bool = True) -> Any:
    """An array of Arrow with plain values, laid out in a style."""
    missing = [value is None for value in values]
    if style == "garbage":
        values = [random_value(rng, name, 0) if value is None else value for value in values]
        made = array_of(name, values, "filled", rng, False)
        return _with_nulls(made, missing) if any(missing) else made
    if top and style == "dictionary" and not name.startswith(("list", "struct")):
        known = list({repr(value): value for value in values if value is not None}.values())
        known += [random_value(rng, name, 0)]  # nobody refers to it
        places = {repr(value): i for i, value in reversed(list(enumerate(known)))}
        index = pa.array([places.get(repr(value)) for value in values], rng.choice((pa.int8(), pa.int32())))
        return pa.DictionaryArray.from_arrays(index, array_of(name, known, "plain", rng))
    if top and style == "runs" and not name.startswith(("list", "struct")) and values:
        ends = [i + 1 for i, value in enumerate(values) if i + 1 == len(values) or repr(values[i + 1]) != repr(value)]
        runs = array_of(name, [values[end - 1] for end in ends], "plain", rng)
        width = rng.choice((pa.int16(), pa.int32(), pa.int64()))
        return pa.RunEndEncodedArray.from_arrays(ends, runs, pa.run_end_encoded(width, runs.type))
    if name.startswith("list<"):
        return _lists(name, values, style, rng)
    if name.startswith("struct<"):
        fields = fields_of(name)
        children = [
            array_of(kind, [None if value is None else value[field] for value in values], style, rng, False)
            for field, kind in fields
        ]
        named = [pa.field(field, child.type) for (field, _), child in zip(fields, children, strict=True)]
        made = pa.StructArray.from_arrays(children, fields=named)
        return _with_nulls(made, missing) if any(missing) else made
    return _scalars(name, values, style)


def _scalars(name: str, values: list[Any], style: str) -> Any:
    kind = arrow_type(name)
    if name.startswith("float"):
        packed = plain._floats(values, 4 if name == "float32" else 8)
        made = pa.array(np.frombuffer(packed, "f4" if name == "float32" else "f8"))
        missing = [value is None for value in values]
        return _with_nulls(made, missing) if any(missing) else made
    if name == "binary":
        parts = [None if value is None else bytes.fromhex(value) for value in values]
        sizes = {len(part) for part in parts if part is not None}
        if style == "widths" and len(sizes) == 1 and 0 not in sizes:
            kind = pa.binary(sizes.pop())
        return pa.array(parts, _text_type(style, "binary", kind))
    if name == "utf8":
        return pa.array(values, _text_type(style, "string", kind))
    if name.startswith("decimal"):
        numbers = [None if value is None else Decimal(value) for value in values]
        precision, scale = kind.precision, kind.scale
        if style == "widths":
            narrow = "decimal32" if precision <= 9 else "decimal64" if precision <= 18 else "decimal256"
            kind = getattr(pa, narrow, pa.decimal256)(precision, scale)
        return pa.array(numbers, kind)
    if name == "bool":
        return pa.array(values, kind)
    numbers = pa.array([None if value is None else int(value) for value in values], _integer(kind))
    return numbers.view(kind)


def _integer(kind: Any) -> Any:
    return kind if pa.types.is_integer(kind) else pa.int32() if kind.bit_width == 32 else pa.int64()


class Missing(Exception):
    """This version of a library cannot make the form."""


def _text_type(style: str, name: str, kind: Any) -> Any:
    full = {"large": f"large_{name}", "views": f"{name}_view"}.get(style)
    if full is None:
        return kind
    if not hasattr(pa, full):
        raise Missing(full)
    return getattr(pa, full)()


def _lists(name: str, values: list[Any], style: str, rng: Random) -> Any:
    missing = [value is None for value in values]
    order = list(range(len(values)))
    if style == "views":
        if not hasattr(pa, "ListViewArray"):
            raise Missing("list_view")
        rng.shuffle(order)
    starts = [0] * len(values)
    items: list[Any] = []
    for i in order:
        starts[i] = len(items)
        items += values[i] or []
    sizes = [len(value or ()) for value in values]
    item = name[5:-1]
    child = array_of(item, items, "garbage" if style == "filled" else style, rng, style == "filled")
    if style == "views":
        kind = pa.ListViewArray if rng.random() < 0.5 else pa.LargeListViewArray
        dtype = pa.int32() if kind is pa.ListViewArray else pa.int64()
        made = kind.from_arrays(pa.array(starts, dtype), pa.array(sizes, dtype), child)
    elif style == "widths" and values and len(set(sizes)) == 1 and sizes[0] and not any(missing):
        made = pa.FixedSizeListArray.from_arrays(child, sizes[0])
    elif style == "large":
        made = pa.LargeListArray.from_arrays(pa.array([*starts, len(items)], pa.int64()), child)
    else:
        made = pa.ListArray.from_arrays(pa.array([*starts, len(items)], pa.int32()), child)
    return _with_nulls(made, missing) if any(missing) else made


def _with_nulls(array: Any, missing: list[bool]) -> Any:
    """The same memory, of which some slots are null."""
    bitmap = pa.py_buffer(plain.bits([not gone for gone in missing]))
    own = {"struct": 1, "list": 2, "large_list": 2, "list_view": 3, "large_list_view": 3}
    count = next((n for word, n in own.items() if re.match(rf"{word}<", str(array.type))), None)
    children = []
    if count == 1:
        children = [array.field(i) for i in range(array.type.num_fields)]
    elif count:
        children = [array.values]
    buffers = array.buffers()[1 : count or None]
    return pa.Array.from_buffers(array.type, len(missing), [bitmap, *buffers], children=children)


# ---- tables


def table_of(columns: list[Column], style: str, rng: Random) -> Any:
    arrays = [array_of(name, values, style, rng) for _, name, values in columns]
    return pa.Table.from_arrays(arrays, names=[name for name, _, _ in columns])


def chunked(table: Any, rng: Random) -> Any:
    cuts = sorted(rng.randint(0, table.num_rows) for _ in range(4))
    pieces = [table.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, table.num_rows], strict=True)]
    return pa.concat_tables(pieces)


def sliced(columns: list[Column], rng: Random) -> Any:
    before = rng.randint(1, 11)
    longer = [
        (
            name,
            kind,
            [
                *(random_value(rng, kind, 0.3) for _ in range(before)),
                *values,
                *(random_value(rng, kind, 0.3) for _ in range(3)),
            ],
        )
        for name, kind, values in columns
    ]
    style = rng.choice(("plain", "large", "garbage", "dictionary", "runs"))
    return table_of(longer, style, rng).slice(before, len(columns[0][2]))


def is_kept_by_polars(name: str) -> bool:
    """Whether polars has the type: seconds become milliseconds there, and times have nanoseconds."""
    return not re.search(r"timestamp\[s|time64\[us", name)


def is_kept_by_duckdb(name: str) -> bool:
    return not re.search(r"tz=|time64\[ns", name)


def in_pandas(table: Any) -> Any:
    return table.to_pandas(types_mapper=pandas.ArrowDtype)


def in_polars(table: Any) -> Any:
    return polars.from_arrow(table)


def in_duckdb(table: Any) -> Any:
    return duckdb.from_arrow(table)


def _styled(style: str, columns: list[Column], rng: Random) -> Any:
    return table_of(columns, style, rng)


FORMS: dict[str, Callable[[list[Column], Random], Any]] = {
    **{style: partial(_styled, style) for style in STYLES},
    "chunked": lambda columns, rng: chunked(table_of(columns, "plain", rng), rng),
    "sliced": sliced,
    "pandas": lambda columns, rng: in_pandas(table_of(columns, "plain", rng)),
    "polars": lambda columns, rng: in_polars(table_of(columns, "plain", rng)),
    "duckdb": lambda columns, rng: in_duckdb(table_of(columns, "plain", rng)),
}
KEPT = {"polars": is_kept_by_polars, "duckdb": is_kept_by_duckdb}
"""Which types a library keeps; it changes others, so the hash of these tables is another."""
