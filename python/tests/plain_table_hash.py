"""A second, plain implementation of ``table-sha256``, which shares no code with the package.

It takes columns as names of types and plain values, in the form of ``test/vectors/table-hash.json``:

``python tests/plain_table_hash.py FILE`` checks the hashes of such a file; with ``--write`` it fills them in.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

BLOCK = 65_536
UTC = ("UTC", "Etc/UTC", "Z", "+00:00")
INTEGERS = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I"}
INTEGERS |= {"uint64": "Q", "date32": "i"}


class Refused(Exception):
    """``what``: type, name or value."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what


@dataclass(frozen=True)
class Type:
    name: str
    """The canonical name."""
    encode: Callable[[list[Any]], bytes]
    """The content of values, without their validity."""


# ---- types


def parse(name: str) -> Type:
    parsed, rest = _parse(name)
    if rest:
        raise Refused("type", f"{name!r} has {rest!r} too much")
    return parsed


def _parse(text: str) -> tuple[Type, str]:
    """The type at the beginning of the text, and the text behind it."""
    if text.startswith("list<"):
        item, rest = _parse(text[5:])
        return _list(item), _after(">", rest)
    if text.startswith("struct<"):
        return _parse_struct(text[7:])
    if found := re.match(r"decimal\((\d+),(-?\d+)\)", text):
        precision, scale = map(int, found.groups())
        if not (1 <= precision <= 38 and 0 <= scale <= precision):
            raise Refused("type", f"{found[0]} is not supported")
        return Type(found[0], lambda values: _decimals(values, scale)), text[found.end() :]
    if found := re.match(r"timestamp\[(s|ms|us|ns)(?:, tz=([^\]]+))?\]", text):
        unit, zone = found.groups()
        written = "" if zone is None else f", tz={'UTC' if zone in UTC else zone}"
        return Type(f"timestamp[{unit}{written}]", _integers("q")), text[found.end() :]
    if found := re.match(r"time64\[(us|ns)\]", text):
        return Type(found[0], _integers("q")), text[found.end() :]
    word = re.match(r"[a-z0-9]*", text)
    assert word
    kinds = {
        **{name: _integers(code) for name, code in INTEGERS.items()},
        "float32": lambda values: _floats(values, 4),
        "float64": lambda values: _floats(values, 8),
        "bool": lambda values: bits([value is True for value in values]),
        "utf8": lambda values: _texts([None if value is None else _utf8(value) for value in values]),
        "binary": lambda values: _texts([None if value is None else bytes.fromhex(value) for value in values]),
    }
    if word[0] not in kinds:
        raise Refused("type", f"{text!r} begins with no type")
    return Type(word[0], kinds[word[0]]), text[word.end() :]


def _parse_struct(rest: str) -> tuple[Type, str]:
    fields: list[tuple[str, Type]] = []
    while not fields or rest.startswith(","):
        rest = rest[1:] if fields else rest
        try:
            name, end = json.JSONDecoder().raw_decode(rest)
        except ValueError:
            raise Refused("type", f"{rest!r} begins with no name") from None
        field, rest = _parse(_after(":", rest[end:]))
        if name in [known for known, _ in fields]:
            raise Refused("type", f"two fields have the name {name!r}")
        fields.append((name, field))

    def content(values: list[Any]) -> bytes:
        return b"".join(
            encoding(field, [None if value is None else value[name] for value in values]) for name, field in fields
        )

    names = ",".join(f"{canonical(name)}:{field.name}" for name, field in fields)
    return Type(f"struct<{names}>", content), _after(">", rest)


def _after(mark: str, text: str) -> str:
    if not text.startswith(mark):
        raise Refused("type", f"{mark!r} is missing before {text!r}")
    return text[len(mark) :]


# ---- content


def encoding(kind: Type, values: list[Any]) -> bytes:
    return bits([value is not None for value in values]) + kind.encode(values)


def bits(flags: Sequence[bool]) -> bytes:
    packed = bytearray((len(flags) + 7) // 8)
    for i, flag in enumerate(flags):
        packed[i // 8] |= flag << i % 8
    return bytes(packed)


def _integers(code: str) -> Callable[[list[Any]], bytes]:
    return lambda values: struct.pack(f"<{len(values)}{code}", *(int(value or 0) for value in values))


def _floats(values: list[Any], width: int) -> bytes:
    code, nan = ("<f", "0000c07f") if width == 4 else ("<d", "000000000000f87f")

    def one(value: Any) -> bytes:
        if isinstance(value, str) and value.startswith("0x"):
            data = bytes.fromhex(value[2:])[::-1]
        else:
            data = struct.pack(code, float(value or 0) if value != "-0.0" else -0.0)
        number = struct.unpack(code, data)[0]
        return bytes.fromhex(nan) if number != number else data

    return b"".join(map(one, values))


def _utf8(value: Any) -> bytes:
    data = bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode("utf-8", "surrogatepass")
    try:
        data.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise Refused("value", f"a text is not UTF-8: {error}") from None
    return bytes(data)


def _texts(values: list[bytes | None]) -> bytes:
    lengths = [len(value or b"") for value in values]
    return struct.pack(f"<{len(values)}I", *lengths) + b"".join(value or b"" for value in values)


def _decimals(values: list[Any], scale: int) -> bytes:
    def one(value: Any) -> bytes:
        sign, digits, exponent = Decimal(value or 0).as_tuple()
        assert isinstance(exponent, int)
        assert exponent + scale >= 0
        whole: int = int("".join(map(str, digits))) * 10 ** (exponent + scale)
        return (-whole if sign else whole).to_bytes(16, "little", signed=True)

    return b"".join(map(one, values))


def _list(item: Type) -> Type:
    def content(values: list[Any]) -> bytes:
        counts = [len(value or ()) for value in values]
        items = [part for value in values for part in value or ()]
        return struct.pack(f"<{len(values)}I", *counts) + encoding(item, items)

    return Type(f"list<{item.name}>", content)


# ---- hashes


def canonical(value: Any) -> str:
    """JSON as RFC 8785 writes it; this holds for all that occurs here: texts, whole numbers, known names of members."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def blocks_of(kind: Type, values: list[Any]) -> list[str]:
    return [
        hashlib.sha256(encoding(kind, values[start : start + BLOCK])).hexdigest()
        for start in range(0, len(values), BLOCK)
    ]


def hash_columns(columns: Sequence[tuple[str, str, list[Any]]], rows: int, key: bytes | None = None) -> dict[str, Any]:
    """The hash of the table, and of each column ``(name, type, values)`` its hash, the canonical type and the blocks.

    :raises Refused: the table has no hash
    """

    def digest(data: bytes) -> str:
        plain = hashlib.sha256(data)
        return plain.hexdigest() if key is None else hmac.new(key, plain.digest(), "sha256").hexdigest()

    names = [name for name, _, _ in columns]
    if len(set(names)) < len(names):
        raise Refused("name", "two columns have one name")
    hashed = []
    for name, type_name, values in columns:
        if re.search("[\ud800-\udfff]", name):
            raise Refused("name", "a name has a lone surrogate")
        kind = parse(type_name)
        assert len(values) == rows, name
        blocks = blocks_of(kind, values)
        hashed.append(
            {"name": name, "type": kind.name, "hash": digest(bytes.fromhex("".join(blocks))), "blocks": blocks}
        )
    facts = {"columns": [{k: column[k] for k in ("hash", "name", "type")} for column in hashed], "rows": rows}
    text = f"selvage.table.v1\n{canonical(facts)}"
    return {"hash": f"table-sha256:{digest(text.encode())}", "columns": hashed}


# ---- the file of vectors


def values_of(column: dict[str, Any]) -> list[Any]:
    """The plain values of a column of the file."""
    if "range" not in column:
        return list(column["values"])
    given = column["range"]
    start, step, nulls = int(given.get("from", 0)), int(given.get("step", 1)), given.get("nulls")
    makers: dict[str, Callable[[int, int], Any]] = {
        "bool": lambda _, v: v % 2 == 1,
        "utf8": lambda _, v: f"row {v}",
        "list<int64>": lambda i, v: [v, v + 1][: i % 3],
    }
    make = makers.get(column["type"])
    if make is None:
        return [None if nulls and i % nulls == 0 else start + i * step for i in range(given["rows"])]
    return [None if nulls and i % nulls == 0 else make(i, start + i * step) for i in range(given["rows"])]


def hash_of_case(case: dict[str, Any]) -> dict[str, Any]:
    columns = [(column["name"], column["type"], values_of(column)) for column in case["columns"]]
    rows = case.get("rows", len(columns[0][2]) if columns else 0)
    return hash_columns(columns, rows, bytes.fromhex(case["key"]) if "key" in case else None)


def differences(vectors: dict[str, Any]) -> list[str]:
    """The cases on which this implementation and the file disagree."""
    found = []
    for case in vectors["tables"]:
        ours = hash_of_case(case)
        if ours["hash"] != case["hash"]:
            found.append(f"{case['name']}: {ours['hash']}")
        for mine, column in zip(ours["columns"], case["columns"], strict=True):
            if mine["hash"] != column["hash"] or mine["blocks"] != column.get("blocks", mine["blocks"]):
                found.append(f"{case['name']}, column {column['name']}: {mine['hash']}")
            if mine["type"] != column.get("canonicalType", column["type"]):
                found.append(f"{case['name']}, column {column['name']}: {mine['type']}")
    for case in vectors["refusals"]:
        try:
            found.append(f"{case['name']}: not refused, {hash_of_case(case)['hash']}")
        except Refused as refusal:
            if refusal.what != case["refused"]:
                found.append(f"{case['name']}: refused for its {refusal.what}")
    return found


def fill_in(vectors: dict[str, Any]) -> None:
    for case in vectors["tables"]:
        ours = hash_of_case(case)
        case["hash"] = ours["hash"]
        for mine, column in zip(ours["columns"], case["columns"], strict=True):
            column["hash"] = mine["hash"]
            if "blocks" in column:
                column["blocks"] = mine["blocks"]


def main(path: Path, is_written: bool) -> int:
    vectors = json.loads(path.read_text("utf-8"))
    if is_written:
        fill_in(vectors)
        path.write_text(json.dumps(vectors, indent=2) + "\n", "utf-8")
    wrong = differences(vectors)
    print("\n".join(wrong) or f"{len(vectors['tables'])} tables and {len(vectors['refusals'])} refusals agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), "--write" in sys.argv[2:]))
