"""Codecs broken by hand, at least ten ways each: the laws must catch every one of them."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import pytest

from diascope.answers import (
    Box,
    Boxes,
    Choice,
    Finding,
    Findings,
    Labels,
    Mask,
    Masks,
    Number,
    Text,
)
from diascope.codecs.boxes_json import BoxesJson
from diascope.codecs.boxes_loc import BoxesLoc
from diascope.codecs.choice import ChoiceCodec
from diascope.codecs.codec import Codec, ParseError
from diascope.codecs.decimal import DecimalNumber
from diascope.codecs.findings import FindingsCodec
from diascope.codecs.free_text import FreeText
from diascope.codecs.grammar import Grammar, Literal, OneOf, Repeat, Sequence, not_narrowed
from diascope.codecs.grid import Grid, Open
from diascope.codecs.instances_json import InstancesJson
from diascope.codecs.instances_loc import InstancesLoc
from diascope.codecs.label_set import LabelSetCodec
from diascope.codecs.nodes import either
from diascope.codecs.polygons_json import PolygonsJson
from diascope.codecs.polygons_loc import PolygonsLoc
from diascope.codecs.whole_number import WholeNumber
from diascope.geometry import BoxFormat, CanvasMap, Size

Override = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Mutant:
    """A codec with some of its methods replaced; a replacement is given the original."""

    original: Codec[Any]
    with_encode: Override | None = None
    with_parse: Override | None = None
    with_snap: Override | None = None
    with_grammar: Grammar | None = None

    def grammar(self) -> Grammar:
        return self.with_grammar or self.original.grammar()

    def encode(self, answer: Any) -> str:
        encode = self.with_encode
        return encode(self.original, answer) if encode else self.original.encode(answer)

    def parse(self, text: str) -> Any:
        parse = self.with_parse
        return parse(self.original, text) if parse else self.original.parse(text)

    def snap(self, answer: Any) -> Any:
        snap = self.with_snap
        return snap(self.original, answer) if snap else self.original.snap(answer)


class Subject(NamedTuple):
    """A codec, answers that show what it does, and ways to break it."""

    codec: Codec[Any]
    answers: list[Any]
    mutants: dict[str, Codec[Any]]


def on(subject: Subject, codec: Codec[Any]) -> list[Any]:
    """The answers to try a mutant with."""
    original = getattr(codec, "original", codec)
    return TINY_BOXES if getattr(original, "canvas", None) == TINY else subject.answers


def writes(codec: Any, change: Callable[[str], str]) -> Mutant:
    """Writes another text."""
    return Mutant(codec, with_encode=lambda original, answer: change(original.encode(answer)))


def gives(codec: Any, change: Callable[[Any], Any]) -> Mutant:
    """Reads another answer."""
    return Mutant(codec, with_parse=lambda original, text: change(original.parse(text)))


def forgives(codec: Any, change: Callable[[str], str]) -> Mutant:
    """Reads more texts than it should, by mending them."""

    def parse(original: Any, text: str) -> Any:
        try:
            return original.parse(text)
        except ParseError:
            return original.parse(change(text))

    return Mutant(codec, with_parse=parse)


def defaults(codec: Any, answer: Any) -> Mutant:
    """Reads a default in place of an error."""

    def parse(original: Any, text: str) -> Any:
        try:
            return original.parse(text)
        except ParseError:
            return answer

    return Mutant(codec, with_parse=parse)


def snaps(codec: Any, change: Callable[[Any], Any]) -> Mutant:
    """Says that something else survives writing."""
    return Mutant(codec, with_snap=lambda original, answer: change(original.snap(answer)))


def keeps(codec: Any) -> Mutant:
    """Says that everything survives writing."""
    return Mutant(codec, with_snap=lambda _, answer: answer)


def accepts(codec: Any, grammar: Grammar) -> Mutant:
    """Has the grammar of something else."""
    return Mutant(codec, with_grammar=grammar)


def turns_none_into(codec: Any, answers: Any, text: str) -> Mutant:
    """Spells the empty answer in another way."""
    return writes(codec, lambda was: text if was == codec.encode(answers) else was)


@cache
def choice() -> Subject:
    codec = ChoiceCodec(("mass", "mass, left", "No", "no"), "texts")
    letters = ChoiceCodec(codec.options, "letters")
    options = codec.options
    mutants = {
        "letters for texts": Mutant(codec, with_encode=lambda _, a: letters.encode(a)),
        "texts in the letters' grammar": accepts(letters, codec.grammar()),
        "the next option": gives(
            codec, lambda a: Choice(option=options[(options.index(a.option) + 1) % 4])
        ),
        "an option left out": accepts(codec, ChoiceCodec(options[:-1], "texts").grammar()),
        "an option added": accepts(codec, ChoiceCodec((*options, "cat"), "texts").grammar()),
        "lower case": writes(codec, str.lower),
        "a full stop": writes(codec, lambda text: f"{text}."),
        "a space before": writes(codec, lambda text: f" {text}"),
        "reads around space": forgives(codec, str.strip),
        "reads any case": forgives(codec, str.lower),
        "reads the first word": forgives(codec, lambda text: text.split(",")[0]),
        "a default": defaults(codec, Choice(option="no")),
        "the first option survives": snaps(codec, lambda _: Choice(option="mass")),
        "letters off by one": Mutant(
            letters, with_encode=lambda _, a: chr(ord("B") + options.index(a.option))
        ),
        "small letters": writes(letters, str.lower),
    }
    return Subject(codec, [Choice(option=option) for option in options], mutants)


@cache
def label_set() -> Subject:
    labels = ("mass", "mass, left", "cyst")
    codec = LabelSetCodec(labels, "none")
    answers = [
        Labels(),
        Labels(present=("cyst", "mass")),
        Labels(present=("mass, left",), uncertain=("mass",), absent=("cyst",)),
        Labels(uncertain=labels[::-1]),
        Labels(present=labels),
    ]
    part = either(*(Literal(label) for label in labels))
    some = Sequence((part, Repeat(Sequence((Literal("; "), part)), 0, 2)))

    def in_order_of_the_answer(_: Any, answer: Labels) -> str:
        said = [*answer.present, *(f"possible {label}" for label in answer.uncertain)]
        return "; ".join(said) or "none"

    mutants: dict[str, Codec[Any]] = {
        "the answer's own order": Mutant(codec, with_encode=in_order_of_the_answer),
        "reversed": writes(codec, lambda text: "; ".join(text.split("; ")[::-1])),
        "commas between": writes(codec, lambda text: text.replace("; ", ", ")),
        "no space between": writes(codec, lambda text: text.replace("; ", ";")),
        "nothing for none": turns_none_into(codec, Labels(), ""),
        "another none": accepts(codec, LabelSetCodec(labels, "normal").grammar()),
        "possible is present": writes(codec, lambda text: text.replace("possible ", "")),
        "possible is left out": snaps(codec, lambda a: a.model_copy(update={"uncertain": ()})),
        "absent is unknown": gives(codec, lambda a: a.model_copy(update={"absent": ()})),
        "unknown stays unknown": keeps(codec),
        "duplicates and any order": accepts(codec, Grammar(either(some, Literal("none")))),
        "a label left out": accepts(codec, LabelSetCodec(labels[:-1], "none").grammar()),
        "a label added": accepts(codec, LabelSetCodec((*labels, "x"), "none").grammar()),
        "reads a last separator": forgives(codec, lambda text: text.removesuffix("; ")),
        "reads any case": forgives(codec, str.lower),
        "reads what is there twice": forgives(
            codec, lambda text: "; ".join(dict.fromkeys(text.split("; ")))
        ),
        "a default": defaults(codec, Labels(absent=labels)),
        "present and uncertain swapped": gives(
            codec, lambda a: Labels(present=a.uncertain, absent=a.absent, uncertain=a.present)
        ),
    }
    return Subject(codec, answers, mutants)


@cache
def findings() -> Subject:
    names = ("nodule", "nodule: old", "effusion")
    codec = FindingsCodec(names)

    def found(*statuses: Any) -> Findings:
        pairs = zip(names, statuses, strict=False)
        return Findings(findings=tuple(Finding(name=n, status=s) for n, s in pairs))

    answers = [
        found(),
        found("present", "absent", "uncertain"),
        Findings(findings=found("uncertain", "present", "present").findings[::-1]),
        Findings(findings=(Finding(name="effusion", status="present", probability=0.7),)),
    ]
    listed = lambda findings: Findings(findings=tuple(findings))  # noqa: E731
    mutants = {
        "commas between": writes(codec, lambda text: text.replace("; ", ", ")),
        "no space after the colon": writes(codec, lambda text: text.replace(": ", ":")),
        "reversed": writes(codec, lambda text: "; ".join(text.split("; ")[::-1])),
        "nothing for none": turns_none_into(codec, found(), ""),
        "no findings for none": turns_none_into(codec, found(), "no findings"),
        "possible for uncertain": writes(codec, lambda text: text.replace("uncertain", "possible")),
        "uncertain is present": writes(codec, lambda text: text.replace("uncertain", "present")),
        "absent is not named": gives(
            codec, lambda a: listed(f for f in a.findings if f.status != "absent")
        ),
        "the answer's own order": gives(codec, lambda a: listed(a.findings[::-1])),
        "everything survives": keeps(codec),
        "a name left out": accepts(codec, FindingsCodec(names[:2]).grammar()),
        "a name added": accepts(codec, FindingsCodec((*names, "cat")).grammar()),
        "another order": accepts(codec, FindingsCodec(names[::-1]).grammar()),
        "reads any case": forgives(codec, str.lower),
        "reads around space": forgives(codec, str.strip),
        "a default": defaults(codec, found("absent", "absent", "absent")),
        "the first finding alone": snaps(codec, lambda a: listed(a.findings[:1])),
    }
    return Subject(codec, answers, mutants)


def clamped(low: float, high: float, value: float) -> float:
    return min(max(value, low), high)


@cache
def whole_number() -> Subject:
    codec = WholeNumber(0, 105, "ml")
    values = [0.0, 7.0, 9.5, 10.5, 99.4, 104.7, 105.0, -3.0, 1e9, 12.49]
    many = Grammar(Repeat(OneOf("0123456789"), 1, 3))
    encode = lambda change: Mutant(  # noqa: E731
        codec, with_encode=lambda _, a: str(change(clamped(0, 105, a.value)))
    )
    mutants: dict[str, Codec[Any]] = {
        "floor": encode(math.floor),
        "ceiling": encode(math.ceil),
        "halves up": encode(lambda value: math.floor(value + 0.5)),
        "a fraction": encode(float),
        "not clamped": Mutant(codec, with_encode=lambda _, a: str(round(a.value))),
        "leading zeros": writes(codec, lambda text: text.zfill(3)),
        "with the unit": writes(codec, lambda text: f"{text} ml"),
        "reads leading zeros": forgives(codec, lambda text: text.lstrip("0") or "0"),
        "reads around space": forgives(codec, str.strip),
        "one more": accepts(codec, WholeNumber(0, 106).grammar()),
        "one fewer": accepts(codec, WholeNumber(0, 104).grammar()),
        "no zero": accepts(codec, WholeNumber(1, 105).grammar()),
        "leading zeros accepted": accepts(codec, many),
        "off by one": gives(codec, lambda a: Number(value=a.value + 1, unit="ml")),
        "no unit": gives(codec, lambda a: Number(value=a.value)),
        "a default": defaults(codec, Number(value=0.0, unit="ml")),
        "everything survives": keeps(codec),
        "truncated": Mutant(
            codec,
            with_snap=lambda _, a: Number(value=float(int(clamped(0, 105, a.value))), unit="ml"),
        ),
    }
    return Subject(codec, [Number(value=value) for value in values], mutants)


@cache
def decimal() -> Subject:
    codec = DecimalNumber(-1.5, 12.5, 2)
    values = [0.0, -0.001, -0.4, 2.675, 1.125, 12.5, 13.0, -1.5, -7.0, 3.1, 10.07, 0.05]
    clamp = lambda value: clamped(-1.5, 12.5, value)  # noqa: E731
    encode = lambda change: Mutant(  # noqa: E731
        codec, with_encode=lambda _, a: change(clamp(a.value))
    )
    mutants: dict[str, Codec[Any]] = {
        "rounded in binary": encode(lambda value: f"{round(value, 2) + 0.0:.2f}"),
        "negative zero": encode(lambda value: f"{value:.2f}"),
        "floor": encode(lambda value: f"{math.floor(value * 100) / 100 + 0.0:.2f}"),
        "one decimal": encode(lambda value: f"{value:.1f}"),
        "three decimals": encode(lambda value: f"{value:.3f}"),
        "no zeros at the end": writes(codec, lambda text: text.rstrip("0").rstrip(".")),
        "a comma": writes(codec, lambda text: text.replace(".", ",")),
        "no zero before the point": writes(codec, lambda text: text.replace("0.", ".")),
        "leading zeros": writes(codec, lambda text: text.zfill(6)),
        "not clamped": Mutant(codec, with_encode=lambda _, a: f"{a.value:.2f}"),
        "reads negative zero": forgives(codec, lambda text: "0.00" if text == "-0.00" else text),
        "reads leading zeros": forgives(codec, lambda text: text.removeprefix("0") or text),
        "one step more": accepts(codec, DecimalNumber(-1.5, 12.51, 2).grammar()),
        "one step fewer": accepts(codec, DecimalNumber(-1.49, 12.5, 2).grammar()),
        "another precision": accepts(codec, DecimalNumber(-1.5, 12.5, 1).grammar()),
        "ten times": gives(codec, lambda a: Number(value=10 * a.value)),
        "a unit": gives(codec, lambda a: Number(value=a.value, unit="cm")),
        "a default": defaults(codec, Number(value=0.0)),
        "everything survives": keeps(codec),
    }
    return Subject(codec, [Number(value=value) for value in values], mutants)


@cache
def free_text() -> Subject:
    codec = FreeText(24)
    texts = [
        "",
        " The heart\n is large. ",
        "a<loc0007>b <5 mm",
        "no pleural effusion is seen here",
        "pneumonoultramicroscopicsilicosis",
        "épanchement 中 µ",
        "tab\tand\u200bmark",
        "exactly twenty-four char",
    ]
    letters = Grammar(Repeat(OneOf("abcdefghijklmnopqrstuvwxyz .,"), 1, 24))
    squeeze = lambda text: " ".join(text.split())  # noqa: E731
    cut = lambda text: text[:24].strip() or "-"  # noqa: E731
    mutants: dict[str, Codec[Any]] = {
        "cut within a word": Mutant(
            codec, with_encode=lambda _, a: cut(squeeze(a.text).replace("<", "< "))
        ),
        "one character more": Mutant(codec, with_encode=lambda _, a: FreeText(25).encode(a)),
        "one character fewer": Mutant(codec, with_encode=lambda _, a: FreeText(23).encode(a)),
        "as it stands": Mutant(codec, with_encode=lambda _, a: a.text),
        "native tokens": Mutant(codec, with_encode=lambda _, a: cut(squeeze(a.text))),
        "empty": turns_none_into(codec, Text(text=""), ""),
        "a last space": writes(codec, lambda text: f"{text} "),
        "double spaces": writes(codec, lambda text: text.replace(" ", "  ")),
        "lower case": writes(codec, str.lower),
        "in ASCII": writes(codec, lambda text: text.encode("ascii", "ignore").decode() or "-"),
        "a longer limit": accepts(codec, FreeText(25).grammar()),
        "a shorter limit": accepts(codec, FreeText(23).grammar()),
        "no limit": accepts(codec, replace(codec.grammar(), limit=None)),
        "small letters alone": accepts(codec, letters),
        "reads around space": forgives(codec, str.strip),
        "reads double spaces": forgives(codec, squeeze),
        "a default": defaults(codec, Text(text="-")),
        "everything survives": keeps(codec),
        "upper case": gives(codec, lambda a: Text(text=a.text.upper())),
    }
    return Subject(codec, [Text(text=text) for text in texts], mutants)


CANVAS = CanvasMap.fit(Size(640, 480), Size(224, 224), "pad")
OTHER = CanvasMap.fit(Size(640, 480), Size(224, 224), "stretch")
LABELS = ("RBC", "RBC, old", "WBC")


def boxed(label: str, x0: float, y0: float, x1: float, y1: float) -> Box:
    return Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1, score=0.5)


BOXES = [
    Boxes(),
    Boxes(boxes=(boxed("WBC", 10, 20, 110, 64), boxed("RBC", 300.3, 100.7, 310.1, 400.9))),
    Boxes(boxes=(boxed("RBC", -50, 10, 30, 900), boxed("WBC", 5, 5, 5.001, 5.001))),
    Boxes(boxes=(boxed("RBC", 700, 500, 800, 700), boxed("RBC, old", 639.9, 479.9, 640, 480))),
    Boxes(boxes=(boxed("RBC", 1, 2, 30, 40), boxed("RBC", 1, 2, 30, 40))),
    Boxes(boxes=tuple(boxed("WBC", 9 * n, 2, 9 * n + 7.3, 40.2) for n in (5, 3, 4, 1))),
]
TINY = CanvasMap.fit(Size(2, 1), Size(224, 224), "stretch")
TINY_BOXES = [Boxes(boxes=(boxed("RBC", 0, 0, 1, 1), boxed("RBC", 0, 0, 2, 1)))]


class NoDuplicateCheck(Grid):
    def open(self, written: Any, used: Any, copies: int = 1) -> Open:
        return Open(self.values(written), frozenset())


class ShortSight(Grid):
    """Closes only the last number, so that a list may reach a dead end."""

    def open(self, written: Any, used: Any, copies: int = 1) -> Open:
        found = super().open(written, used, copies)
        return found if len(written) == 3 else Open(found.values, frozenset())


class NoOrder(Grid):
    def values(self, written: Any) -> range:
        axis = self.axes[len(written) % 2]
        return axis.firsts if len(written) < 2 else axis.all_seconds


class Floored(Grid):
    """Rounds down on every path alike, so that only nearness can tell."""

    def cells(self, rect: Any) -> Any:
        steps = [math.floor(step) + 0.25 for step in self.to_steps(rect)]
        return super().cells(self.from_steps((steps[0], steps[1], steps[2], steps[3])))


class Unclipped(Grid):
    """Sees everything, and draws what lies outside to the edge."""

    def cells(self, rect: Any) -> Any:
        x = [clamped(self.x.low, self.x.high, step) for step in self.to_steps(rect)[::2]]
        y = [clamped(self.y.low, self.y.high, step) for step in self.to_steps(rect)[1::2]]
        x0, y0 = min(x[0], self.x.high - 1), min(y[0], self.y.high - 1)
        inside = (x0, y0, max(x[1], x0 + 1), max(y[1], y0 + 1))
        return super().cells(self.from_steps(inside))


class Narrow(Grid):
    """Leaves boxes as wide as they are, even without any width."""

    def cells(self, rect: Any) -> Any:
        found = super().cells(rect)
        if found is None or self.format.order not in ("xyxy", "yxyx"):
            return found
        steps = [max(0, round(step)) for step in self.to_steps(rect)]
        x0, y0, x1, y1 = (
            step if step <= found[2] else old for step, old in zip(steps, steps, strict=True)
        )
        return (y0, x0, y1, x1) if self.format.order == "yxyx" else (x0, y0, x1, y1)


def variant(codec: Any, **methods: Any) -> Any:
    """The codec with methods replaced."""
    changed = type(f"Changed{type(codec).__name__}", (type(codec),), methods)
    return changed(**{name: getattr(codec, name) for name in codec.__dataclass_fields__})


def with_grid(codec: Any, grid: type[Grid]) -> Any:
    return variant(codec, grid=grid(codec.grid.canvas, codec.grid.format))


def cells_changed(codec: Any, change: Callable[..., Any]) -> Any:
    """Writes other numbers."""
    write = type(codec).write

    def changed(self: Any, boxes: Any) -> str:
        return write(self, tuple(box._replace(cells=change(*box.cells)) for box in boxes))

    return variant(codec, write=changed)


def box_mutants(codec: Any, tiny: Any) -> dict[str, Codec[Any]]:
    """What can be broken in any format of boxes."""
    write, grammar = type(codec).write, codec.grammar()

    def placed_all(self: Any, answer: Boxes) -> Any:
        return tuple(
            type(self).ordered(
                self,
                tuple(
                    codec._placed(Boxes(boxes=(box,)))[0]
                    for box in answer.boxes
                    if codec._placed(Boxes(boxes=(box,)))
                ),
            )
        )

    return {
        "axes swapped": cells_changed(codec, lambda a, b, c, d: (b, a, d, c)),
        "corners swapped": cells_changed(codec, lambda a, b, c, d: (c, d, a, b)),
        "off by one": cells_changed(codec, lambda a, b, c, d: (a, b, c, d + 1)),
        "reversed": variant(codec, write=lambda self, boxes: write(self, boxes[::-1])),
        "the first box alone": variant(codec, write=lambda self, boxes: write(self, boxes[:1])),
        "space before": writes(codec, lambda text: f" {text}"),
        "nothing for none": turns_none_into(codec, Boxes(), ""),
        "null for none": turns_none_into(codec, Boxes(), "null"),
        "not narrowed": accepts(codec, replace(grammar, narrow=not_narrowed)),
        "duplicates permitted": accepts(tiny, with_grid(tiny, NoDuplicateCheck).grammar()),
        "any order of corners": accepts(tiny, with_grid(tiny, NoOrder).grammar()),
        "dead ends": accepts(tiny, with_grid(tiny, ShortSight).grammar()),
        "one box more": accepts(replace(tiny, limit=2), replace(tiny, limit=3).grammar()),
        "one box fewer": accepts(codec, replace(codec, limit=codec.limit - 1).grammar()),
        "a label added": accepts(codec, replace(codec, labels=(*LABELS, "cat")).grammar()),
        "a label left out": accepts(codec, replace(codec, labels=LABELS[:2]).grammar()),
        "another canvas": gives(
            codec, lambda a: replace(codec, canvas=OTHER).parse(codec.encode(a))
        ),
        "duplicates kept": variant(codec, _placed=placed_all),
        "floor": with_grid(codec, Floored),
        "no width": with_grid(codec, Narrow),
        "the unseen drawn to the edge": Mutant(
            codec, with_encode=lambda _, a: with_grid(codec, Unclipped).encode(a)
        ),
        "everything survives": keeps(codec),
        "scores survive": snaps(
            codec,
            lambda a: Boxes(boxes=tuple(b.model_copy(update={"score": 0.5}) for b in a.boxes)),
        ),
        "a default": defaults(codec, Boxes()),
        "reads around space": forgives(codec, str.strip),
        "reads small letters": forgives(
            codec, lambda text: text.replace("rbc", "RBC").replace("wbc", "WBC")
        ),
    }


@cache
def boxes_loc() -> Subject:
    codec, tiny = BoxesLoc(CANVAS, LABELS, 3), BoxesLoc(TINY, LABELS[:1], 4)
    mutants = box_mutants(codec, tiny) | {
        "commas between": writes(codec, lambda text: text.replace(" ; ", ", ")),
        "three digits": writes(codec, lambda text: text.replace("<loc0", "<loc")),
        "duplicates permitted": accepts(
            tiny, variant(with_grid(tiny, NoDuplicateCheck), _label=lambda *_: None).grammar()
        ),
        "label first": writes(codec, lambda text: " ".join(text.split(" ")[::-1])),
    }
    del mutants["dead ends"]  # location tokens never run out
    return Subject(codec, BOXES, mutants)


@cache
def instances_loc() -> Subject:
    codec, tiny = InstancesLoc(CANVAS, LABELS, 3), InstancesLoc(TINY, LABELS[:1], 4)
    mutants = box_mutants(codec, tiny) | {
        "commas between": writes(codec, lambda text: text.replace(" ; ", ", ")),
        "order of first appearance": variant(codec, ordered=lambda self, boxes: boxes),
        "another order of labels": accepts(codec, replace(codec, labels=LABELS[::-1]).grammar()),
    }
    del mutants["dead ends"]
    return Subject(codec, BOXES, mutants)


@cache
def boxes_json() -> Subject:
    codec = BoxesJson(CANVAS, LABELS, 3, BoxFormat(order="yxyx", space="permille"))
    tiny = BoxesJson(TINY, LABELS[:1], 6, BoxFormat())
    other = replace(codec, format=BoxFormat(order="yxyx", space="percent"))
    mutants = box_mutants(codec, tiny) | {
        "white space": writes(codec, lambda text: text.replace(",", ", ")),
        "leading zeros": writes(codec, lambda text: text.replace(":[", ":[0")),
        "fractions": writes(codec, lambda text: text.replace(",", ".0,", 1)),
        "single quotes": writes(codec, lambda text: text.replace('"', "'")),
        "another key": accepts(codec, replace(codec, key="bbox").grammar()),
        "another space": accepts(codec, other.grammar()),
        "reads white space": forgives(codec, lambda text: text.replace(" ]", "]").strip("\n")),
    }
    return Subject(codec, BOXES, mutants)


@cache
def instances_json() -> Subject:
    codec = InstancesJson(CANVAS, LABELS, 3, BoxFormat(space="pixels"))
    tiny = InstancesJson(TINY, LABELS[:1], 6, BoxFormat())
    other = replace(codec, format=BoxFormat(space="percent"))
    mutants = box_mutants(codec, tiny) | {
        "white space": writes(codec, lambda text: text.replace(",", ", ")),
        "leading zeros": writes(codec, lambda text: text.replace("[[", "[[0")),
        "single quotes": writes(codec, lambda text: text.replace('"', "'")),
        "order of first appearance": variant(codec, ordered=lambda self, boxes: boxes),
        "another order of labels": accepts(codec, replace(codec, labels=LABELS[::-1]).grammar()),
        "another space": accepts(codec, other.grammar()),
        "empty lists": writes(codec, lambda text: text.replace("{}", '{"RBC":[]}')),
    }
    # The numbers are pixels of the original, whatever the canvas is.
    del mutants["another canvas"]
    return Subject(codec, BOXES, mutants)


def drawn(label: str, *points: tuple[float, float]) -> Mask:
    return Mask(label=label, polygon=tuple((float(x), float(y)) for x, y in points), score=0.5)


MASKS = [
    Masks(),
    Masks(masks=(drawn("WBC", (10, 20), (110.3, 30), (55.5, 90.1)),)),
    Masks(
        masks=(
            drawn(
                "RBC",
                *((320 + 90 * math.cos(a / 2), 240 + 60 * math.sin(a / 2)) for a in range(12)),
            ),
        )
    ),
    Masks(
        masks=(
            drawn("RBC", (-90, -200), (300, 40), (30, 700)),
            drawn("RBC, old", (900, 900), (990, 900), (990, 950)),
        )
    ),
    Masks(masks=tuple(drawn("RBC", (n, 1), (50, 2), (n, 90)) for n in (7, 3, 5, 9))),
    Masks(masks=(drawn("WBC", (5, 5), (5.0001, 5), (5, 5.0001)),)),
]


def region_mutants(codec: Any) -> dict[str, Codec[Any]]:
    """What can be broken in any format of polygons."""
    write = type(codec).write

    def vertices_changed(change: Callable[[Any], Any]) -> Any:
        def changed(self: Any, regions: Any) -> str:
            return write(
                self, tuple(region._replace(vertices=change(region.vertices)) for region in regions)
            )

        return variant(codec, write=changed)

    def plain(_: Any, mask: Mask) -> Any:
        points = (codec.grid.to_steps((x, y, x, y)) for x, y in mask.polygon)
        return tuple((round(x), round(y)) for x, y, *_ in points)

    def floored(self: Any, points: Any) -> Any:
        return tuple((int(x), int(y)) for x, y in points.clip(0, None))

    return {
        "axes swapped": vertices_changed(lambda points: tuple((y, x) for x, y in points)),
        "another start": vertices_changed(lambda points: points[1:] + points[:1]),
        "the other way round": vertices_changed(lambda points: points[::-1]),
        "a vertex left out": vertices_changed(lambda points: points[:-1]),
        "closed by hand": vertices_changed(lambda points: (*points, points[0])),
        "off by one": vertices_changed(
            lambda points: ((points[0][0] + 1, points[0][1]), *points[1:])
        ),
        "reversed": variant(codec, write=lambda self, regions: write(self, regions[::-1])),
        "neither clipped nor simplified": variant(codec, outline=plain),
        "floor": variant(codec, _rounded=floored),
        "nothing for none": turns_none_into(codec, Masks(), ""),
        "space after": writes(codec, lambda text: f"{text} "),
        "one vertex more": accepts(codec, replace(codec, vertices=codec.vertices + 1).grammar()),
        "one vertex fewer": accepts(codec, replace(codec, vertices=codec.vertices - 1).grammar()),
        "one region more": accepts(codec, replace(codec, limit=codec.limit + 1).grammar()),
        "one region fewer": accepts(codec, replace(codec, limit=codec.limit - 1).grammar()),
        "a label added": accepts(codec, replace(codec, labels=(*LABELS, "cat")).grammar()),
        "a label left out": accepts(codec, replace(codec, labels=LABELS[:2]).grammar()),
        "another canvas": gives(
            codec, lambda a: replace(codec, canvas=OTHER).parse(codec.encode(a))
        ),
        "everything survives": keeps(codec),
        "a default": defaults(codec, Masks()),
        "reads around space": forgives(codec, str.strip),
    }


@cache
def polygons_loc() -> Subject:
    codec = PolygonsLoc(CANVAS, LABELS, 3, 6)
    mutants = region_mutants(codec) | {
        "commas between": writes(codec, lambda text: text.replace(" ; ", ", ")),
        "three digits": writes(codec, lambda text: text.replace("<loc0", "<loc")),
    }
    return Subject(codec, MASKS, mutants)


@cache
def polygons_json() -> Subject:
    codec = PolygonsJson(CANVAS, LABELS, 3, 6, BoxFormat(order="yxyx", space="permille"))
    other = replace(codec, format=BoxFormat(space="percent"))
    x_first = replace(codec, format=BoxFormat(space="permille"))
    mutants = region_mutants(codec) | {
        "white space": writes(codec, lambda text: text.replace(",", ", ")),
        "leading zeros": writes(codec, lambda text: text.replace("[[", "[[0")),
        "another space": accepts(codec, other.grammar()),
        "x first": Mutant(codec, with_encode=lambda _, a: x_first.encode(a)),
        "flat lists": writes(codec, lambda text: text.replace("],[", ",")),
    }
    return Subject(codec, MASKS, mutants)


SUBJECTS = [
    choice, label_set, findings, whole_number, decimal, free_text, boxes_loc, instances_loc,
    boxes_json, instances_json, polygons_loc, polygons_json,
]  # fmt: skip


def mutants() -> Iterator[Any]:
    for subject in SUBJECTS:
        for name in subject().mutants:
            yield pytest.param(subject, name, id=f"{subject.__name__}: {name}")


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.__name__)
def test_the_original_keeps_the_laws(subject: Callable[[], Subject], laws: Any) -> None:
    codec, answers, mutants = subject()
    assert len(mutants) >= 10
    laws.check(codec, answers, random.Random(1))


@pytest.mark.parametrize(("subject", "name"), list(mutants()))
def test_the_laws_catch(subject: Callable[[], Subject], name: str, laws: Any) -> None:
    found = subject()
    mutant = found.mutants[name]
    with pytest.raises(AssertionError):
        for seed in range(3):
            laws.check(mutant, on(found, mutant), random.Random(seed))


def test_the_tiny_originals_keep_the_laws(laws: Any) -> None:
    for codec in (
        BoxesJson(TINY, LABELS[:1], 6, BoxFormat()),
        InstancesJson(TINY, LABELS[:1], 6, BoxFormat()),
        BoxesLoc(TINY, LABELS[:1], 4),
        InstancesLoc(TINY, LABELS[:1], 4),
    ):
        laws.check(codec, TINY_BOXES, random.Random(0))
