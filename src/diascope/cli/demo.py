"""diascope demo: the whole path on drawn images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diascope.cli.options import AsJson, DryRun, Seed, print_json, print_table, refuse_existing
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
        print(f"would write {out}: records, a run, predictions, scores and report.html")
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
    """Every set of predictions beside the first: the score, and the replies that are no answer."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from diascope.reporting.words import number, task_words

    table = Table(title="beside its rivals", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("task", *(card.name for card in cards), "baseline"):
        table.add_column(heading, justify="left" if heading == "task" else "right")
    for score in cards[0].tasks:
        cells = [_cell(card.task(score.task)) for card in cards]
        name, baseline = task_words(score.task), number(score.primary.baseline)
        table.add_row(*map(Text, (name, *cells, baseline)))
    return table


def _cell(score: "TaskScore | None") -> str:
    from diascope.reporting.words import number

    if score is None:
        return "not asked"
    invalid = f", {score.counts.invalid} invalid" if score.counts.invalid else ""
    return number(score.primary.score.value) + invalid
