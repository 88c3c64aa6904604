"""diascope show: look at anything that diascope reads or writes."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diascope.cli.options import print_rows, print_table
from diascope.cli.runview import show_run
from diascope.errors import InputError

if TYPE_CHECKING:
    from diascope.records import Record

Number = Annotated[int, typer.Option("--number", "-n", min=0, help="How many to show in full.")]


def show(
    what: Annotated[str, typer.Argument(help="Records, a recipe, a run, predictions or scores.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="For a recipe, as in train.")
    ] = None,
    number: Number = 3,
    batch: Annotated[
        bool, typer.Option("--batch", help="The tokens of a recipe's first examples, in colour.")
    ] = False,
) -> None:
    """Look at anything, in the terminal."""
    path = Path(what)
    if batch:
        show_batch(what, overrides or [], number)
    elif path.suffix == ".toml" or not path.exists():
        show_recipe(what, overrides or [])
    elif path.suffix == ".jsonl" or (path / "records.jsonl").is_file():
        show_records(path, number)
    elif (path / "config.toml").is_file():
        show_run(path, number)
    elif (path / "predictions.jsonl").is_file():
        show_predictions(path, number)
    elif path.name == "scores.json":
        show_scores(path)
    else:
        raise InputError(
            f"{path} is nothing to show: give records, a recipe, a run, predictions or scores.json"
        )


def show_recipe(recipe: str, overrides: list[str]) -> None:
    """The configuration as it would be used."""
    from diascope.cli.learning import configured
    from diascope.configuration import dump_toml

    print(dump_toml(configured(recipe, overrides)), end="")


def show_records(path: Path, number: int) -> None:
    """How many turns of each dataset, task and split, and some records in full."""
    from diascope.cli.options import record_file
    from diascope.recordfile import RecordFile

    records = RecordFile(record_file(path))
    rows = [
        [
            dataset,
            task,
            *(str(len(records.cases(split, task, dataset))) for split in records.splits),
        ]
        for dataset in records.datasets
        for task in records.tasks
    ]
    seen = [row for row in rows if any(count != "0" for count in row[2:])]
    print_rows(["dataset", "task", *records.splits], seen)
    print(f"{len(records)} records")
    for record in islice(records, number):
        print(*_record_lines(record), sep="\n")


def show_predictions(path: Path, number: int) -> None:
    """Outcomes of each task, and some replies in full."""
    from diascope.predictionfile import PredictionFile

    file = PredictionFile.open(path)
    kinds = ("parsed", "repaired", "invalid")
    counts = Counter((each.task, str(each.outcome.kind)) for each in file.predictions)
    tasks = dict.fromkeys(each.task for each in file.predictions)
    rows = [[task, *(str(counts[task, kind]) for kind in kinds)] for task in tasks]
    print_rows(["task", *kinds], rows)
    for prediction in islice(file.predictions, number):
        print(f"\n{prediction.id}  {prediction.task}  {prediction.outcome.kind}: {prediction.text}")


def show_scores(path: Path) -> None:
    """The headline table."""
    from diascope.reporting.tables import terminal
    from diascope.scoring.scorecard import Scorecard

    print_table(terminal(Scorecard.read(path)))


def show_batch(recipe: str, overrides: list[str], number: int) -> None:
    """The first examples that a recipe would learn from, as the model sees them."""
    from diascope.cli.learning import configured
    from diascope.training.feed import open_feed
    from diascope.training.loop import start_model

    if Path(recipe).is_dir():
        raise InputError(f"{recipe}: --batch shows what a recipe would learn from; give a recipe")
    config = configured(recipe, overrides)
    model = start_model(config)
    feed = open_feed(model, config.data, config.resolve(config.data.records), config.seed)
    cases = [feed.case(position) for position in range(max(1, number))]
    for case in cases:
        print(case.id, feed.of([case]).show(model.spell), sep="\n")


def _record_lines(record: "Record") -> Iterator[str]:
    from diascope.reporting.words import describe

    yield f"\n{record.id}  {record.dataset}  {record.split}  patient {record.patient}"
    for image in record.images:
        yield f"  {image.role} image {image.path}, {image.width} x {image.height}"
    for context in record.context:
        yield f"  {context.role}: {context.text}"
    for turn in record.turns:
        answer = describe(turn.answer) if turn.answer else "not known"
        yield f"  {turn.task}: {turn.question}\n    {answer}"
