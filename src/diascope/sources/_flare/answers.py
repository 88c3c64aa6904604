"""Answers as FLARE writes them, read one kind at a time; Unreadable with the reason otherwise."""

import json
import math
import re
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from pydantic import JsonValue

from diascope.answers import Box, Boxes, Choice, Labels, Number
from diascope.expectations import BoxSpace, LabelSet, Options
from diascope.geometry import BoxFormat, Size
from diascope.sources._flare.questions import comma_parts, is_nothing
from diascope.sources.folder import Unreadable

Four = tuple[float, float, float, float]
_FARTHEST = 1e9
"""No coordinate is beyond this; a nan is not within it either."""
_LETTER = re.compile(r"\(?([A-Z])\s*[.:)]?")
_LETTERS = re.compile(r"[A-Z]([\s,;/&+]+(and\s+)?[A-Z])+")
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?")


class Figure(NamedTuple):
    """A number as written: its value, its decimals, and whether a % sign follows."""

    value: float
    decimals: int
    percent: bool


def text(answer: JsonValue) -> str:
    """Words, not empty."""
    if not isinstance(answer, str) or not answer.strip():
        raise Unreadable("the answer is no text")
    return answer.strip()


def figure(answer: JsonValue) -> Figure:
    """A number, or a text that is one, with thousands commas and a % sign allowed."""
    if isinstance(answer, bool) or not isinstance(answer, int | float | str):
        raise Unreadable("the answer is no number")
    exact = Decimal(repr(answer)).normalize() if isinstance(answer, float) else None
    plain = (f"{exact:f}" if exact is not None else str(answer)).strip()
    spelled = plain.removesuffix("%").rstrip()
    match = _NUMBER.fullmatch(spelled)
    value = float(spelled.replace(",", "")) if match else math.inf
    if match is None or not math.isfinite(value):
        raise Unreadable("the answer is no number")
    return Figure(value, len(match[1] or ""), plain.endswith("%"))


def count(answer: JsonValue) -> Number:
    """A whole number of things, none or more."""
    value = figure(answer).value
    if value < 0 or value != int(value):
        raise Unreadable(f"{value:g} is no count")
    return Number(value=value)


def measurement(answer: JsonValue, unit: str | None) -> Number:
    """A number in a unit."""
    return Number(value=figure(answer).value, unit=unit)


def choice(answer: JsonValue, expects: Options) -> Choice:
    """The option that a letter or its own text names; several letters are no answer."""
    written = text(answer)
    if expects.style == "letters" and _LETTERS.fullmatch(written):
        raise Unreadable(f"{written!r} names several options of a question that wants one")
    named = lettered(written, expects.options) if expects.style == "letters" else None
    found = named or _same(written, expects.options)
    if found is None:
        raise Unreadable(f"{written!r} is not among the options: {'; '.join(expects.options)}")
    return Choice(option=found)


def lettered(written: str, options: tuple[str, ...]) -> str | None:
    """The option of a single letter."""
    match = _LETTER.fullmatch(written)
    place = ord(match[1]) - ord("A") if match else len(options)
    return options[place] if place < len(options) else None


def label_parts(answer: JsonValue, known: Collection[str]) -> list[str]:
    """The labels of an answer: a list, or a text parted by `;`, or else by commas."""
    if isinstance(answer, list):
        return [text(part) for part in answer]
    written = text(answer)
    parts = written.split(";") if ";" in written else comma_parts(written, known)
    return [part.strip() for part in parts if part.strip()]


def present(
    answer: JsonValue, expects: LabelSet, offered: tuple[str, ...], letters: bool
) -> Labels:
    """The labels that hold; every other one is absent.

    `offered` are the labels in the question's order, the empty one included; `letters` says whether
    the question letters them.
    """
    found = []
    for part in label_parts(answer, offered):
        name = _same(part, offered) or (letters and lettered(part, offered)) or part
        if name not in offered and not is_nothing(name):
            raise Unreadable(f"label {name!r} is not among those of the question")
        found.append(name)
    chosen = tuple(label for label in expects.labels if label in found)
    if chosen and any(is_nothing(name) for name in found):
        raise Unreadable("the answer names findings and says that there are none")
    return Labels(
        present=chosen, absent=tuple(label for label in expects.labels if label not in chosen)
    )


def nested(answer: JsonValue) -> list[Four]:
    """Boxes: a list of lists of four numbers, one flat list of four, or either as text."""
    value = _loaded(answer) if isinstance(answer, str) else answer
    if not isinstance(value, list):
        raise Unreadable("the answer is no list of boxes")
    items = [value] if value and not any(isinstance(each, list) for each in value) else value
    return [_four(item) for item in items]


def by_type(answer: JsonValue) -> dict[str, list[Four]]:
    """Boxes of every type of object: a JSON object, or the text of one."""
    value = _json(answer) if isinstance(answer, str) else answer
    if not isinstance(value, dict):
        raise Unreadable("the answer is no JSON object of boxes by type")
    return {name: nested(boxes) for name, boxes in value.items()}


def boxes(found: dict[str, list[Four]], convention: BoxFormat, size: Size) -> Boxes:
    """The boxes in original pixels, read by the stated convention; a box needs an area."""
    return Boxes(
        boxes=tuple(
            _box(label, four, convention, size) for label, fours in found.items() for four in fours
        )
    )


def in_label_order(found: dict[str, list[Four]], expects: BoxSpace) -> dict[str, list[Four]]:
    """The same boxes, types in the order of the question."""
    unknown = [name for name in found if name not in expects.labels]
    if unknown:
        raise Unreadable(f"type {unknown[0]!r} is not among those of the question")
    return {label: found[label] for label in expects.labels if label in found}


def _box(label: str, four: Four, convention: BoxFormat, size: Size) -> Box:
    x0, y0, x1, y1 = convention.read(four, size)
    if not (x1 > x0 and y1 > y0):
        raise Unreadable(f"box {list(four)} has no area when read as {convention.order}")
    return Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1)


def _four(item: JsonValue) -> Four:
    numbers = [_finite(each) for each in item] if isinstance(item, list) else []
    if len(numbers) != 4 or None in numbers:
        raise Unreadable(f"{str(item)[:60]} is no box of four numbers")
    a, b, c, d = (number for number in numbers if number is not None)
    return (a, b, c, d)


def _finite(item: JsonValue) -> float | None:
    if isinstance(item, bool) or not isinstance(item, int | float):
        return None
    return float(item) if abs(item) < _FARTHEST else None


def _loaded(written: str) -> JsonValue:
    """JSON, or boxes parted by semicolons."""
    try:
        return _json(written)
    except Unreadable:
        return [_json(part) for part in written.split(";") if part.strip()]


def _json(written: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(written)
    except (ValueError, RecursionError):
        raise Unreadable("the answer is not valid JSON") from None
    return value


def _same(written: str, names: tuple[str, ...]) -> str | None:
    """The one of the names that is written, whatever the case."""
    plain = written.casefold().strip(" .")
    return next((name for name in names if name.casefold().strip(" .") == plain), None)
