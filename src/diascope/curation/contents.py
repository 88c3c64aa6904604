"""What a set of records asks and answers: labels, lengths, sizes, tokens, and what looks odd."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from diascope.answers import Box, Boxes, Choice, Findings, Labels, Masks, Number, Text
from diascope.curation.anomalies import Anomalies, Anomaly
from diascope.curation.conventions import Convention
from diascope.curation.tokens import Family, TokenBudget, TokenCounter, families
from diascope.records import Record, Turn
from diascope.values import Value

_LONGEST_LISTED = 60


class LabelCount(Value):
    """How often an answer of one task is or holds one label, in one split."""

    task: str
    split: str
    label: str
    present: int = 0
    absent: int = 0
    uncertain: int = 0


class Spread(Value):
    """The middle, the 99th percentile and the largest of some numbers, and how many they are."""

    what: str
    task: str
    n: int
    median: float
    high: float
    largest: float


class Contents(Value):
    """What the answers hold."""

    labels: tuple[LabelCount, ...]
    spreads: tuple[Spread, ...]
    image_sizes: tuple[Spread, ...]
    budgets: tuple[TokenBudget, ...] = ()
    conventions: tuple[Convention, ...] = ()
    """Of all boxes that the source read, those left out included."""
    anomalies: tuple[Anomaly, ...] = ()


class Reader:
    """Reads the records that are kept, one by one."""

    def __init__(self, readers: Mapping[str, Family] | None = None) -> None:
        """`readers` are the families whose tokens are counted; None for the one that ships."""
        self._tokens = TokenCounter(families() if readers is None else readers)
        self._anomalies = Anomalies()
        self._labels: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        self._numbers: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, record: Record) -> None:
        """Count what a record's answers hold."""
        self._tokens.add(record)
        self._anomalies.add(record)
        for image in record.images:
            self._numbers["width, pixels", ""].append(image.width)
            self._numbers["height, pixels", ""].append(image.height)
        for turn in record.turns:
            for label, status in _named(turn):
                self._labels[turn.task, record.split, label][status] += 1
            for what, number in _measured(turn):
                self._numbers[what, turn.task].append(number)

    def contents(self, conventions: tuple[Convention, ...] = ()) -> Contents:
        """All that was read; `conventions` are those of what the source read."""
        spreads = [_spread(what, task, found) for (what, task), found in self._numbers.items()]
        return Contents(
            labels=tuple(
                LabelCount(task=task, split=split, label=label[:_LONGEST_LISTED], **counts)
                for (task, split, label), counts in sorted(self._labels.items())
            ),
            spreads=tuple(each for each in spreads if each.task),
            image_sizes=tuple(each for each in spreads if not each.task),
            budgets=self._tokens.budgets(),
            conventions=conventions,
            anomalies=self._anomalies.found(),
        )


def _named(turn: Turn) -> Iterator[tuple[str, str]]:
    match turn.answer:
        case Choice(option=option):
            yield option, "present"
        case Labels() as labels:
            for status in ("present", "absent", "uncertain"):
                yield from ((label, status) for label in getattr(labels, status))
        case Findings(findings=findings):
            yield from ((finding.name, finding.status) for finding in findings)
        case Boxes(boxes=boxes):
            yield from ((box.label, "present") for box in boxes)
        case Masks(masks=masks):
            yield from ((mask.label, "present") for mask in masks)


def _measured(turn: Turn) -> Iterator[tuple[str, float]]:
    match turn.answer:
        case Text(text=text):
            yield "characters", len(text)
        case Number(value=value, unit=unit):
            yield f"value{f', {unit}' if unit else ''}", value
        case Boxes(boxes=boxes):
            yield "boxes", len(boxes)
            yield from (("shorter side of a box, pixels", _shorter(box)) for box in boxes)
        case Masks(masks=masks):
            yield "masks", len(masks)
            yield from (("vertices of a mask", len(mask.polygon)) for mask in masks)


def _shorter(box: Box) -> float:
    return min(box.x1 - box.x0, box.y1 - box.y0)


def _spread(what: str, task: str, numbers: list[float]) -> Spread:
    median, high = np.percentile(numbers, [50, 99])
    return Spread(
        what=what,
        task=task,
        n=len(numbers),
        median=float(median),
        high=float(high),
        largest=max(numbers),
    )
