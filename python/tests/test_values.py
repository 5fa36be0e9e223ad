"""The codec: golden vectors of all implementations, Python's own types, refusals."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import struct
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selvage import BigInt, Map, NotDecodable, NotEncodable, StoredBytes
from selvage.values import decode, encode

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "test" / "unit" / "values" / "golden-vectors.json").read_text(encoding="utf-8")
)

UNSAYABLE = {
    "map with keys that are values": "an object as a key",
    "map and set in one another": "a map in a set",
    "class instance": "a codec",
    "class instance in a map key that needs own order": "an object as a key",
}
"""Vectors that Python refuses, and why."""

ONE_WAY = {"undefined": None, "undefined is not left out": {"a": None}}
"""Vectors whose decoded value is encoded differently."""


def unordered(tagged: Any) -> Any:
    """Normalised: members of sets and entries of maps in one order, numbers as doubles."""
    if isinstance(tagged, list):
        return [unordered(item) for item in tagged]
    if isinstance(tagged, dict):
        plain = {key: unordered(item) for key, item in tagged.items()}
        if plain.get("$type") in ("set", "map"):
            plain["value"].sort(key=json.dumps)
        return plain
    return float(tagged) if type(tagged) is int else tagged


def there_and_back(tagged: Any) -> Any:
    json_again, attachments = encode(decode(tagged))
    assert not attachments
    return json.loads(json.dumps(json_again, allow_nan=False))


@pytest.mark.parametrize("vector", GOLDEN["vectors"], ids=lambda vector: vector["name"])
def test_golden_vectors(vector: dict[str, Any]) -> None:
    if "bytes" in vector:
        data = base64.b64decode(vector["bytes"])
        assert decode(encode(data)[0]) == data
        return
    if "double" in vector:
        (double,) = struct.unpack(">d", bytes.fromhex(vector["double"]))
        assert unordered(json.loads(json.dumps(encode(double)[0]))) == unordered(json.loads(vector["text"]))
    for tagged in (json.loads(vector["text"]), vector.get("json", json.loads(vector["text"]))):
        if vector["name"] in UNSAYABLE:
            with pytest.raises(NotDecodable):
                decode(tagged)
        elif vector["name"] in ONE_WAY:
            assert decode(tagged) == ONE_WAY[vector["name"]]
        else:
            assert unordered(there_and_back(tagged)) == unordered(json.loads(vector["text"]))


JSON_TEXTS = [case for case in GOLDEN["refused"] if case["name"] not in ("not JSON", "empty text")]


@pytest.mark.parametrize("case", JSON_TEXTS, ids=lambda case: case["name"])
def test_golden_refusals(case: dict[str, Any]) -> None:
    with pytest.raises(NotDecodable):
        decode(json.loads(case["text"]))


def test_the_path_of_a_golden_refusal() -> None:
    far = next(case for case in GOLDEN["refused"] if case["name"] == "a malformed tag far inside")
    with pytest.raises(NotDecodable, match=r'at \$\[0\]\.a\.get\("k"\) '):
        decode(json.loads(far["text"]))


# ---- types of Python


class Colour(Enum):
    RED = "red"
    ODD = 7


class Level(IntEnum):
    HIGH = 3


class Name(StrEnum):
    ADA = "ada"


class Pair(NamedTuple):
    left: int
    right: str


@dataclass
class Inner:
    when: dt.date


@dataclass
class Outer:
    inner: Inner
    data: bytes


UTC = dt.UTC
MOMENT = dt.datetime(2024, 2, 29, 12, 34, 56, 789999, tzinfo=UTC)
DATE = {"$type": "date", "value": "2024-02-29T12:34:56.789Z"}


@pytest.mark.parametrize(
    ("value", "tagged"),
    [
        (MOMENT, DATE),
        (MOMENT.astimezone(dt.timezone(dt.timedelta(hours=2))), DATE),
        (dt.datetime(1, 1, 1, tzinfo=UTC), {"$type": "date", "value": "0001-01-01T00:00:00.000Z"}),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.time(12, 30), "12:30:00"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("a/b"), "a/b"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Name.ADA, "ada"),
        (2**53 - 1, 2**53 - 1),
        (2**53, {"$type": "bigint", "value": "9007199254740992"}),
        (-(2**53), {"$type": "bigint", "value": "-9007199254740992"}),
        (BigInt(5), {"$type": "bigint", "value": "5"}),
        (int(BigInt(5) + 1), 6),
        (-0.0, {"$type": "number", "value": "-0"}),
        (math.nan, {"$type": "number", "value": "NaN"}),
        (-math.inf, {"$type": "number", "value": "-Infinity"}),
        (True, True),
        ((1, (2,)), [1, [2]]),
        (Pair(1, "b"), [1, "b"]),
        (namedtuple("Old", "x")(x=1), [1]),  # type: ignore[call-arg]
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        ({1: "a"}, {"$type": "map", "value": [[1, "a"]]}),
        ({"a": 1, None: 2}, {"$type": "map", "value": [["a", 1], [None, 2]]}),
        (Map(a=1), {"$type": "map", "value": [["a", 1]]}),
        (Map(), {"$type": "map", "value": []}),
        ({Colour.RED: 1, dt.date(2024, 1, 1): 2}, {"red": 1, "2024-01-01": 2}),
        ({Colour.ODD: 1}, {"$type": "map", "value": [[7, 1]]}),
        (
            {frozenset([1]): {2}},
            {"$type": "map", "value": [[{"$type": "set", "value": [1]}, {"$type": "set", "value": [2]}]]},
        ),
        ({"$type": "date"}, {"$type": "object", "value": {"$type": "date"}}),
        (bytearray(b"\x00\x01"), {"$type": "bytes", "value": "AAE="}),
        (memoryview(b"\x00\x01\x02\x03")[::2], {"$type": "bytes", "value": "AAI="}),
        (
            Outer(Inner(dt.date(2024, 1, 1)), b""),
            {"inner": {"when": "2024-01-01"}, "data": {"$type": "bytes", "value": ""}},
        ),
        (
            StoredBytes("bytes-sha256:" + "0" * 64, 3, "text/csv"),
            {"$type": "stored", "value": {"hash": "bytes-sha256:" + "0" * 64, "size": 3, "mediaType": "text/csv"}},
        ),
    ],
    ids=repr,
)
def test_types_of_python_are_encoded(value: object, tagged: Any) -> None:
    json_form, attachments = encode(value)
    assert (json_form, attachments) == (tagged, [])
    assert type(json_form) is type(tagged)


def test_whole_numbers_beyond_the_safe_ones_are_doubles() -> None:
    decoded = decode(json.loads("[9007199254740992, 9007199254740991, 1e3]"))
    assert [type(number) for number in decoded] == [float, int, float]
    assert encode(decoded)[0] == decoded


def test_large_bytes_are_attachments() -> None:
    large, small = bytes(1024), bytes(1023)
    tagged, attachments = encode([large, {"small": small}, memoryview(large)])
    assert [item.get("value") for item in (tagged[0], tagged[2])] == [0, 1]
    assert tagged[1]["small"]["$type"] == "bytes"
    assert attachments[0] is large  # not copied
    assert decode(tagged, [large, large]) == [large, {"small": small}, large]


def test_the_maximum_of_attachments_is_kept() -> None:
    tagged, attachments = encode([bytes(1024)] * 16_400)
    assert len(attachments) == 16_384
    assert [tagged[i]["$type"] for i in (16_383, 16_384)] == ["attachment", "bytes"]


def itself() -> list[Any]:
    cycle: list[Any] = []
    cycle.append({"again": cycle})
    return cycle


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


class Odd:
    pass


@pytest.mark.parametrize(
    ("value", "path", "why"),
    [
        ({"a": [0, 1, 2, Odd()]}, "$.a[3]", "Odd is no value"),
        ({"a b": Odd}, '$["a b"]', "type is no value"),
        ([dt.datetime(2024, 1, 1)], "$[0]", "datetime.now(timezone.utc)"),
        (dt.timedelta(1), "$", "timedelta is no value"),
        ({1: {2: Odd()}}, "$.get(1).get(2)", "no value"),
        ({(1, Odd()): 1}, "$.keys()[0][1]", "no value"),
        ({frozenset([Odd]): 1}, "$.keys()[0].values()[0]", "no value"),
        (Outer(Inner(Odd()), b""), "$.inner.when", "no value"),  # type: ignore[arg-type]
        (itself(), "$[0].again", "contains itself"),
        (["\ud800"], "$[0]", "lone surrogate"),
        ({"\ud800": 1}, "$", "lone surrogate"),
        ({Name.ADA: 1, Colour("red"): 2, PurePosixPath("red"): 3}, "$", "two of its keys"),
        (10**5000, "$", "too long"),
        (lambda: 1, "$", "function is no value"),
        (nested(1001), "$[0][0]", "1000 levels"),
        (1j, "$", "complex is no value"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_is_no_value_is_refused_with_its_path(value: object, path: str, why: str) -> None:
    with pytest.raises(NotEncodable) as caught:
        encode(value)
    assert str(caught.value).startswith(f"The value at {path}")
    assert why in str(caught.value)


def test_1000_levels_are_a_value() -> None:
    assert decode(encode(nested(1000))[0]) == nested(1000)


@pytest.mark.parametrize(
    ("tagged", "path"),
    [
        ({"a": [{"$type": "class:Money", "value": 1}]}, "$.a[0]"),
        ({"$type": "attachment", "value": 0}, "$"),
        ({"$type": "set", "value": [{"x": 1}]}, "$.values()[0]"),
        ({"$type": "set", "value": [1, True]}, "$"),
        ({"$type": "map", "value": [[1, 1], [True, 2]]}, "$"),
        ({"$type": "date", "value": "+010000-01-01T00:00:00.000Z"}, "$"),
        ({"$type": "date", "value": "0000-01-01T00:00:00.000Z"}, "$"),
        ({"$type": "bigint", "value": "1" * 5000}, "$"),
    ],
)
def test_what_python_cannot_say_is_refused_with_its_path(tagged: Any, path: str) -> None:
    with pytest.raises(NotDecodable) as caught:
        decode(tagged)
    assert str(caught.value).startswith(f"The value at {path} ")


def test_types_that_come() -> None:
    assert decode(DATE) == MOMENT.replace(microsecond=789000)
    assert type(decode({"$type": "set", "value": [[1, [2]]]}).pop()) is tuple
    assert type(decode({"$type": "bigint", "value": "5"})) is BigInt
    assert type(decode({"$type": "bigint", "value": "9007199254740993"})) is int
    assert type(decode({"$type": "map", "value": [["a", 1]]})) is Map


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.datetimes(timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    )
)
keys = st.text() | st.integers() | st.tuples(st.integers(), st.text())
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.dictionaries(keys, inner, min_size=1)
        | st.sets(keys)
        | st.lists(st.binary(min_size=1024, max_size=1030))
    ),
)


@settings(deadline=None, max_examples=50)
@given(values)
def test_values_come_back(value: object) -> None:
    tagged, attachments = encode(value)
    again = decode(json.loads(json.dumps(tagged, allow_nan=False)), [bytes(attachment) for attachment in attachments])
    assert again == value
