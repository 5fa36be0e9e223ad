"""Tables in values. The data store has their rows as Parquet, which pyarrow reads and writes here."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from tempfile import NamedTemporaryFile
from typing import Any

from .arrays import Refuse, name_of
from .context import CHUNK, Context, in_loop
from .errors import NotHashable
from .values import StoredBytes

PARQUET = "application/vnd.apache.parquet"
IN_MEMORY = ("pyarrow.Table", "pyarrow.RecordBatch", "pandas.DataFrame", "polars.DataFrame")


class InLoop(Exception):
    """Tables wait for the worker, so they are read and stored in another thread than an event loop's."""


class Tables:
    """Reads the tables in the inputs of a call, and stores those in its result.

    Files are streamed from the worker and to it. Without a worker beside the body, they travel with the values.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._streams = context._call.has_streams
        self._read: list[Any] = []
        """The manifests of the tables that were read."""

    def read(self, manifest: Any, data: bytes | None, refuse: Refuse) -> Any:
        """A ``pyarrow.Table`` with the columns of a manifest. Its file may have more.

        :raises WorkerError: the rows are missing or damaged
        :raises InLoop:
        """
        self._refuse_in_loop()
        pyarrow = _library("pyarrow", refuse)
        self._read.append(manifest)
        schema = _schema_of(pyarrow, manifest)
        read = import_module("pyarrow.parquet").read_table
        if data is not None:
            table = read(pyarrow.BufferReader(data), columns=schema.names)
        else:
            with NamedTemporaryFile(prefix="selvage-table-") as file:
                with self._context.open(StoredBytes(manifest["blob"], manifest["size"], PARQUET)) as stream:
                    shutil.copyfileobj(stream, file, CHUNK)
                file.flush()
                table = read(file.name, columns=schema.names, memory_map=True)
        # Parquet has no seconds, and no names of time zones.
        return table.select(schema.names).cast(schema)

    def store(self, table: Any, refuse: Refuse) -> Any:
        """Hashes and stores a table, a block after the other. Returns its hash and its manifest.

        A table that was read, and comes back unchanged, is not stored again.

        :raises WorkerError: the data store refused the rows
        :raises InLoop:
        """
        self._refuse_in_loop()
        pyarrow = _library("pyarrow", refuse)
        try:
            reader = _reader_of(pyarrow, table)
            # Other tables may be read only once, or be larger than memory.
            if self._streams and self._read and name_of(type(table)) in IN_MEMORY:
                held = reader.read_all()
                if same := self._same(held):
                    return same
                reader = held.to_reader()
            writer = _Writer(pyarrow, reader)
            file = self._context.store(writer.parquet(), PARQUET) if self._streams else b"".join(writer.parquet())
        except NotHashable as error:
            refuse(str(error).removesuffix("."))
        except (pyarrow.ArrowException, TypeError, ValueError) as error:
            refuse(f"Arrow cannot say this {type(table).__qualname__}: {error}")
        manifest: dict[str, Any] = dict(writer.hasher.finish())
        told: dict[str, Any] = {"hash": manifest.pop("hash"), "manifest": manifest}
        if isinstance(file, bytes):
            manifest |= {"blob": f"bytes-sha256:{sha256(file).hexdigest()}", "size": len(file)}
            return {**told, "bytes": file}
        manifest |= {"blob": file.hash, "size": file.size}
        return told

    def _same(self, table: Any) -> dict[str, Any] | None:
        """The hash and the manifest of a table with the rows of one that was read, whose file is that one's."""
        names = table.schema.names
        alike = [one for one in self._read if one["rows"] == len(table) and _columns(one, "name") == names]
        if not alike:
            return None
        from .tables import table_manifest

        found: dict[str, Any] = dict(table_manifest(table))
        told = found.pop("hash")
        for one in alike:
            # The hashes of its columns may be made with a key. The digests of blocks never are.
            if one.get("blocks") == found["blocks"] and _columns(one, "type") == _columns(found, "type"):
                return {"hash": told, "manifest": {**found, "blob": one["blob"], "size": one["size"]}}
        return None

    def _refuse_in_loop(self) -> None:
        if self._streams and in_loop():
            raise InLoop


def _library(name: str, refuse: Refuse) -> Any:
    try:
        return import_module(name)
    except ImportError:
        refuse(f"it is a table, which Python needs {name} for. Install it: pip install 'selvage[tables]'")


def _reader_of(pyarrow: Any, table: Any) -> Any:
    if type(table).__module__.partition(".")[0] == "polars":
        table = table.to_arrow()  # its stream has views of texts, which old versions of pyarrow cannot read
    if isinstance(table, pyarrow.RecordBatch):
        table = pyarrow.Table.from_batches([table])
    kind = pyarrow.RecordBatchReader
    if hasattr(kind, "from_stream"):
        return kind.from_stream(table)
    return kind._import_from_c_capsule(table.__arrow_c_stream__(None))


def _columns(manifest: Any, fact: str) -> list[str]:
    return [column[fact] for column in manifest["columns"]]


class _Writer:
    """Hashes the batches of a reader and writes them as Parquet, with row groups of 65,536 rows.

    :raises NotHashable: a column has a type without a hash
    """

    def __init__(self, pyarrow: Any, reader: Any) -> None:
        # Most processes have no tables, so they do not load what hashes them.
        from . import arrow, tables

        self._pyarrow = pyarrow
        self._reader = reader
        self._batches_of = arrow.Reader
        self._rows = tables.BLOCK
        given = arrow.Reader(reader.schema.empty_table())
        self._schema = _schema_of(pyarrow, tables.TableHasher(given.schema).finish())
        plain = arrow.Reader(self._schema.empty_table())
        self.hasher = tables.TableHasher(plain.schema)

    def parquet(self) -> Iterator[bytes]:
        """The pieces of the file."""
        sink = _Sink()
        file = self._pyarrow.PythonFile(sink, "w")
        # Dictionaries of numbers would take most of the time, and save little.
        texts = [field.name for field in self._schema if str(field.type) in ("string", "binary")]
        options = {"store_schema": False, "use_dictionary": texts}
        with import_module("pyarrow.parquet").ParquetWriter(file, self._schema, **options) as writer:
            for block in self._blocks():
                # Each type in its plain form, which every reader of Parquet knows.
                plain = block.cast(self._schema)
                for batch in self._batches_of(plain):
                    self.hasher.add(batch)
                writer.write_table(plain, row_group_size=self._rows)
                yield from sink.taken()
        yield from sink.taken()

    def _blocks(self) -> Iterator[Any]:
        table_of = self._pyarrow.Table.from_batches
        held: list[Any] = []
        count = 0
        for batch in self._reader:
            held.append(batch)
            count += len(batch)
            if count < self._rows:
                continue
            table, end = table_of(held), count - count % self._rows
            for start in range(0, end, self._rows):
                yield table.slice(start, self._rows)
            held, count = table.slice(end).to_batches(), count - end
        if count:
            yield table_of(held)


class _Sink:
    """A file that keeps what is written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(piece)
        return len(piece)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def taken(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _schema_of(pyarrow: Any, manifest: Any) -> Any:
    return pyarrow.schema([(column["name"], arrow_type(column["type"])) for column in manifest["columns"]])


def arrow_type(name: str) -> Any:
    """The type of pyarrow with a canonical name, such as ``list<timestamp[us, tz=UTC]>``."""
    return _type_at(name)[0]


_TYPE = re.compile(r"(\w+)(?:[\[(](\w+)(?:,(?: tz=)?([^\])]+))?[\])])?")


def _type_at(text: str) -> tuple[Any, str]:
    """The type at the beginning of a text, and the rest of the text."""
    import pyarrow

    if text.startswith("list<"):
        item, rest = _type_at(text[5:])
        return pyarrow.list_(item), rest[1:]
    if text.startswith("struct<"):
        fields, rest = [], text[6:]
        while rest[0] != ">":
            name, end = json.JSONDecoder().raw_decode(rest, 1)
            kind, rest = _type_at(rest[end + 1 :])
            fields.append((name, kind))
        return pyarrow.struct(fields), rest[1:]
    found = _TYPE.match(text)
    assert found, f"{text} is no type of a column"
    kind, first, second = found.groups()
    rest = text[found.end() :]
    match kind:
        case "timestamp":
            return pyarrow.timestamp(first, second), rest
        case "time64":
            return pyarrow.time64(first), rest
        case "decimal":
            return pyarrow.decimal128(int(first), int(second)), rest
        case "bool":
            return pyarrow.bool_(), rest
    return getattr(pyarrow, kind)(), rest
