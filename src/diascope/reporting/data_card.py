"""The data card: one HTML page about a prepared folder, without a picture or a name of anybody."""

import re
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from diascope.curation.audit import Audit, Exclusion
from diascope.curation.contents import Contents
from diascope.curation.leaks import LeakReport
from diascope.curation.prepare import Card
from diascope.predictionfile import read_value, write_atomically

PAGE = "data_card.html"
_MOST_LABELS = 60
_MOST_REASONS = 40


class Reason(NamedTuple):
    """Exclusions that differ in names and numbers alone."""

    first: str
    times: int


def write_data_card(folder: Path) -> Path:
    """Write the page into a prepared folder; InputError where a file of it is missing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    ).get_template("data_card.html.jinja")
    audit = read_value(Audit, folder / "audit.json")
    contents = read_value(Contents, folder / "contents.json")
    text = page.render(
        audit=audit,
        contents=contents,
        card=read_value(Card, folder / "card.json"),
        leaks=read_value(LeakReport, folder / "leaks.json"),
        labels=[(task, list(each)) for task, each in groupby(contents.labels, lambda x: x.task)],
        reasons=reasons(audit.exclusions),
        most=_MOST_LABELS,
    )
    return write_atomically(folder / PAGE, text)


def reasons(exclusions: tuple[Exclusion, ...]) -> list[Reason]:
    """The exclusions by kind, the most frequent first."""
    kinds: dict[str, list[str]] = {}
    for each in exclusions:
        kind = re.sub(r"'[^']*'|\d+", "*", re.sub(r"^\S+: ", "", each.reason))
        kinds.setdefault(kind, []).append(each.reason)
    found = [Reason(each[0], len(each)) for each in kinds.values()]
    return sorted(found, key=lambda each: -each.times)[:_MOST_REASONS]
