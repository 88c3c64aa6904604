"""diascope converse: refined reports and dialogues, written by a language model and checked."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diascope.cli.options import (
    AsJson,
    DryRun,
    Seed,
    Temperature,
    TopP,
    existing,
    print_json,
    print_rows,
    record_file,
    say,
)
from diascope.cli.progress import progress

if TYPE_CHECKING:
    from diascope.curation.converse import Card

_KEY = "DIASCOPE_ENGINE_KEY"


class Kind(StrEnum):
    """What is written."""

    refined = "refined"
    dialogue = "dialogue"


def converse(
    records: Annotated[Path, typer.Argument(help="A record file, or a prepared folder.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    engine: Annotated[
        str, typer.Option(help="A folder of a language model's weights, or a server's http://...")
    ],
    model: Annotated[
        str | None, typer.Option(help="What the server calls the model; for an address only.")
    ] = None,
    kind: Annotated[
        list[Kind] | None, typer.Option(help="May be given again; both where it is not given.")
    ] = None,
    split: Annotated[str, typer.Option(help="The split to take; all takes every one.")] = "all",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many records.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Prompts answered together.")] = 8,
    temperature: Temperature = 0.0,
    top_p: TopP = 1.0,
    seed: Seed = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the replies already there, and ask the rest.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make dialogues of reports, checked by labels."""
    from diascope.curation.converse import ConverseOptions, survey
    from diascope.curation.converse import converse as converse_all
    from diascope.predictionfile import Sampling

    options = ConverseOptions(
        kinds=tuple(dict.fromkeys(each.value for each in kind or Kind)),
        split=None if split == "all" else split,
        limit=limit,
        sampling=Sampling(temperature=temperature, top_p=top_p),
        seed=seed,
        together=batch_size,
    )
    path = record_file(records)
    if dry_run:
        found = survey(path, options)
        if engine.startswith(("http://", "https://")):
            from diascope.generation.remote import refuse_restricted

            marks = [True] * found.restricted + [False] * (found.asked - found.restricted)
            refuse_restricted(marks, engine)
        else:
            existing(Path(engine))
        told = [f"{found.asked} records would be asked about"]
        told += [f"{count} {reason}" for reason, count in found.skipped.items()]
        say("\n".join(told), as_json, **found._asdict())
        return
    from diascope.generation.text import open_text_engine

    opened = open_text_engine(engine, model, os.environ.get(_KEY))
    with progress("converse") as report:
        made = converse_all(path, out, opened, options, resume=resume, progress=report)
    if as_json:
        print_json(made.card)
    else:
        _print_card(made.card)
    if not any(tally.kept for tally in made.card.tallies):
        print(f"diascope: no turn was kept; {out / 'refusals.jsonl'} says why", file=sys.stderr)
        raise typer.Exit(1)


def _print_card(card: "Card") -> None:
    """Counts on standard output; what was refused or not asked about on standard error."""
    rows = [
        (each.kind, str(each.asked), str(each.records), str(each.kept), str(each.refused))
        for each in card.tallies
    ]
    print_rows(("kind", "replies", "records", "turns kept", "refused"), rows)
    for each in card.tallies:
        for reason, count in each.reasons.items():
            print(f"refused, {each.kind}: {count} that {reason}", file=sys.stderr)
    for reason, count in card.skipped.items():
        print(f"not asked about: {count}, which {reason}", file=sys.stderr)
