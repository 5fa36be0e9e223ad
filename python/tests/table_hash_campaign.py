"""Hashes random tables in all physical forms, and compares with the plain implementation.

``PYTHONPATH=src:tests python tests/table_hash_campaign.py --tables 1000 [--seed 1] [--write FOLDER]``

``--write`` keeps each table as ``N.arrow`` (Arrow's IPC stream), each of its forms as ``N.FORM.arrow``, and all hashes
in ``hashes.json``, for the check of the same tables in another language. The exit status is 1 after a mismatch.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path
from random import Random
from typing import Any

import plain_table_hash as plain
import pyarrow as pa
from table_forms import FORMS, KEPT, Column, Missing, random_table, random_value, table_of

from selvage import table_hash


def changed(columns: list[Column], rng: Random) -> list[Column] | None:
    """The table with another value in one cell; None if it has no cell."""
    if not columns[0][2]:
        return None
    at, row = rng.randrange(len(columns)), rng.randrange(len(columns[0][2]))
    name, kind, values = columns[at]
    parsed = plain.parse(kind)
    before = plain.encoding(parsed, [values[row]])
    for _ in range(50):
        value = random_value(rng, kind, 0.3)
        if plain.encoding(parsed, [value]) != before:
            return [*columns[:at], (name, kind, [*values[:row], value, *values[row + 1 :]]), *columns[at + 1 :]]
    return None


def as_arrow(made: Any) -> Any:
    """A table of pyarrow, in the form that the library gives."""
    if isinstance(made, pa.Table):
        return made
    if hasattr(made, "to_arrow_table"):
        return made.to_arrow_table()
    return made.to_arrow() if hasattr(made, "to_arrow") else pa.Table.from_pandas(made, preserve_index=False)


def keep(folder: Path, name: str, table: Any) -> str:
    with pa.ipc.new_stream(str(folder / name), table.schema) as writer:
        writer.write_table(table)
    return name


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    hashes: dict[str, Any] = {}
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
    for number in range(options.tables):
        rng = Random(f"{options.seed}/{number}")
        columns = random_table(rng)
        expected = plain.hash_columns(columns, len(columns[0][2]))["hash"]
        for form, make in FORMS.items():
            kept = [column for column in columns if form not in KEPT or KEPT[form](column[1])]
            if not kept:
                counts[f"{form}: no column of a type that it keeps"] += 1
                continue
            wanted = expected if len(kept) == len(columns) else plain.hash_columns(kept, len(kept[0][2]))["hash"]
            try:
                made = make(kept, rng)
            except (Missing, AttributeError, NotImplementedError, pa.ArrowException) as error:
                counts[f"{form}: not made, {type(error).__name__} {str(error)[:60]}"] += 1
                continue
            counts[f"{form}: compared"] += 1
            found = table_hash(made)
            if found != wanted:
                counts["mismatches"] += 1
                print(f"table {number} as {form}: {[column[1] for column in kept]}", file=sys.stderr)
            if options.write:
                hashes[keep(options.write, f"{number}.{form}.arrow", as_arrow(make(kept, rng)))] = wanted
        other = changed(columns, rng)
        if other is not None:
            counts["changed cells"] += 1
            counts["changed cells that kept the hash"] += table_hash(table_of(other, "plain", rng)) == expected
        if options.write:
            hashes[keep(options.write, f"{number}.arrow", table_of(columns, "plain", rng))] = expected
    if options.write:
        (options.write / "hashes.json").write_text(json.dumps(hashes, indent=1) + "\n")
    versions = {name: metadata.version(name) for name in ("numpy", "pyarrow", "pandas", "polars", "duckdb")}
    print(json.dumps({"versions": versions, "tables": options.tables, **counts}, indent=1))
    return 1 if counts["mismatches"] or counts["changed cells that kept the hash"] else 0


if __name__ == "__main__":
    sys.exit(main())
