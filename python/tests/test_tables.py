"""The hash of tables: the same in all libraries and forms, another after any change."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import plain_table_hash as plain
import polars as pl
import pyarrow as pa
import pytest
from table_forms import FORMS, KEPT, array_of, random_table, table_of
from table_hash_campaign import changed

from selvage import NotHashable, table_hash, table_manifest

VECTORS = json.loads((Path(__file__).parents[2] / "test/vectors/table-hash.json").read_text("utf-8"))
CHECK = "table-sha256:ca0d438289b83fd5fdfeddde75ecb60a37d02a6a1ba0a41747c15942e9137491"


def check_table() -> Any:
    moments = pa.array([1767225600000000, None, 1767312000000000]).cast(pa.timestamp("us"))
    return pa.table({"id": [1, 2, 3], "name": ["a", None, "ç"], "x": [1.5, float("nan"), -0.0], "t": moments})


def test_the_plain_implementation_agrees_with_the_vectors() -> None:
    assert plain.differences(VECTORS) == []


@pytest.mark.parametrize(
    "case",
    [case for case in VECTORS["tables"] if case["columns"] and "key" not in case],
    ids=lambda case: case["name"],
)
def test_the_vectors(case: dict[str, Any]) -> None:
    columns = [(column["name"], column["type"], plain.values_of(column)) for column in case["columns"]]
    manifest = table_manifest(table_of(columns, "plain", Random(1)))
    assert manifest["columns"] == [
        {
            "hash": column["hash"],
            "name": column["name"],
            "type": column.get("canonicalType", column["type"]),
        }
        for column in case["columns"]
    ]
    assert (manifest["hash"], manifest["rows"]) == (case["hash"], case["rows"])


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_have_the_hash_of_the_plain_implementation(form: str) -> None:
    for number in range(40):
        rng = Random(number)
        columns = [column for column in random_table(rng) if form not in KEPT or KEPT[form](column[1])]
        if columns:
            expected = plain.hash_columns(columns, len(columns[0][2]))["hash"]
            assert table_hash(FORMS[form](columns, rng)) == expected, number


def test_every_changed_cell_moves_the_hash() -> None:
    for number in range(60):
        rng = Random(number)
        columns = random_table(rng)
        other = changed(columns, rng)
        if other is not None:
            assert table_hash(table_of(other, "plain", rng)) != table_hash(table_of(columns, "plain", rng)), number


def test_streams_of_all_libraries() -> None:
    table = check_table()
    assert table_hash(table) == CHECK
    assert table_hash(table.to_batches()[0]) == CHECK
    assert table_hash(table.to_reader(max_chunksize=1)) == CHECK
    assert table_hash(pl.from_arrow(table)) == CHECK
    assert table_hash(duckdb.from_arrow(table)) == CHECK
    assert table_hash(table.to_pandas(types_mapper=pd.ArrowDtype)) == CHECK


def test_pandas_makes_nan_null_and_the_hash_tells() -> None:
    before, after = table_manifest(check_table()), table_manifest(check_table().to_pandas())
    moved = [one["name"] for one, other in zip(before["columns"], after["columns"], strict=True) if one != other]
    assert moved == ["x"]


def test_blocks_reach_over_the_borders_of_batches() -> None:
    values = np.arange(200_001)
    whole = pa.table({"v": values, "text": pa.array([None if i % 3 else str(i) for i in values])})
    pieces = whole.to_reader(max_chunksize=997)
    assert table_manifest(pieces) == table_manifest(whole)
    assert len(table_manifest(whole)["blocks"][0]) == len(table_manifest(whole)["blocks"][1]) == 172


def list_of(extension: str) -> pa.Array:
    metadata = {"other": "x", "ARROW:extension:name": extension}
    return pa.array([[1]]).cast(pa.list_(pa.field("item", pa.int64(), metadata=metadata)))


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (pa.nulls(1), "the type null"),
        (pa.array([np.float16(1)]), "the type float16"),
        (pa.array([1], pa.time32("s")), "the type time32[s]"),
        (pa.array([1], pa.date64()), "the type date64"),
        (pa.array([1], pa.duration("us")), "the type duration"),
        (pa.array([(1, 2, 3)], pa.month_day_nano_interval()), "the type interval"),
        (pa.array([[("a", 1)]], pa.map_(pa.utf8(), pa.int64())), "the type map"),
        (pa.array([1], pa.decimal256(39, 0)), "the type decimal(39,0)"),
        (pa.array([100], pa.decimal128(5, -2)), "the type decimal(5,-2)"),
        (pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])]), "type union"),
        (array_of("binary", ["61", "ff"], "plain", Random(1)).view(pa.utf8()), "no UTF-8"),
        (array_of("binary", ["c3", "a7"], "plain", Random(1)).view(pa.utf8()), "no UTF-8"),
        (pa.array([{}], pa.struct([])), "the type struct<>"),
        (pa.Array.from_pandas(pd.period_range("2026-01", periods=1, freq="M")), "pandas.period, an extension"),
        (list_of("my.unit"), "my.unit, an extension"),
        (list_of(""), "the type , an extension"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_has_no_hash_is_refused_by_column(array: Any, why: str) -> None:
    with pytest.raises(NotHashable, match='The column "v"') as caught:
        table_hash(pa.table({"ok": pa.nulls(len(array), pa.int8()), "v": array}))
    assert why in str(caught.value)


def test_unused_values_of_a_dictionary_are_not_read() -> None:
    values = array_of("binary", ["61", "ff"], "plain", Random(1)).view(pa.utf8())
    table = pa.table({"v": pa.DictionaryArray.from_arrays(pa.array([0, None, 0]), values)})
    assert table_hash(table) == table_hash(pa.table({"v": ["a", None, "a"]}))


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(NotHashable, match='Two columns have the name "a"'):
        table_hash(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))


@pytest.mark.parametrize("value", [[1, 2], {"a": [1]}, pl.Series([1]), pa.chunked_array([[1]])], ids=type)
def test_what_is_no_table_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no table"):
        table_hash(value)


def test_without_numpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from selvage import tables

    monkeypatch.setattr(tables, "np", None)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ImportError, match="pip install numpy"):
        table_hash(check_table())


@pytest.mark.parametrize(
    ("bits", "dtype"),
    [
        (np.array([0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0x7FF80000DEADBEEF], "u8"), "f8"),
        (np.array([0x7FC00000, 0xFFC00000, 0x7F800001], "u4"), "f4"),
    ],
    ids=["float64", "float32"],
)
def test_every_nan_is_one_value(bits: Any, dtype: str) -> None:
    found = pa.Table.from_arrays(
        [pa.Array.from_buffers(pa.from_numpy_dtype(dtype), len(bits), [None, pa.py_buffer(bits)])], ["v"]
    )
    kind = "float64" if dtype == "f8" else "float32"
    assert table_hash(found) == plain.hash_columns([("v", kind, ["NaN"] * len(bits))], len(bits))["hash"]
