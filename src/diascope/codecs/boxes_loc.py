"""Boxes as native location tokens, PaliGemma's own detection format (big_vision)."""

from dataclasses import dataclass
from functools import cached_property

from diascope.codecs.codec import ParseError
from diascope.codecs.digits import following
from diascope.codecs.grammar import Allowed, Grammar, Literal, Repeat, Sequence
from diascope.codecs.grid import Grid
from diascope.codecs.loc_tokens import LOC_FORMAT, loc, next_loc, only, spell, split
from diascope.codecs.names import check_names
from diascope.codecs.nodes import either
from diascope.codecs.objects import BoxListCodec, Placed, check_limit
from diascope.geometry import CanvasMap

NONE = "none"
SEPARATOR = " ; "


@dataclass(frozen=True)
class BoxesLoc(BoxListCodec):
    """`<locY0><locX0><locY1><locX1> label ; ...`, or `none`."""

    canvas: CanvasMap
    labels: tuple[str, ...]
    limit: int

    def __post_init__(self) -> None:
        check_names(self.labels, SEPARATOR)
        check_limit(self.limit)

    def grammar(self) -> Grammar:
        """Up to `limit` boxes; narrowed to ends after starts, and no box twice."""
        corners = (loc(0, 1022), loc(0, 1022), loc(1, 1023), loc(1, 1023))
        label = either(*(Literal(f" {name}") for name in self.labels))
        before = Repeat(Sequence((*corners, label, Literal(SEPARATOR))), 0, self.limit - 1)
        boxes = Sequence((before, *corners, label))
        return Grammar(either(boxes, Literal(NONE)), self._narrow)

    def write(self, boxes: tuple[Placed, ...]) -> str:
        """One box after the other."""
        return SEPARATOR.join(f"{spell(box.cells)} {box.label}" for box in boxes) or NONE

    def read(self, text: str) -> tuple[Placed, ...]:
        """One box a run of four tokens; the text after the run is its label."""
        if text == NONE:
            return ()
        texts, runs = split(text)
        if not runs or any(len(run) != 4 for run in runs):
            raise ParseError(f"not boxes of four location tokens each: {text[:80]!r}")
        return self._boxes(texts[1:], runs)

    @cached_property
    def grid(self) -> Grid:
        """Bins of the canvas."""
        return Grid(self.canvas, LOC_FORMAT)

    def _boxes(self, texts: list[str], runs: list[tuple[int, ...]]) -> tuple[Placed, ...]:
        labels = (text.removesuffix(SEPARATOR)[1:] for text in texts)
        return tuple(
            Placed(label, (run[0], run[1], run[2], run[3]))
            for label, run in zip(labels, runs, strict=True)
        )

    def _narrow(self, prefix: str) -> Allowed | None:
        texts, runs = split(prefix)
        if not runs:
            return None
        if texts[-1].endswith(SEPARATOR):
            runs.append(())
            texts.append("")
        used = self._boxes(texts[1:-1], runs[:-1])
        if len(runs[-1]) < 4:
            cells = [box.cells for box in used]
            return only(next_loc(self.grid.open(runs[-1], cells, len(self.labels))))
        return self._label(texts[-1], {box.label for box in used if box.cells == runs[-1]})

    def _label(self, typed: str, used: set[str]) -> Allowed | None:
        """Any label that these four numbers do not have yet."""
        if not used:
            return None
        labels = [f" {label}" for label in self.labels if label not in used]
        ends = following(typed, [label + SEPARATOR for label in labels])
        return Allowed(ends, end=typed in labels)
