"""diascope score and report: from predictions to figures and to one HTML page."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from diascope.cli.options import (
    AsJson,
    DryRun,
    Seed,
    existing,
    print_json,
    print_table,
    refuse_existing,
    say,
)


def score(
    predictions: Annotated[list[Path], typer.Argument(help="Folders of predictions.")],
    records: Annotated[
        Path | None, typer.Option(help="Where the records lie now, if they have moved.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Subgroups by dataset, view, ... or a key of the metadata.")
    ] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Resamples of patients.")] = 1000,
    seed: Seed = 0,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Score predictions: no model, no GPU."""
    from diascope.scoring.score import score as score_one

    for folder in map(existing, predictions):
        card = score_one(folder, records, resamples, seed, by)
        written = None if dry_run else card.write(folder if folder.is_dir() else folder.parent)
        if as_json:
            print_json(card)
        else:
            from diascope.reporting.tables import terminal

            print_table(terminal(card))
            if written:
                print(written)


def report(
    scores: Annotated[list[Path], typer.Argument(help="Scores, the reported one first.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    include_restricted: Annotated[
        bool,
        typer.Option(
            "--include-restricted", help="Show restricted cases; never pass that page on."
        ),
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write one self-contained HTML page."""
    from diascope.reporting.page import report as write_report
    from diascope.scoring.scorecard import Scorecard

    refuse_existing(out)
    cards = [Scorecard.read(existing(path)) for path in scores]
    names = [card.name for card in cards]
    if dry_run:
        say(f"would write {out} about {', '.join(names)}", as_json, would_write=str(out), of=names)
        return
    page = write_report(cards, out, include_restricted, partial(print, file=sys.stderr))
    say(str(page), as_json, page=str(out), of=names)
