"""Configuration: TOML to a frozen pydantic model, every mistake reported at once, and back again.

A file may name one other as its `base`; its own keys go on top, and `key.sub=value` pairs on top of
those. Nothing is ever imported from a string.
"""

import json
import math
import re
import reprlib
import tomllib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from diascope.errors import InputError, nearest

Table = dict[str, Any]
ModelT = TypeVar("ModelT", bound=BaseModel)


def load(path: Path, overrides: Sequence[str], schema: type[ModelT]) -> ModelT:
    """The configuration in `path` with `key.sub=value` pairs on top, checked against `schema`.

    Raises InputError that lists every mistake, each with its place and the nearest valid name.
    """
    table = read_table(path)
    mistakes = list(_apply(table, overrides))
    try:
        model = _validate(table, schema)
    except ValidationError as error:
        mistakes += [_explain(detail, schema) for detail in error.errors()]
    if mistakes:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise InputError("\n  ".join([f"{path}: {count}", *mistakes]))
    return model


def dump_toml(model: BaseModel) -> str:
    """TOML that `load` reads back to an equal model; ValueError where TOML cannot say it.

    TOML has no null, so a field may be None only where None is its default.
    """
    table = model.model_dump(mode="json", exclude_none=True)
    if _validate(table, type(model)) != model:
        raise ValueError(f"{type(model).__name__} holds a None that its default is not")
    return write_toml(table)


def recipe(name: str) -> Path:
    """The path of a recipe that ships with diascope, by its name: `m4cxr`, `twins/m4cxr`."""
    beside = Path(__file__).parent / "recipes"
    folder = beside if beside.is_dir() else Path(__file__).parents[2] / "recipes"
    shipped = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.toml"))
    names = [path.as_posix() for path in shipped]
    if name not in names:
        raise InputError(f"no recipe named {name!r}{nearest(name, names)}")
    return folder / f"{name}.toml"


def read_table(path: Path, seen: tuple[Path, ...] = ()) -> Table:
    """The keys of a TOML file on top of those of its `base`, unchecked."""
    if path.resolve() in seen:
        chain = " -> ".join(step.name for step in (*seen, path))
        raise InputError(f"{path}: a file is its own base: {chain}")
    table = _parse(path)
    base = table.pop("base", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise InputError(f"{path}: base: should be the path of another TOML file, not {base!r}")
    return _merge(read_table(path.parent / base, (*seen, path.resolve())), table)


def _parse(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        others = [other.name for other in path.parent.glob("*.toml")]
        raise InputError(f"{path}: no such file{nearest(path.name, others)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _merge(below: Table, above: Mapping[str, Any]) -> Table:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        nested = isinstance(value, dict)
        merged[key] = _merge(old, value) if isinstance(old, dict) and nested else value
    return merged


def _apply(table: Table, overrides: Iterable[str]) -> Iterator[str]:
    """Write the overrides into `table`; yields what is wrong with those that cannot be."""
    for override in overrides:
        key, equals, text = override.partition("=")
        *parents, last = key.split(".")
        place: Any = table
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(place, dict) else place
        if not equals or not all((*parents, last)):
            yield f"{override}: should be key=value or key.sub=value"
        elif not isinstance(place, dict):
            yield f"{override}: {'.'.join(parents)} is a value, not a table"
        else:
            place[last] = _value(text)


def _value(text: str) -> Any:
    """`text` as TOML, and as a bare string where it is no TOML value."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _validate(table: Table, schema: type[ModelT]) -> ModelT:
    # pydantic's strict mode takes a list for a tuple and a string for a path from JSON alone
    return schema.model_validate_json(json.dumps(table, default=str))


def _explain(detail: Mapping[str, Any], schema: type[BaseModel]) -> str:
    """One line for one of pydantic's errors: where, what, and the nearest valid name."""
    *parents, last = detail["loc"] or ("the file",)
    where = ".".join(str(step) for step in detail["loc"]) or "the file"
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key{nearest(str(last), _keys(schema, parents))}"
        case "missing":
            return f"{where}: required, and not given"
        case "literal_error" | "enum":
            return f"{where}: {_unknown(detail['input'], context['expected'])}"
        case "union_tag_invalid":
            return f"{where}: {_unknown(context['tag'], context['expected_tags'])}"
        case "value_error":
            return f"{where}: {context['error']}"
        case _:
            message = detail["msg"].removeprefix("Input ")
            return f"{where}: {message}, not {reprlib.repr(detail['input'])}"


def _unknown(name: Any, expected: str) -> str:
    """What is said of a name outside the quoted ones in pydantic's `expected`."""
    valid = re.findall(r"'([^']*)'", expected)
    return f"{name!r} is not valid{nearest(str(name), valid)}"


def _keys(schema: type[BaseModel], path: Iterable[str | int]) -> set[str]:
    """The keys that the table at `path` may have."""
    level: set[type[BaseModel]] = {schema}
    for step in path:
        fields = [model.model_fields.get(str(step)) for model in level]
        found = {child for field in fields if field for child in _models(field.annotation)}
        level = found or level  # an index into a list, or the tag of a union, is no field
    return {name for model in level for name in model.model_fields}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that a value of this annotation may hold directly."""
    origin = get_origin(annotation)
    if isinstance(annotation, type) and origin is None:
        if issubclass(annotation, BaseModel):
            yield annotation
    elif origin in {Union, types.UnionType, Annotated, list, tuple, dict}:
        for inner in get_args(annotation):
            yield from _models(inner)


def write_toml(table: Mapping[str, Any]) -> str:
    """TOML text that parses back to `table`: strings, numbers, booleans, lists and tables."""
    return "\n".join(_lines(table, ())).strip() + "\n" if table else ""


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The values of a table first, then its tables, each under its own header."""
    tables = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    for key, value in table.items():
        if key not in tables:
            yield f"{_key(key)} = {_inline(value)}"
    for key, value in tables.items():
        inner = (*path, key)
        yield f"\n[{'.'.join(map(_key, inner))}]"
        yield from _lines(value, inner)


def _inline(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float() if math.isnan(value):
            return "nan"
        case int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case Mapping():
            pairs = ", ".join(f"{_key(key)} = {_inline(item)}" for key, item in value.items())
            return f"{{{pairs}}}"
        case list() | tuple():
            return f"[{', '.join(map(_inline, value))}]"
        case _:
            raise ValueError(f"TOML has no {type(value).__name__}: {value!r}")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, except that TOML escapes DEL as well
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
