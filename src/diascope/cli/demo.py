"""diascope demo: the whole path on drawn images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diascope.cli.options import (
    AsJson,
    DryRun,
    Seed,
    print_json,
    print_table,
    refuse_existing,
    say,
)
from diascope.cli.progress import progress

if TYPE_CHECKING:
    from rich.table import Table

    from diascope.scoring.scorecard import Scorecard, TaskScore


def demo(
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("runs/demo"),
    seed: Seed = 7,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Draw images, train, predict, score, report."""
    refuse_existing(out)
    if dry_run:
        plan = f"would write {out}: records, a run, predictions, scores and report.html"
        say(plan, as_json, would_write=str(out))
        return
    from diascope.reporting.tables import terminal
    from diascope.run import demo as run_demo

    made = run_demo(out, seed, progress)
    if as_json:
        for card in made.scorecards:
            print_json(card)
        return
    print_table(terminal(made.scorecards[0]))
    print_table(rivals(made.scorecards))
    print(f"report: {made.report}")


def rivals(cards: Sequence["Scorecard"]) -> "Table":
    """Every set of predictions beside the first.

    In brackets the share of the way from the trivial baseline to the truth.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from diascope.reporting.words import invalid_replies, number, task_words

    table = Table(
        title="beside its rivals (in brackets: of the way from baseline to truth)",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for heading in ("task", *(card.name for card in cards), "baseline"):
        table.add_column(heading, justify="left" if heading == "task" else "right")
    for score in cards[0].tasks:
        cells = [_cell(card.task(score.task)) for card in cards]
        name, baseline = task_words(score.task), number(score.primary.baseline)
        table.add_row(*map(Text, (name, *cells, baseline)))
    table.add_section()
    table.add_row("replies that are no answer", *map(invalid_replies, cards), "")
    return table


def _cell(score: "TaskScore | None") -> str:
    """The score, how far it is from the baseline to the truth, and what could not be read."""
    from diascope.reporting.words import number, percent

    if score is None:
        return "not asked"
    invalid = f"\n{score.counts.invalid} invalid" if score.counts.invalid else ""
    return f"{number(score.primary.score.value)} ({percent(score.primary.way)}){invalid}"
