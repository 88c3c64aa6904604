"""Scorecards as tables: Markdown for pages that are generated, and rich for the terminal."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from diascope.reporting.words import (
    VERDICTS,
    VERDICTS_IN_SHORT,
    decoding,
    digest,
    invalid_replies,
    metric_words,
    number,
    signed,
    span,
    task_words,
)
from diascope.scoring.scorecard import Row, Scorecard

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = {
    "task": "---",
    "metric": "---",
    "score (95 % interval)": "---:",
    "n": "---:",
    "patients": "---:",
    "invalid": "---:",
    "baseline": "---:",
    "better by (95 % interval)": "---:",
    "ceiling": "---:",
    "chance": "---:",
    "verdict": "---",
}


_HEAD = ("# Results", "", "Written by `diascope report` from scorecards; not edited by hand.", "")


def markdown(scorecards: Sequence[Scorecard]) -> str:
    """A page with a table for every scorecard, what it does not beat, and where it comes from."""
    return "\n".join([*_HEAD, *(_section(card) for card in scorecards)])


def terminal(scorecard: Scorecard) -> "Table":
    """The headline table; a task that does not beat its baseline is red, and says so."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=scorecard.name, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.padding, table.collapse_padding, table.pad_edge = (0, 1), True, False
    table.add_column("task\n")
    for heading in (
        "score\n95 % interval",
        "n\ninvalid",
        "baseline\nceiling",
        "better by\n95 % interval",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in scorecard.table():
        style = "" if row.verdict == "better" else "red"
        table.add_row(*(Text(cell, style) for cell in _brief(row)))
    return table


def _brief(row: Row) -> tuple[str, ...]:
    """Cells of two lines, so that the table fits 80 columns."""
    metric = row.metric
    down = "" if metric.higher_is_better else " \N{DOWNWARDS ARROW}"
    notes = [] if row.verdict == "better" else [VERDICTS_IN_SHORT[row.verdict]]
    notes += ["collapsed"] if row.alarm else []
    difference = f"{signed(metric.difference.value)}\n{span(metric.difference, sign=True)}"
    missing = f", {row.counts.missing} missing" if row.counts.missing else ""
    return (
        f"{task_words(row.task)}\n{metric_words(metric.metric)}{down}",
        f"{number(metric.score.value)}\n{span(metric.score)}",
        f"{row.counts.n}\n{row.counts.invalid}{missing}",
        f"{number(metric.baseline)}\n{number(metric.ceiling)}",
        "\n".join([difference, *notes]),
    )


def _section(card: Scorecard) -> str:
    lines = [
        f"## {_cell(card.name)}",
        "",
        _line(COLUMNS),
        f"| {' | '.join(COLUMNS.values())} |",
        *(_line(_cells(row)) for row in card.table()),
        "",
        _unbeaten(card),
        "",
        _origin(card),
        "",
    ]
    return "\n".join(lines)


def _unbeaten(card: Scorecard) -> str:
    """In words, the tasks in which a trivial baseline does as well or better."""
    rows = card.table()
    names = [task_words(row.task) for row in rows if row.verdict != "better"]
    if not names:
        return f"Beats its trivial baseline in all {len(rows)} tasks."
    share = f"{len(names)} of {len(rows)} tasks"
    return f"**Does not beat its trivial baseline in {share}:** {', '.join(names)}."


def _cells(row: Row) -> list[str]:
    metric, counts = row.metric, row.counts
    difference = metric.difference
    return [
        task_words(row.task),
        metric_words(metric.metric) + ("" if metric.higher_is_better else ", lower is better"),
        f"{number(metric.score.value)} ({span(metric.score)})",
        str(counts.n),
        str(counts.patients),
        str(counts.invalid),
        number(metric.baseline),
        f"{signed(difference.value)} ({span(difference, sign=True)})",
        number(metric.ceiling),
        number(row.chance),
        VERDICTS[row.verdict] + ("; collapse alarm" if row.alarm else ""),
    ]


def _origin(card: Scorecard) -> str:
    made = card.provenance
    cut = sum(task.counts.cut for task in card.tasks)
    facts = [
        f"model {made.model}",
        f"split {made.split or 'all'}",
        f"decoding {decoding(made)}",
        f"replies invalid: {invalid_replies(card)}",
        *([f"{cut} objects of the truth not wholly on the model's canvas"] if cut else []),
        f"intervals from {card.resamples} resamples of patients, seed {card.seed}",
        f"records sha256 {digest(made.records_sha256)}",
        f"commit {made.commit or 'unknown'}",
        f"predicted {made.created}",
    ]
    return _cell("; ".join(facts)) + "."


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    """Text that stays inside its cell and makes no mark-up."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
