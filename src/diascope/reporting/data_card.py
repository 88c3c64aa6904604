"""The data card: one HTML page about a prepared folder, without a picture or a name of anybody."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from diascope.curation.audit import Audit, Exclusion
from diascope.curation.contents import Contents, LabelCount
from diascope.curation.conventions import ORDERS, SPACES, SPELT, Convention, spelt
from diascope.curation.leaks import LeakReport
from diascope.curation.prepare import Card
from diascope.curation.tokens import TokenBudget
from diascope.geometry import BoxFormat
from diascope.predictionfile import read_value, write_atomically

PAGE = "data_card.html"
_MOST_LABELS = 60
_MOST_REASONS = 40
_STATUSES = ("present", "absent", "uncertain")
_UNDECLARED = "corners in pixels, as the source made them"


class Reason(NamedTuple):
    """Exclusions that differ in names and numbers alone."""

    first: str
    times: int


class LabelTable(NamedTuple):
    """The labels of one task, the most frequent first; a column for each split and status met."""

    task: str
    splits: list[tuple[str, int]]
    """Each with its number of columns."""
    statuses: list[str]
    rows: list[tuple[str, float, list[int]]]
    """Label, how often it is present as a share of the most frequent one's, and its columns."""
    left: int
    """Labels that are not shown."""


class Cell(NamedTuple):
    """One reading of a data set's boxes in the grid of all."""

    share: float
    """Of boxes that make no sense when they are read so."""
    is_declared: bool


class Grid(NamedTuple):
    """A convention as the page draws it: a row for each space, a column for each order."""

    told: Convention
    declared: str
    share: float
    rows: list[tuple[str, list[Cell]]]


def write_data_card(folder: Path) -> Path:
    """Write the page into a prepared folder; InputError where a file of it is missing."""
    text = render(
        read_value(Audit, folder / "audit.json"),
        read_value(Contents, folder / "contents.json"),
        read_value(Card, folder / "card.json"),
        read_value(LeakReport, folder / "leaks.json"),
    )
    return write_atomically(folder / PAGE, text)


def render(audit: Audit, contents: Contents, card: Card, leaks: LeakReport) -> str:
    """The page as text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("data_card.html.jinja")
    return page.render(
        audit=audit,
        contents=contents,
        card=card,
        leaks=leaks,
        labels=[
            _label_table(task, list(each))
            for task, each in groupby(contents.labels, lambda label: label.task)
        ],
        grids=[_grid(each) for each in contents.conventions],
        orders=ORDERS,
        reasons=reasons(audit.exclusions),
        notes=list(notes(audit, contents)),
        many=_many,
    )


def notes(audit: Audit, contents: Contents) -> Iterator[str]:
    """What a person should look at, a sentence each, for a terminal and the head of the page."""
    for doubt in audit.doubts:
        yield f"{_many(doubt.images, 'image')}: {doubt.what}"
    for convention in contents.conventions:
        for told in convention.doubts:
            yield f"{convention.dataset}, {convention.task}: {told}"
    for each in contents.anomalies:
        yield f"{each.dataset}, {each.task}: {each.what} ({each.times} of {each.of})"
    for budget in contents.budgets:
        if budget.over:
            yield _over(budget)


def reasons(exclusions: tuple[Exclusion, ...]) -> list[Reason]:
    """The exclusions by kind, the most frequent first."""
    kinds: dict[str, list[str]] = {}
    for each in exclusions:
        kind = re.sub(r"'[^']*'|\d+", "*", re.sub(r"^\S+: ", "", each.reason))
        kinds.setdefault(kind, []).append(each.reason)
    found = [Reason(each[0], len(each)) for each in kinds.values()]
    return sorted(found, key=lambda each: -each.times)[:_MOST_REASONS]


def _label_table(task: str, counts: list[LabelCount]) -> LabelTable:
    by_label: dict[str, dict[tuple[str, str], int]] = {}
    for each in counts:
        cells = {(each.split, status): getattr(each, status) for status in _STATUSES}
        by_label.setdefault(each.label, {}).update(cells)
    met = {column for cells in by_label.values() for column, times in cells.items() if times}
    columns = [
        (split, status)
        for split in sorted({split for split, _ in met}, key=_split_order)
        for status in _STATUSES
        if (split, status) in met
    ]
    present = {label: _present(cells) for label, cells in by_label.items()}
    shown = sorted(present, key=lambda label: (-present[label], label))[:_MOST_LABELS]
    most = max(present.values(), default=0) or 1
    return LabelTable(
        task=task,
        splits=[(name, len(list(each))) for name, each in groupby(split for split, _ in columns)],
        statuses=[status for _, status in columns],
        rows=[
            (label, present[label] / most, [by_label[label].get(column, 0) for column in columns])
            for label in shown
        ],
        left=len(by_label) - len(shown),
    )


def _present(cells: dict[tuple[str, str], int]) -> int:
    return sum(times for (_, status), times in cells.items() if status == "present")


def _split_order(split: str) -> tuple[bool, bool, str]:
    """Training, validation, and then the others, which are tests."""
    return not split.startswith("train"), not split.startswith("val"), split


def _over(budget: TokenBudget) -> str:
    return (
        f"{budget.family}, {budget.task}: {budget.over} of {_many(budget.n, 'question')} have more "
        f"than {budget.limit} tokens with their answer"
    )


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _grid(told: Convention) -> Grid:
    """Every usual space and order; a declared convention beyond them is told in words alone."""
    rows = [
        (SPELT[space], [_cell(told, BoxFormat(order=order, space=space)) for order in ORDERS])
        for space in SPACES
    ]
    declared = (
        spelt(told.read_as) if told.declared else "corners in pixels, as the source made them"
    )
    return Grid(told, declared, told.degenerate(told.read_as), rows)


def _cell(told: Convention, format: BoxFormat) -> Cell:
    return Cell(told.degenerate(format), format == told.read_as)
