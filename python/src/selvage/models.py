"""Shapes of pydantic's models and of hints with its constraints. Imported only if pydantic is."""

from __future__ import annotations

from typing import Any

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

from .errors import InvalidInput
from .shapes import Schema, Schemas, Shape
from .values import Path, path_text


class _Tagged(GenerateJsonSchema):
    """Describes dates, bytes and sets by our encoding, which differs from pydantic's text and lists."""

    def datetime_schema(self, schema: Any) -> Schema:
        return {"x-type": "date"}

    def bytes_schema(self, schema: Any) -> Schema:
        return {"x-type": "bytes"}

    def set_schema(self, schema: Any) -> Schema:
        return self._set(super().set_schema(schema))

    def frozenset_schema(self, schema: Any) -> Schema:
        return self._set(super().frozenset_schema(schema))

    def _set(self, schema: Schema) -> Schema:
        kept = {key: value for key, value in schema.items() if key not in ("type", "uniqueItems")}
        return {"x-type": "set", **kept}


def model_shape(hint: Any) -> Shape | None:
    """None if pydantic cannot handle the type either."""
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
    except (PydanticSchemaGenerationError, PydanticUserError):
        return None

    def convert(value: Any, path: Path) -> Any:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            first, *more = error.errors(include_url=False)
            culprit = path
            for step in first["loc"]:
                culprit = (culprit, step)
            rest = f" ({len(more)} more)" if more else ""
            raise InvalidInput(f"The input at {path_text(culprit)} does not fit: {first['msg']}.{rest}") from error

    def schema(schemas: Schemas) -> Schema:
        made = _schema_of(adapter, schemas, "")
        if any(schemas.definitions.get(name, other) != other for name, other in made.get("$defs", {}).items()):
            made = _schema_of(
                adapter, schemas, f"{getattr(hint, '__module__', '')}.{getattr(hint, '__qualname__', hint)}."
            )
        for name, definition in made.pop("$defs", {}).items():
            schemas.definitions[name] = definition
        return made

    return Shape(convert, schema)


def _schema_of(adapter: TypeAdapter[Any], schemas: Schemas, prefix: str) -> Schema:
    try:
        schema = adapter.json_schema(
            mode="serialization" if schemas.is_output else "validation",
            ref_template=f"#/$defs/{prefix}{{model}}",
            schema_generator=_Tagged,
        )
    except PydanticInvalidForJsonSchema:
        return {}  # accepts anything; pydantic checks at the call
    definitions = schema.pop("$defs", {})
    return {**schema, "$defs": {f"{prefix}{name}": part for name, part in definitions.items()}}
