"""Bodies that take and return tables, for the tests of all hosts of Python."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

from selvage import knot


@knot
def by_pyarrow(orders: pa.Table) -> pa.Table:
    return orders


@knot
def by_pandas(orders: pd.DataFrame) -> pd.DataFrame:
    return orders


@knot
def by_polars(orders: pl.DataFrame | None) -> pl.DataFrame | None:
    return orders


@knot
def by_lazy(orders: pl.LazyFrame) -> pl.DataFrame:
    return orders.collect()


@knot
def by_duckdb(orders: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    return orders


@knot
def by_reader(orders):  # type: ignore[no-untyped-def]
    return orders.to_reader(1000)


@dataclass
class Report:
    orders: pl.DataFrame
    parts: list[pa.Table]


@knot
def nested(orders: pa.Table) -> Report:
    return Report(pl.from_arrow(orders), [orders.slice(0, 2), orders.select(["id"])])  # type: ignore[arg-type]


@knot
async def counted(report: Report) -> list[int]:
    return [report.orders.height, *(len(part) for part in report.parts)]


@knot
async def by_async(orders: pa.Table) -> dict[str, Any]:
    return {"orders": orders}


@knot
def lossy(orders: pa.Table) -> pd.DataFrame:
    return pd.DataFrame({"x": [1.0, float("nan")]})


@knot
def lossless(orders: pa.Table) -> pa.Table:
    return pa.table({"x": [1.0, float("nan")]})


@knot
def bad(orders: pa.Table) -> dict[str, Any]:
    made: Callable[..., Any] = pa.table
    return {"report": made({"waits": pa.array([1], pa.duration("s"))})}


@knot
def unsorted(orders: pa.Table) -> pa.Table:
    return orders.take(list(range(len(orders) - 1, -1, -1)))


@knot
def twice(orders: pa.Table) -> pa.Table:
    return pa.concat_tables([orders, orders])


@knot
def renamed(orders: pa.Table) -> pa.Table:
    return orders.rename_columns(["id", "name", "cost"])


@knot
def without(orders: pa.Table) -> pa.Table:
    return orders.set_column(2, "price", pa.nulls(len(orders), pa.decimal128(18, 2)))
