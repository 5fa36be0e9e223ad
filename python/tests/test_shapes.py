"""Shapes of type hints: conversions of inputs, and JSON Schemas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, TypeVar, Union
from uuid import UUID

import pydantic
import pytest
from typing_extensions import TypeAliasType

from selvage import BigInt, InvalidInput, Map, StoredBytes
from selvage.bodies import Body, Options
from selvage.shapes import Schemas, shape_of
from selvage.values import decode, encode


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


@dataclass
class Point:
    x: float
    y: float = 0
    tags: list[str] = field(default_factory=list)
    length: float = field(init=False)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")
        self.length = abs(self.x)


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)


class User(pydantic.BaseModel):
    name: str = pydantic.Field(alias="userName", min_length=2)
    born: dt.datetime | None = None
    data: bytes = b""
    tags: set[str] = set()
    boss: User | None = None


class Strange:
    pass


UserId = NewType("UserId", int)
T = TypeVar("T")
Names = TypeAliasType("Names", list[str])
Twice = TypeAliasType("Twice", tuple[T, T], type_params=(T,))
Positive = Annotated[int, pydantic.Field(gt=0)]

UTC = dt.UTC
NOON = dt.datetime(2024, 2, 29, 12, tzinfo=UTC)
STORED = StoredBytes("bytes-sha256:" + "0" * 64, 1)


def convert(value: Any, hint: Any) -> Any:
    return shape_of(hint).convert(value, None)


def schema(hint: Any, *, is_output: bool = False) -> Any:
    schemas = Schemas(is_output)
    return schemas.document(shape_of(hint).schema(schemas))


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (Any, [1], [1]),
        (object, [1], [1]),
        (None, None, None),
        (int, 5, 5),
        (int, BigInt(5), 5),
        (int, 1e21, 10**21),
        (float, 5, 5.0),
        (BigInt, 5, BigInt(5)),
        (bool, True, True),
        (str, "a", "a"),
        (bytes, b"a", b"a"),
        (bytearray, b"a", bytearray(b"a")),
        (memoryview, b"a", memoryview(b"a")),
        (dt.datetime, NOON, NOON),
        (dt.datetime, "2024-02-29T12:00:00Z", NOON),
        (dt.date, "2024-02-29", dt.date(2024, 2, 29)),
        (dt.date, dt.datetime(2024, 2, 29, tzinfo=UTC), dt.date(2024, 2, 29)),
        (dt.time, "12:30:00", dt.time(12, 30)),
        (Decimal, "1.50", Decimal("1.50")),
        (Decimal, 0.1, Decimal("0.1")),
        (UUID, str(UUID(int=1)), UUID(int=1)),
        (Path, "a/b", Path("a/b")),
        (Colour, "red", Colour.RED),
        (Level, 2, Level.HIGH),
        (Literal["a", 1], 1, 1),
        (Literal[Colour.RED], "red", Colour.RED),
        (list[int], [1, 2], [1, 2]),
        (list[Decimal], ["1"], [Decimal(1)]),
        (Sequence[float], [1], [1.0]),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[()], [], ()),
        (tuple, [1], (1,)),
        (set[int], {1}, {1}),
        (frozenset[Colour], {"red"}, frozenset([Colour.RED])),
        (set[int], [1, 2, 1], {1, 2}),
        (dict[str, float], {"a": 1}, {"a": 1.0}),
        (dict[int, Colour], Map({1: "red"}), {1: Colour.RED}),
        (dict[Colour, int], {"red": 1}, {Colour.RED: 1}),
        (Mapping[str, Any], {"a": [1]}, {"a": [1]}),
        (Pair, [1, "b"], Pair(1, "b")),
        (Pair, [1], Pair(1)),
        (Pair, {"left": 1}, Pair(1)),
        (Movie, {"title": "a", "year": 1, "more": 2}, {"title": "a", "year": 1, "more": 2}),
        (Point, {"x": 1}, Point(1)),
        (Point, {"x": 1, "y": 2, "tags": ["a"], "length": 1}, Point(1, 2, ["a"])),
        (Tree, {"name": "a", "children": [{"name": "b"}]}, Tree("a", [Tree("b")])),
        (Optional[int], None, None),  # noqa: UP045
        (int | str, "5", "5"),
        (float | int, 5, 5),
        (Union[Point, Tree], {"name": "a"}, Tree("a")),  # noqa: UP007
        (UserId, 5, 5),
        (Names, ["a"], ["a"]),
        (Twice[int], [1, 2], (1, 2)),
        (Annotated[int, "a note"], 5, 5),
        (Positive, 5, 5),
        (list[Positive], [5], [5]),
        (User, {"userName": "ada", "born": NOON}, User(userName="ada", born=NOON)),
        (StoredBytes, STORED, STORED),
    ],
    ids=str,
)  # fmt: skip
def test_inputs_are_converted(hint: Any, value: Any, expected: Any) -> None:
    converted = convert(value, hint)
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    ("hint", "value", "path"),
    [
        (int, True, "$ "),
        (int, 1.5, "$ "),
        (int, "1", "$ "),
        (float, "1", "$ "),
        (str, 1, "$ "),
        (bool, 1, "$ "),
        (dt.datetime, "2024-02-29T12:00:00", "$ "),
        (dt.date, NOON, "$ "),
        (Decimal, "much", "$ "),
        (UUID, "1", "$ "),
        (Colour, "green", "$ "),
        (Level, True, "$ "),
        (Literal[1], True, "$ "),
        (list[int], {"a": 1}, "$ "),
        (list[int], [0, "1"], "$[1] "),
        (tuple[int, str], [1], "$ "),
        (tuple[int, str], [1, 2], "$[1] "),
        (set[int], {"a"}, "$.values()[0] "),
        (set[Any], [[1]], "$ "),
        (dict[str, int], {"a b": "c"}, '$["a b"] '),
        (dict[int, int], {1: "c"}, "$.get(1) "),
        (Pair, [1, "b", 3], "$ "),
        (Pair, {"right": "b"}, "$.left "),
        (Movie, {"year": 1}, "$.title "),
        (Point, {"x": 1, "z": 2}, "$.z "),
        (Point, {"x": -1}, "$ "),
        (Tree, {"name": "a", "children": [{"name": "b", "children": [{}]}]}, "$.children[0].children[0].name "),
        (int | Pair, "a", "$ "),
        (Positive, 0, "$ "),
        (User, {"userName": "a"}, "$.userName "),
        (User, {"userName": "ada", "boss": {}}, "$.boss.userName "),
        (StoredBytes, {"hash": "x"}, "$ "),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_with_its_path(hint: Any, value: Any, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        convert(value, hint)
    assert str(caught.value).startswith(f"The input at {path}")


def test_the_refusal_of_a_union_says_what_each_arm_wants() -> None:
    with pytest.raises(InvalidInput, match=r"a whole number is wanted\. Or: .* None is wanted\."):
        convert("a", int | None)


POINT = {
    "type": "object",
    "properties": {
        "x": {"type": "number"},
        "y": {"type": "number", "default": 0},
        "tags": {"type": "array", "items": {"type": "string"}},
        "length": {"type": "number"},
    },
    "required": ["x"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (Any, {}),
        (None, {"type": "null"}),
        (int, {"type": "integer"}),
        (dt.datetime, {"x-type": "date"}),
        (dt.date, {"type": "string", "format": "date"}),
        (Decimal, {"type": ["string", "number"], "format": "decimal"}),
        (UUID, {"type": "string", "format": "uuid"}),
        (bytes, {"x-type": "bytes"}),
        (BigInt, {"x-type": "bigint"}),
        (StoredBytes, {"x-type": "stored"}),
        (Colour, {"enum": ["red", "blue"]}),
        (Literal["b", "a", None], {"enum": ["b", "a", None]}),
        (str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (set[str], {"x-type": "set", "items": {"type": "string"}}),
        (
            tuple[int, str],
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
        ),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (
            dict[Colour, int],
            {
                "type": "object",
                "propertyNames": {"enum": ["red", "blue"]},
                "additionalProperties": {"type": "integer"},
            },
        ),
        (
            dict[int, str],
            {
                "x-type": "map",
                "items": {
                    "type": "array",
                    "prefixItems": [{"type": "integer"}, {"type": "string"}],
                    "minItems": 2,
                    "maxItems": 2,
                },
            },
        ),
        (Point, {"$ref": "#/$defs/Point", "$defs": {"Point": POINT}}),
        (
            Movie,
            {
                "$ref": "#/$defs/Movie",
                "$defs": {
                    "Movie": {
                        "type": "object",
                        "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
                        "required": ["title"],
                    }
                },
            },
        ),
        (
            Tree,
            {
                "$ref": "#/$defs/Tree",
                "$defs": {
                    "Tree": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
                        },
                        "required": ["name"],
                        "additionalProperties": False,
                    }
                },
            },
        ),
    ],
    ids=str,
)
def test_schemas(hint: Any, expected: Any) -> None:
    assert schema(hint) == expected


def test_members_with_defaults_are_there_in_what_is_returned() -> None:
    assert schema(Point, is_output=True)["$defs"]["Point"]["required"] == ["x", "y", "tags", "length"]
    assert schema(Decimal, is_output=True) == {"type": "string", "format": "decimal"}


def test_types_of_one_name_are_told_apart() -> None:
    same: Any = make_dataclass("Same", [("a", int)])
    other: Any = make_dataclass("Same", [("b", int)])
    other.__module__ = "elsewhere"
    made = schema(tuple[same, other])
    assert [list(part["properties"]) for part in made["$defs"].values()] == [["a"], ["b"]]
    assert [item["$ref"] for item in made["prefixItems"]] == ["#/$defs/Same", "#/$defs/elsewhere.Same"]


def test_the_schema_of_a_model_says_what_its_encoding_is() -> None:
    made = schema(list[User])
    assert made["items"] == {"$ref": "#/$defs/User"}
    properties = made["$defs"]["User"]["properties"]
    assert properties["data"]["x-type"] == "bytes"
    assert {"x-type": "date"} in properties["born"]["anyOf"]
    assert properties["tags"]["x-type"] == "set" and "type" not in properties["tags"]
    assert made["$defs"]["User"]["required"] == ["userName"]


class Twin(pydantic.BaseModel):
    a: int


def elsewhere_outer() -> Any:
    twin = pydantic.create_model("Twin", b=(int, ...))
    return pydantic.create_model("Outer", inner=(twin, ...))


def test_models_of_one_name_are_told_apart() -> None:
    class Outer(pydantic.BaseModel):
        inner: Twin

    made = schema(tuple[Outer, elsewhere_outer()])  # type: ignore[misc]
    inner = [item["properties"]["inner"]["$ref"] for item in made["prefixItems"]]
    first, second = [made["$defs"][reference.removeprefix("#/$defs/")] for reference in inner]
    assert list(first["properties"]) == ["a"] and list(second["properties"]) == ["b"]


def test_a_model_comes_back() -> None:
    user = User(userName="ada", born=NOON, data=b"\x00", tags={"a"}, boss=User(userName="bob"))
    assert convert(decode(encode(user)[0]), User) == user


def test_a_dataclass_comes_back() -> None:
    point = Point(1, 2, ["a"])
    assert convert(decode(encode(point)[0]), Point) == point


# ---- of whole bodies


def body(function: Any) -> Body:
    return Body("m:f", function, Options(None, None, None))


def test_hints_that_are_there_for_checkers_only_are_explained() -> None:
    def needs(x: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
        pass

    with pytest.raises(TypeError, match=r"needs cannot be read: name 'Nowhere' .*TYPE_CHECKING"):
        body(needs)


def test_inputs_of_types_that_no_value_has_are_refused_early() -> None:
    def needs(x: Strange) -> None: ...

    with pytest.raises(TypeError, match=r"No value can be made a .*Strange"):
        body(needs)


def test_results_of_types_that_no_value_has_say_nothing() -> None:
    def makes() -> Strange: ...  # type: ignore[empty-body]

    assert "output" not in body(makes).describe()


def test_parameters_without_names_are_refused() -> None:
    def needs(x: int, /) -> None: ...

    with pytest.raises(TypeError, match="The parameter x of m:f has no name"):
        body(needs)


def test_further_inputs_are_taken_by_a_body_that_wants_them() -> None:
    def takes(x: int, **more: Any) -> None: ...

    assert body(takes).arguments({"x": 1, "y": {"$type": "bigint", "value": "5"}}, []) == {"x": 1, "y": BigInt(5)}
    assert "additionalProperties" not in body(takes).input
