"""Arrays and tables of libraries that the body has imported; only pyarrow may be imported here.

An array is ``{"mediaType": "application/x-npy", "data": bytes}``. A table that no data store keeps is the same with
Arrow's stream format.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any, NoReturn

NPY = "application/x-npy"
ARROW = "application/vnd.apache.arrow.stream"

Refuse = Callable[[str], NoReturn]


def plain_of(value: Any, refuse: Refuse) -> Any:
    """An array or table as plain data; None for anything else."""
    library = type(value).__module__.partition(".")[0]
    if library not in ("numpy", "pyarrow", "pandas", "polars"):
        return None
    module: Any = sys.modules[library]
    if library == "numpy":
        if isinstance(value, module.generic):
            item = value.item()
            return None if isinstance(item, module.generic) else item
        return _of_array(module, value, refuse) if isinstance(value, module.ndarray) else None
    if library == "pandas":
        return _of_pandas(value, refuse) if isinstance(value, module.DataFrame) else None
    if library == "polars":
        if not isinstance(value, module.DataFrame):
            return None
        stream = io.BytesIO()
        value.write_ipc_stream(stream)
        return _tagged(ARROW, stream)
    return _of_arrow(value) if isinstance(value, (module.Table, module.RecordBatch)) else None


def is_table(value: Any) -> bool:
    if hasattr(value, "__arrow_c_stream__"):
        # A column of a table is no table.
        return not type(value).__qualname__.endswith(("Series", "Array"))
    return name_of(type(value)) == "pyarrow.RecordBatch"


def reader_of(kind: type) -> tuple[str, Callable[[bytes], Any]] | None:
    """The media type of an array or table type, and its reader of bytes; None for other types."""
    match name_of(kind):
        case "numpy.ndarray":
            return NPY, _read_array
        case "polars.DataFrame":
            return ARROW, lambda data: sys.modules["polars"].read_ipc_stream(io.BytesIO(data))
        case "pandas.DataFrame":
            return ARROW, lambda data: _read_arrow(data).to_pandas()
    make = from_arrow(kind)
    return make and (ARROW, lambda data: make(_read_arrow(data)))


def from_arrow(kind: type) -> Callable[[Any], Any] | None:
    """What makes a table of this type of a ``pyarrow.Table``; None if it is no type of a table."""
    match name_of(kind):
        case "pyarrow.Table":
            return lambda table: table
        case "pandas.DataFrame":
            return _to_pandas
        case "polars.DataFrame":
            return lambda table: sys.modules["polars"].from_arrow(table)
        case "polars.LazyFrame":
            return lambda table: sys.modules["polars"].from_arrow(table).lazy()
        case "duckdb.DuckDBPyRelation":
            return lambda table: sys.modules["duckdb"].from_arrow(table)
        case _:
            return None


def name_of(kind: type) -> str:
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"


def _to_pandas(table: Any) -> Any:
    """Columns have numpy's types where these can say all values, else Arrow's: numpy would make a number with nulls a
    float, and a decimal an object."""
    pandas = sys.modules["pandas"]
    types = sys.modules["pyarrow"].types

    def converted(column: Any) -> Any:
        kind = column.type
        is_same = types.is_floating(kind) or types.is_string(kind) or types.is_timestamp(kind)
        if is_same or (column.null_count == 0 and (types.is_integer(kind) or types.is_boolean(kind))):
            return column.to_pandas()
        return column.to_pandas(types_mapper=pandas.ArrowDtype)

    columns = {name: converted(table[name]) for name in table.column_names}
    return pandas.DataFrame(columns, copy=False)


def _tagged(media_type: str, stream: io.BytesIO) -> dict[str, Any]:
    return {"mediaType": media_type, "data": stream.getbuffer()}


def _of_array(numpy: Any, array: Any, refuse: Refuse) -> Any:
    if array.dtype.hasobject:
        refuse(f"an array of Python objects ({array.dtype}) is no value. Use .tolist(), or another dtype")
    stream = io.BytesIO()
    numpy.lib.format.write_array(stream, array, allow_pickle=False)
    return _tagged(NPY, stream)


def _of_pandas(frame: Any, refuse: Refuse) -> Any:
    try:
        import pyarrow
    except ImportError:
        refuse("a DataFrame of pandas travels by pyarrow, which is not installed: pip install pyarrow")
    try:
        return _of_arrow(pyarrow.Table.from_pandas(frame))
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        refuse(f"Arrow cannot say this DataFrame: {error}")


def _of_arrow(table: Any) -> Any:
    import pyarrow

    stream = io.BytesIO()
    with pyarrow.ipc.new_stream(stream, table.schema) as writer:
        writer.write(table)
    return _tagged(ARROW, stream)


def _read_array(data: bytes) -> Any:
    return sys.modules["numpy"].lib.format.read_array(io.BytesIO(data), allow_pickle=False)


def _read_arrow(data: bytes) -> Any:
    import pyarrow

    return pyarrow.ipc.open_stream(pyarrow.py_buffer(data)).read_all()
