"""Arrays and tables travel as bytes with a media type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from selvage import InvalidInput, NotEncodable
from selvage.shapes import Schemas, shape_of
from selvage.values import decode, encode

NPY = "application/x-npy"
ARROW = "application/vnd.apache.arrow.stream"


def there_and_back(value: Any) -> Any:
    tagged, attachments = encode(value)
    plain = decode(tagged, [bytes(attachment) for attachment in attachments])
    return plain["mediaType"], shape_of(type(value)).convert(plain, None)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(10_000, dtype=np.float32).reshape(100, 100),
        np.array([], dtype=np.int64),
        np.asfortranarray(np.eye(3)),
        np.array("text"),
        np.arange(10)[::2],
        np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_come_back(array: Any) -> None:
    media_type, again = there_and_back({"x": array}["x"])
    assert media_type == NPY
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)
    again.flags.writeable or pytest.fail("a body may change its input")


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": [1, 2, None], "b": ["x", "y", "z"]}),
        pd.DataFrame({"a": [1.5, 2], "b": ["x", "y"]}, index=["r", "s"]),
        pl.DataFrame({"a": [1, 2], "b": ["x", None]}),
    ],
    ids=lambda table: f"{type(table).__module__}",
)
def test_tables_come_back(table: Any) -> None:
    media_type, again = there_and_back(table)
    assert media_type == ARROW
    assert again.equals(table)


def test_tables_of_one_library_are_those_of_another() -> None:
    tagged, attachments = encode(pl.DataFrame({"a": [1, 2]}))
    plain = decode(tagged, [bytes(attachment) for attachment in attachments])
    assert shape_of(pd.DataFrame).convert(plain, None)["a"].tolist() == [1, 2]
    batch, attachments = encode(pa.RecordBatch.from_pydict({"a": [3]}))
    plain = decode(batch, [bytes(attachment) for attachment in attachments])
    assert shape_of(pa.Table).convert(plain, None)["a"].to_pylist() == [3]


def test_numbers_of_numpy_are_numbers() -> None:
    assert encode([np.int64(5), np.float64(1.5), np.float32(0.5), np.bool_(True), np.str_("a")])[0] == [
        5,
        1.5,
        0.5,
        True,
        "a",
    ]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (np.array([object()]), "an array of Python objects"),
        (pd.Series([1]), "Series is no value"),
        (pl.LazyFrame({"a": [1]}), "LazyFrame is no value"),
        (pd.DataFrame({"a": [object()]}), "Arrow cannot say this DataFrame"),
        (np.datetime64("2024-01-01T00:00:00"), "without time zone"),
        (pd.NaT, "NaT is no moment"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_cannot_travel_is_refused(value: object, why: str) -> None:
    with pytest.raises(NotEncodable, match=r"The value at \$\[0\]") as caught:
        encode([value])
    assert why in str(caught.value)


@pytest.mark.parametrize("value", [{"mediaType": ARROW, "data": b""}, {"mediaType": NPY, "data": b"no"}, [1, 2], None])
def test_what_is_no_array_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        shape_of(np.ndarray).convert(value, None)


def test_schemas_say_the_media_type() -> None:
    array = shape_of(np.ndarray).schema(Schemas(is_output=False))
    assert array["properties"]["mediaType"] == {"const": NPY}
    table, stream = shape_of(pl.DataFrame).schema(Schemas(is_output=False))["anyOf"]
    assert table == shape_of(pl.DataFrame).schema(Schemas(is_output=True)) == {"x-type": "table"}
    assert stream["properties"]["mediaType"] == {"const": ARROW}
    assert shape_of(np.typing.NDArray[np.float64]).schema(Schemas(is_output=False)) == shape_of(np.ndarray).schema(
        Schemas(is_output=False)
    )
