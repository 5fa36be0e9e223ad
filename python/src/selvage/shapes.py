"""Shapes of type hints: a conversion of inputs, and a JSON Schema (2020-12).

Types beyond JSON have the keyword ``x-type`` with the tag of their encoding (``date``, ``bigint``, ``bytes``, ``map``,
``set``, ``stored``, ``table``). The keywords beside it describe the tag's value.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import datetime as dt
import math
import sys
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Literal, NoReturn, TypeAlias, Union, get_args, get_origin
from uuid import UUID

from . import arrays
from .errors import InvalidInput, NotEncodable
from .values import BigInt, Map, Part, Path, StoredBytes, encode, path_text

Schema: TypeAlias = dict[str, Any]
Convert: TypeAlias = Callable[[Any, Path], Any]


class Schemas:
    """Makes the schemas of one document, with named types once, under ``$defs``.

    ``is_output``: for results of bodies, in which members with defaults are always present.
    """

    def __init__(self, is_output: bool) -> None:
        self.is_output = is_output
        self.definitions: dict[str, Schema] = {}
        self._names: dict[type, str] = {}

    def named(self, kind: type, make: Callable[[], Schema]) -> Schema:
        name = self._names.get(kind)
        if name is None:
            name = kind.__name__ if kind.__name__ not in self.definitions else f"{kind.__module__}.{kind.__qualname__}"
            self._names[kind] = name
            self.definitions[name] = {}  # holds the name while members refer to it
            self.definitions[name] = make()
        return {"$ref": f"#/$defs/{name}"}

    def document(self, schema: Schema) -> Schema:
        return {**schema, "$defs": self.definitions} if self.definitions else schema


@dataclasses.dataclass(frozen=True)
class Shape:
    """``convert`` makes the hint's type of a decoded value, or raises InvalidInput."""

    convert: Convert
    schema: Callable[[Schemas], Schema]


def shape_of(hint: Any) -> Shape:
    """
    :raises TypeError: the hint has no shape
    """
    if isinstance(hint, Shape):
        return hint
    hint = _bare(hint)
    if hint is Any or hint is object or isinstance(hint, typing.TypeVar):
        return ANYTHING
    if hint is None:
        hint = type(None)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _literal(arguments)
    if origin is Union or origin is types.UnionType:
        return _union([shape_of(argument) for argument in arguments])
    kind = origin or hint
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind is tuple:
        return _tuple(arguments)
    if kind in _LISTS:
        return _list(shape_of(arguments[0] if arguments else Any))
    if kind in _SETS:
        return _set(_SETS[kind], shape_of(arguments[0] if arguments else Any))
    if kind in _DICTS:
        key, item = arguments or (Any, Any)
        return _dict(_DICTS[kind], _bare(key), shape_of(item))
    if typing.is_typeddict(kind):
        return _typed_dict(kind)
    if isinstance(kind, type):
        return _of_class(kind, hint)
    return _by_pydantic(hint)


def _bare(hint: Any) -> Any:
    """The hint without wrappers that do not affect the value. ``Annotated`` stays for constraints of pydantic."""
    while True:
        if get_origin(hint) is Annotated:
            marks = [type(mark).__module__.partition(".")[0] for mark in hint.__metadata__]
            if "pydantic" in sys.modules and {"pydantic", "annotated_types"} & set(marks):
                return hint
            hint = hint.__origin__
        elif get_origin(hint) in (typing.Required, typing.NotRequired, typing.Final):
            (hint,) = get_args(hint)
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":
            hint = hint.__value__
        elif type(get_origin(hint)).__name__ == "TypeAliasType":
            hint = get_origin(hint).__value__[get_args(hint)]
        else:
            return hint


def _of_class(kind: type, hint: Any) -> Shape:
    if issubclass(kind, Enum):
        return _enum(kind)
    if issubclass(kind, PurePath):
        return _parsed(kind, "a path", {"type": "string"}, {str: kind})
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _named_tuple(kind)
    reader = arrays.reader_of(kind)
    if reader is not None:
        return _array(kind, *reader)
    if dataclasses.is_dataclass(kind) and not hasattr(kind, "__pydantic_validator__"):
        return _dataclass(kind)
    return _by_pydantic(hint)


def misfit(value: Any, path: Path, wanted: str) -> NoReturn:
    text = repr(value)
    found = f"{type(value).__name__} {text if len(text) <= 80 else text[:80] + '…'}"
    raise InvalidInput(f"The input at {path_text(path)} is {found}; {wanted} is wanted.")


# ---- plain types


def _plain(kind: type | tuple[type, ...], wanted: str, schema: Schema) -> Shape:
    def convert(value: Any, path: Path) -> Any:
        if isinstance(value, kind):
            return value
        misfit(value, path, wanted)

    return Shape(convert, lambda _: dict(schema))


def _parsed(kind: type, wanted: str, schema: Schema, parsers: dict[type, Callable[[Any], Any]]) -> Shape:
    """A type that travels as other types, from which ``parsers`` make it."""

    def convert(value: Any, path: Path) -> Any:
        if type(value) is kind:
            return value
        parse = parsers.get(type(value))
        if parse is not None:
            try:
                return parse(value)
            except (ValueError, TypeError, ArithmeticError):
                pass
        misfit(value, path, wanted)

    return Shape(convert, lambda _: dict(schema))


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError
    return int(value)


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError
    return moment


def _day(moment: dt.datetime) -> dt.date:
    if moment.time() != dt.time():
        raise ValueError
    return moment.date()


def _decimal_schema(schemas: Schemas) -> Schema:
    return {"type": "string" if schemas.is_output else ["string", "number"], "format": "decimal"}


ANYTHING = Shape(lambda value, _: value, lambda _: {})
_BYTES: Schema = {"x-type": "bytes"}

_PLAIN: dict[Any, Shape] = {
    type(None): _plain(type(None), "None", {"type": "null"}),
    bool: _plain(bool, "a bool", {"type": "boolean"}),
    str: _plain(str, "text", {"type": "string"}),
    int: _parsed(int, "a whole number", {"type": "integer"}, {BigInt: int, float: _whole}),
    float: _parsed(float, "a number", {"type": "number"}, {int: float, BigInt: float}),
    BigInt: _parsed(BigInt, "a bigint", {"x-type": "bigint"}, {int: BigInt}),
    bytes: _plain(bytes, "bytes", _BYTES),
    bytearray: _parsed(bytearray, "bytes", _BYTES, {bytes: bytearray}),
    memoryview: _parsed(memoryview, "bytes", _BYTES, {bytes: memoryview}),
    dt.datetime: _parsed(dt.datetime, "a date, or ISO 8601 text with a time zone", {"x-type": "date"}, {str: _moment}),
    dt.date: _parsed(
        dt.date,
        "a day such as 2024-02-29",
        {"type": "string", "format": "date"},
        {str: dt.date.fromisoformat, dt.datetime: _day},
    ),
    dt.time: _parsed(
        dt.time, "a time such as 12:30:00", {"type": "string", "format": "time"}, {str: dt.time.fromisoformat}
    ),
    UUID: _parsed(UUID, "a UUID", {"type": "string", "format": "uuid"}, {str: UUID}),
    Decimal: dataclasses.replace(
        _parsed(Decimal, "a decimal number", {}, {str: Decimal, int: Decimal, float: lambda x: Decimal(repr(x))}),
        schema=_decimal_schema,
    ),
    StoredBytes: _plain(StoredBytes, "a reference to stored bytes", {"x-type": "stored"}),
}


def _is_same(one: Any, other: Any) -> bool:
    """Unlike Python, tells 1 from True."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _literal(members: tuple[Any, ...]) -> Shape:
    wanted = "one of " + ", ".join(map(repr, members))

    def convert(value: Any, path: Path) -> Any:
        for member in members:
            if _is_same(member.value if isinstance(member, Enum) else member, value):
                return member
        misfit(value, path, wanted)

    return Shape(convert, lambda _: {"enum": [encode(member)[0] for member in members]})


def _enum(kind: type[Enum]) -> Shape:
    def convert(value: Any, path: Path) -> Any:
        if isinstance(value, kind):
            return value
        for member in kind:
            if _is_same(member.value, value):
                return member
        misfit(value, path, f"one of {kind.__name__}: " + ", ".join(repr(member.value) for member in kind))

    def schema(_: Schemas) -> Schema:
        try:
            return {"enum": [encode(member)[0] for member in kind]}
        except NotEncodable:
            return {}

    return Shape(convert, schema)


def _union(shapes: list[Shape]) -> Shape:
    def convert(value: Any, path: Path) -> Any:
        fitting: list[Any] = []
        failures: list[str] = []
        for shape in shapes:
            try:
                converted = shape.convert(value, path)
            except InvalidInput as error:
                failures.append(str(error))
                continue
            if converted is value:  # fits unchanged: 5 is an int for float | int
                return value
            fitting.append(converted)
        if fitting:
            return fitting[0]
        raise InvalidInput(" Or: ".join(failures))

    return Shape(convert, lambda schemas: {"anyOf": [shape.schema(schemas) for shape in shapes]})


# ---- containers

_LISTS = (list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection)
_SETS = {set: set, frozenset: frozenset, abc.Set: frozenset, abc.MutableSet: set}
_DICTS: dict[Any, type] = {dict: dict, Map: Map, abc.Mapping: dict, abc.MutableMapping: dict}


def _list(item: Shape) -> Shape:
    def convert(value: Any, path: Path) -> Any:
        if not isinstance(value, (list, tuple)):
            misfit(value, path, "a list")
        if item is ANYTHING:
            return value if type(value) is list else list(value)
        return [item.convert(part, (path, i)) for i, part in enumerate(value)]

    return Shape(convert, lambda schemas: {"type": "array", "items": item.schema(schemas)})


def _set(make: Callable[[Any], Any], item: Shape) -> Shape:
    def convert(value: Any, path: Path) -> Any:
        if not isinstance(value, (set, frozenset, list, tuple)):
            misfit(value, path, "a set")
        try:
            return make(item.convert(part, (path, Part(f".values()[{i}]"))) for i, part in enumerate(value))
        except TypeError:
            misfit(value, path, "a set, whose members can be hashed,")

    return Shape(convert, lambda schemas: {"x-type": "set", "items": item.schema(schemas)})


def _tuple(arguments: tuple[Any, ...]) -> Shape:
    if not arguments or arguments[-1] is Ellipsis:
        whole = _list(shape_of(arguments[0] if arguments else Any))
        return Shape(lambda value, path: tuple(whole.convert(value, path)), whole.schema)
    items = [] if arguments == ((),) else [shape_of(argument) for argument in arguments]

    def convert(value: Any, path: Path) -> Any:
        if not isinstance(value, (list, tuple)) or len(value) != len(items):
            misfit(value, path, f"a list of {len(items)}")
        return tuple(item.convert(part, (path, i)) for i, (item, part) in enumerate(zip(items, value, strict=True)))

    return Shape(convert, lambda schemas: _tuple_schema([item.schema(schemas) for item in items]))


def _tuple_schema(items: list[Schema]) -> Schema:
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _dict(make: type, key_hint: Any, item: Shape) -> Shape:
    key = shape_of(key_hint)

    def convert(value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            misfit(value, path, "a map" if is_map else "an object")
        converted = make()
        for name, part in value.items():
            step = (path, name if isinstance(name, str) else Part(f".get({name!r})"))
            converted[key.convert(name, step)] = item.convert(part, step)
        return converted

    is_map = make is Map or not _is_text(key_hint)

    def schema(schemas: Schemas) -> Schema:
        names, items = key.schema(schemas), item.schema(schemas)
        if is_map:
            return {"x-type": "map", "items": _tuple_schema([names, items])}
        named = {} if names in ({}, {"type": "string"}) else {"propertyNames": names}
        return {"type": "object", **named, "additionalProperties": items}

    return Shape(convert, schema)


def _is_text(key: Any) -> bool:
    """Whether keys of this type are written as text, so that their dict is an object."""
    if key is Any or isinstance(key, typing.TypeVar):
        return True
    if get_origin(key) is Literal:
        return all(isinstance(member, str) for member in get_args(key))
    if not isinstance(key, type):
        return False
    if issubclass(key, Enum):
        return all(isinstance(member.value, str) for member in key)
    return issubclass(key, (str, dt.date, dt.time, Decimal, UUID, PurePath)) and key is not dt.datetime


# ---- members by name


NO_DEFAULT = object()


@dataclasses.dataclass(frozen=True)
class Member:
    hint: Any
    is_required: bool
    default: Any = NO_DEFAULT

    def schema(self, shape: Shape, schemas: Schemas) -> Schema:
        """Includes the default if it is a scalar of JSON."""
        schema = shape.schema(schemas)
        scalar = self.default is None or type(self.default) in (bool, int, str)
        if schemas.is_output or not (scalar or (type(self.default) is float and math.isfinite(self.default))):
            return schema
        return {**schema, "default": self.default}


class Members:
    """Members of an object, with their shapes. These are made at first use, because types may refer to themselves."""

    def __init__(self, find: Callable[[], dict[str, Member]], *, open: bool = False, owner: str = "") -> None:
        self._find = find
        self._open = open
        self._owner = owner
        self._found: dict[str, tuple[Member, Shape]] | None = None

    @property
    def all(self) -> dict[str, tuple[Member, Shape]]:
        if self._found is None:
            self._found = {name: (member, shape_of(member.hint)) for name, member in self._find().items()}
        return self._found

    def convert(self, value: Any, path: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            misfit(value, path, f"an object ({self._owner})")
        members = self.all
        converted = {}
        for name, part in value.items():
            known = members.get(name)
            if known is not None:
                converted[name] = known[1].convert(part, (path, name))
            elif self._open:
                converted[name] = part
            else:
                raise InvalidInput(
                    f"The input at {path_text((path, str(name)))} is none of {self._owner}, "
                    f"which takes {', '.join(members) or 'none'}."
                )
        for name, (member, _) in members.items():
            if member.is_required and name not in converted:
                raise InvalidInput(f"The input at {path_text((path, name))} is missing; {self._owner} wants it.")
        return converted

    def schema(self, schemas: Schemas) -> Schema:
        properties = {name: member.schema(shape, schemas) for name, (member, shape) in self.all.items()}
        required = [
            name
            for name, (member, _) in self.all.items()
            if member.is_required or (schemas.is_output and member.default is not NO_DEFAULT)
        ]
        schema: Schema = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        return schema if self._open else {**schema, "additionalProperties": False}


def hints_of(owner: Any) -> dict[str, Any]:
    """
    :raises TypeError: a hint uses a name that does not exist at run time
    """
    try:
        return typing.get_type_hints(owner, include_extras=True)
    except NameError as error:
        name = getattr(owner, "__qualname__", str(owner))
        raise TypeError(
            f"A type hint of {name} cannot be read: {error}. Import what it names at run time, "
            "not under TYPE_CHECKING only."
        ) from error


def _dataclass(kind: Any) -> Shape:
    """An input may have members that ``__init__`` does not take, as results have them; they are made anew."""

    def find() -> dict[str, Member]:
        hints = hints_of(kind)
        found = {}
        for field in dataclasses.fields(kind):
            default: Any = field.default
            if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
                default = field.default_factory
            is_required = field.init and default is dataclasses.MISSING
            found[field.name] = Member(hints[field.name], is_required, NO_DEFAULT if is_required else default)
        return found

    members = Members(find, owner=kind.__name__)
    taken = {field.name for field in dataclasses.fields(kind) if field.init}

    def convert(value: Any, path: Path) -> Any:
        parts = members.convert(value, path)
        return _made(lambda: kind(**{name: part for name, part in parts.items() if name in taken}), path)

    return Shape(convert, lambda schemas: schemas.named(kind, lambda: members.schema(schemas)))


def _typed_dict(kind: Any) -> Shape:
    def find() -> dict[str, Member]:
        # If annotations are text, only the hints contain NotRequired.
        return {
            name: Member(hint, name in kind.__required_keys__ and get_origin(hint) is not typing.NotRequired)
            for name, hint in hints_of(kind).items()
        }

    members = Members(find, open=True, owner=kind.__name__)
    return Shape(members.convert, lambda schemas: schemas.named(kind, lambda: members.schema(schemas)))


def _named_tuple(kind: Any) -> Shape:
    """Travels as a list; inputs may also be objects with its names."""

    def find() -> dict[str, Member]:
        hints = hints_of(kind)
        return {name: Member(hints.get(name, Any), name not in kind._field_defaults) for name in kind._fields}

    members = Members(find, owner=kind.__name__)

    def convert(value: Any, path: Path) -> Any:
        if isinstance(value, (list, tuple)):
            if len(value) > len(kind._fields):
                misfit(value, path, f"a list of {len(kind._fields)}")
            parts = [
                shape.convert(part, (path, i))
                for i, (part, (_, shape)) in enumerate(zip(value, members.all.values(), strict=False))
            ]
            return _made(lambda: kind(*parts), path)
        parts_by_name = members.convert(value, path)
        return _made(lambda: kind(**parts_by_name), path)

    def schema(schemas: Schemas) -> Schema:
        return _tuple_schema([shape.schema(schemas) for _, shape in members.all.values()])

    return Shape(convert, lambda schemas: schemas.named(kind, lambda: schema(schemas)))


def _made(make: Callable[[], Any], path: Path) -> Any:
    """Makes an object of a user's class, whose ``__init__`` may refuse the members."""
    try:
        return make()
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"The input at {path_text(path)} does not fit: {error}") from error


def _array(kind: type, media_type: str, read: Callable[[bytes], Any]) -> Shape:
    make = arrays.from_arrow(kind)

    def convert(value: Any, path: Path) -> Any:
        match value:
            case {"mediaType": given, "data": bytes() as data} if given == media_type:
                return _made(lambda: read(data), path)
        if make is not None and arrays.is_table(value):
            return _made(lambda: make(value), path)
        wanted = f'an object {{"mediaType": "{media_type}", "data": bytes}}'
        misfit(value, path, wanted if make is None else f"a table, or {wanted},")

    schema = {
        "type": "object",
        "properties": {"mediaType": {"const": media_type}, "data": _BYTES},
        "required": ["mediaType", "data"],
    }
    if make is None:
        return Shape(convert, lambda _: schema)
    table = {"x-type": "table"}
    return Shape(convert, lambda schemas: table if schemas.is_output else {"anyOf": [table, schema]})


# ---- types of pydantic


def _by_pydantic(hint: Any) -> Shape:
    if "pydantic" in sys.modules:
        from .models import model_shape

        shape = model_shape(hint)
        if shape is not None:
            return shape
    raise TypeError(
        f"No value can be made a {hint!r}. Annotate inputs by types of the standard library, dataclasses or "
        "pydantic models, or by Any."
    )
