"""Boxes as native location tokens grouped by label."""

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from diascope.codecs.boxes_loc import NONE, SEPARATOR
from diascope.codecs.codec import ParseError
from diascope.codecs.grammar import Allowed, Grammar, Literal, Repeat, Sequence
from diascope.codecs.grid import Cells, Grid
from diascope.codecs.loc_tokens import LOC_FORMAT, loc, next_loc, only, spell, split
from diascope.codecs.names import check_names
from diascope.codecs.nodes import either, some_in_order
from diascope.codecs.objects import ByLabel, Placed, check_limit
from diascope.geometry import CanvasMap


@dataclass(frozen=True)
class InstancesLoc(ByLabel):
    """`RBC <loc> x 4 <loc> x 4 ; WBC <loc> x 4`, labels in the set's order, or `none`."""

    canvas: CanvasMap
    labels: tuple[str, ...]
    limit: int

    def __post_init__(self) -> None:
        check_names(self.labels, SEPARATOR)
        check_limit(self.limit)

    def grammar(self) -> Grammar:
        """Labels in order, each with its boxes; narrowed to `limit` in all, and no box twice."""
        box = Sequence((loc(0, 1022), loc(0, 1022), loc(1, 1023), loc(1, 1023)))
        boxes = Repeat(box, 1, self.limit)
        groups = tuple(Sequence((Literal(f"{label} "), boxes)) for label in self.labels)
        some = some_in_order(groups, Literal(SEPARATOR))
        return Grammar(either(some, Literal(NONE)), self._narrow)

    def write(self, boxes: tuple[Placed, ...]) -> str:
        """One label after the other, each with all of its boxes."""
        groups = groupby(boxes, lambda box: box.label)
        texts = (
            f"{label} " + "".join(spell(box.cells) for box in group) for label, group in groups
        )
        return SEPARATOR.join(texts) or NONE

    def read(self, text: str) -> tuple[Placed, ...]:
        """One group a run of tokens; the text before the run is its label."""
        if text == NONE:
            return ()
        texts, runs = split(text)
        if not runs or any(len(run) % 4 for run in runs):
            raise ParseError(f"not boxes of four location tokens each: {text[:80]!r}")
        labels = (before.removeprefix(SEPARATOR)[:-1] for before in texts)
        return tuple(
            Placed(label, cells)
            for label, run in zip(labels, runs, strict=False)
            for cells in _fours(run)
        )

    @cached_property
    def grid(self) -> Grid:
        """Bins of the canvas."""
        return Grid(self.canvas, LOC_FORMAT)

    def _narrow(self, prefix: str) -> Allowed | None:
        texts, runs = split(prefix)
        if texts[-1] or not runs:
            return None
        used, written = _fours(runs[-1]), runs[-1][len(runs[-1]) // 4 * 4 :]
        tokens = next_loc(self.grid.open(written, used))
        if written:
            return only(tokens)
        if sum(map(len, runs)) >= 4 * self.limit:
            return Allowed(end=True)
        return Allowed(frozenset(SEPARATOR[0]), tokens, end=True)


def _fours(run: tuple[int, ...]) -> list[Cells]:
    return [
        (run[at], run[at + 1], run[at + 2], run[at + 3]) for at in range(0, len(run) // 4 * 4, 4)
    ]
