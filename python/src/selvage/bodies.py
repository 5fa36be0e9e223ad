"""Bodies are functions and classes that knots run. This module finds and describes them, and converts their inputs."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import inspect
import textwrap
import threading
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar, overload

from .context import Context
from .errors import BodyMissing, InvalidInput
from .outcomes import Err, ErrorInfo, Ok, Skipped
from .shapes import NO_DEFAULT, Member, Members, Schemas, Shape, hints_of, misfit, shape_of
from .values import TAG, Path, TableStore, decode

F = TypeVar("F", bound=Callable[..., Any])

MARK = "__selvage_knot__"


@dataclass(frozen=True)
class Options:
    name: str | None
    version: str | None
    summary: str | None


@overload
def knot(body: F, /) -> F: ...
@overload
def knot(*, name: str | None = None, version: str | None = None, summary: str | None = None) -> Callable[[F], F]: ...
def knot(
    body: Any = None, /, *, name: str | None = None, version: str | None = None, summary: str | None = None
) -> Any:
    """Makes a function, or a class with a method ``process``, a body that ``describe`` lists. Returns it unchanged.

    A class is made without arguments, once in a process, at its first call. So it can load a model, for example.

    ``name``: replaces the qualified name, after the module's. ``version``: change it when the body computes
    different results. ``summary``: if omitted, the first line of the docstring.

    :raises TypeError: for other objects than functions, and for a class without ``process``
    """

    def mark(body: F) -> F:
        if isinstance(body, type) and not callable(getattr(body, "process", None)):
            raise TypeError(f"The class {body.__qualname__} has no method `process`, which its body is to be.")
        if not isinstance(body, type) and not inspect.isfunction(inspect.unwrap(body)):
            raise TypeError(f"@knot takes functions and classes, not {body!r}.")
        setattr(body, MARK, Options(name, version, summary))
        return body

    return mark if body is None else mark(body)


class Body:
    """One body, with its inputs' and its result's types.

    :raises TypeError: its parameters or their hints cannot be inputs
    """

    def __init__(self, name: str, target: Any, options: Options) -> None:
        self.name = name
        self._target = target
        self._options = options
        self._instance: Any = None
        self._making = threading.Lock()
        self._is_class = isinstance(target, type)
        self._function = target.process if self._is_class else target
        self.is_async = inspect.iscoroutinefunction(inspect.unwrap(self._function))
        hints = hints_of(self._function)
        self._output_hint = hints.get("return", Any)
        self._context_name: str | None = None
        self._members = self._members_of(hints)
        # Types are read now, so that describing the body shows their faults, rather than a run.
        self.input = self._input_schema()

    def _members_of(self, hints: dict[str, Any]) -> Members:
        members: dict[str, Member] = {}
        is_open = False
        outcomes = set()
        parameters = list(inspect.signature(self._function).parameters.values())
        for parameter in parameters[1:] if self._is_class else parameters:
            hint = hints.get(parameter.name, Any)
            if hint is Context or parameter.name == "ctx":
                self._context_name = parameter.name
            elif parameter.kind is parameter.VAR_KEYWORD:
                is_open = True
            elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
                raise TypeError(f"The parameter {parameter.name} of {self.name} has no name for callers to give.")
            else:
                value_hint = _value_hint_of(hint)
                outcomes.add(value_hint is not None)
                is_required = parameter.default is parameter.empty
                default = NO_DEFAULT if is_required else parameter.default
                shape = hint if value_hint is None else _outcome_shape(value_hint)
                members[parameter.name] = Member(shape, is_required, default)
        if len(outcomes) > 1:
            raise TypeError(
                f"{self.name} takes some inputs as outcomes and others as values: annotate all by Outcome, or none."
            )
        self.receives_outcomes = True in outcomes
        return Members(lambda: members, open=is_open, owner=self.name)

    def _input_schema(self) -> dict[str, Any]:
        schemas = Schemas(is_output=False)
        return schemas.document(self._members.schema(schemas))

    def _output_schema(self) -> dict[str, Any] | None:
        """None for a type without a schema. The result's encoding decides then."""
        schemas = Schemas(is_output=True)
        try:
            return schemas.document(shape_of(self._output_hint).schema(schemas))
        except TypeError:
            return None

    def describe(self) -> dict[str, Any]:
        summary = self._options.summary or (self._target.__doc__ or "").strip().partition("\n")[0]
        try:
            text = textwrap.dedent(inspect.getsource(self._target))
            source = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        except (OSError, TypeError):
            source = None
        described = {
            "name": self.name,
            "version": self._options.version,
            "input": self.input,
            "output": self._output_schema(),
            "receives": "outcomes" if self.receives_outcomes else "values",
            "source": source,
            "isAsync": self.is_async,
            "summary": summary or None,
        }
        return {key: value for key, value in described.items() if value is not None}

    def arguments(self, inputs: Any, attachments: Sequence[bytes], tables: TableStore | None = None) -> dict[str, Any]:
        """Converts the inputs of a call.

        :raises NotDecodable, InvalidInput: with the path of the input
        """
        if isinstance(inputs, dict) and inputs.get(TAG) == "object":
            inputs = inputs["value"]
        if not isinstance(inputs, dict):
            raise InvalidInput(f"The inputs of {self.name} are no object.")
        members = self._members.all
        read = _outcome if self.receives_outcomes else decode
        given = {}
        for name, part in inputs.items():
            # JavaScript omits an input by `undefined`.
            if part == {TAG: "undefined"} and name in members and not members[name][0].is_required:
                continue
            given[name] = read(part, attachments, (None, name), tables)
        return self._members.convert(given, None)

    def run(self, arguments: dict[str, Any], context: Context) -> Any:
        """Calls the body. Returns its result, or the awaitable of an async body."""
        if self._context_name is not None:
            arguments[self._context_name] = context
        if not self._is_class:
            return self._target(**arguments)
        if self._instance is None:
            with self._making:  # a cluster's worker may run several bodies at once
                if self._instance is None:
                    self._instance = self._target()
        return self._instance.process(**arguments)


def _value_hint_of(hint: Any) -> Any:
    """The T of ``Ok[T] | Err | Skipped``; None if the hint is no outcome."""
    arms = typing.get_args(hint) if typing.get_origin(hint) is not Ok else (hint,)
    for arm in arms or (hint,):
        if typing.get_origin(arm) is Ok:
            return typing.get_args(arm)[0]
        if arm in (Ok, Err, Skipped):
            return Any
    return None


def _outcome_shape(hint: Any) -> Shape:
    """Converts the value of an Ok; the schema describes this value."""
    inner = shape_of(hint)

    def convert(outcome: Any, path: Path) -> Any:
        return Ok(inner.convert(outcome.value, path)) if isinstance(outcome, Ok) else outcome

    return Shape(convert, inner.schema)


def _outcome(json: Any, attachments: Sequence[bytes], path: Path, tables: TableStore | None) -> Ok[Any] | Err | Skipped:
    match json:
        case {"kind": "ok", "value": value}:
            return Ok(decode(value, attachments, path, tables))
        case {"kind": "err", "error": dict() as error}:
            return Err(ErrorInfo.of(error))
        case {"kind": "skipped", "reason": str() as reason}:
            return Skipped(reason)
    misfit(json, path, "an outcome")


class Bodies:
    """The bodies of a process, by name. Only one thread may call ``find``; any may call ``found``."""

    def __init__(self) -> None:
        self._found: dict[str, Body] = {}

    def found(self, name: str) -> Body | None:
        return self._found.get(name)

    def find(self, name: str) -> Body:
        """Imports the module if necessary.

        :raises BodyMissing: with similar names
        """
        body = self._found.get(name)
        if body is None:
            body = self._found[name] = self._look_up(name)
        return body

    def describe(self, module_name: str) -> list[dict[str, Any]]:
        """The decorated bodies that the module itself defines, in its order. Raises the errors of its import."""
        module = importlib.import_module(module_name)
        return [self.find(name).describe() for name in _marked(module)]

    def _look_up(self, name: str) -> Body:
        module_name, _, path = name.partition(":")
        if not module_name or not path:
            raise BodyMissing(f'"{name}" names no body: write "module:function".')
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
                raise BodyMissing(f'There is no body "{name}" here: {error}.') from None
            raise
        marked = _marked(module)
        target: Any = marked.get(name) or module
        if target is module:
            for part in path.split("."):
                target = getattr(target, part, None)
        is_class = isinstance(target, type) and hasattr(target, "process")
        if not is_class and not inspect.isroutine(target):
            raise BodyMissing(_missing(name, module, marked))
        try:
            return Body(name, target, _options_of(target) or Options(None, None, None))
        except TypeError as error:
            raise TypeError(f'The function "{name}" cannot be a body. {error}') from error


def _options_of(target: Any) -> Options | None:
    # Not by getattr: subclasses of a decorated class are not decorated.
    options = getattr(target, "__dict__", {}).get(MARK)
    return options if isinstance(options, Options) else None


def _marked(module: ModuleType) -> dict[str, Any]:
    """The decorated functions and classes that the module itself defines, by name."""
    marked = {}
    for target in vars(module).values():
        options = _options_of(target)
        if options is not None and target.__module__ == module.__name__:
            marked[f"{module.__name__}:{options.name or target.__qualname__}"] = target
    return marked


def _missing(name: str, module: ModuleType, marked: dict[str, Any]) -> str:
    functions = [
        f"{module.__name__}:{key}"
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    ]
    near = difflib.get_close_matches(name, {**marked, **dict.fromkeys(functions)}, cutoff=0.7) or list(marked)[:5]
    hint = f" Near: {', '.join(near)}." if near else " It defines no body."
    return f'There is no body "{name}" in {module.__file__ or module.__name__}.{hint}'
