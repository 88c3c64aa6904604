"""diascope train and predict: the two verbs that run a model."""

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
    record_file,
    refuse_existing,
    say,
)
from diascope.cli.progress import progress
from diascope.cli.runview import wall_time, watched
from diascope.training.launch import LauncherName, is_worker, launcher
from diascope.training.launch.job import Job

if TYPE_CHECKING:
    from diascope.training.config import TrainConfig


class Numbers(StrEnum):
    """Where numbers are read."""

    TOKENS = "tokens"
    MEDIAN = "median"
    HEAD = "head"


def train(
    recipe: Annotated[str, typer.Argument(help="A TOML file, or the name of a shipped recipe.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="optim.lr=1e-4 and so on.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The run folder to write.")] = Path("runs/latest"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")
    ] = False,
    starts: Annotated[
        LauncherName, typer.Option("--launcher", help="Who starts the processes of the run.")
    ] = LauncherName.local,
    processes: Annotated[int, typer.Option(min=1, help="Processes on each machine.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Machines.")] = 1,
    rendezvous: Annotated[
        str | None, typer.Option(help="HOST:PORT where the machines of torchrun meet.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a model as a recipe says."""
    works = is_worker(os.environ)
    if not resume and not works:
        refuse_existing(out)
    config = configured(recipe, overrides or [])
    job = Job(recipe, tuple(overrides or ()), out, processes, nodes, rendezvous)
    launches = not works and (job.size > 1 or starts != LauncherName.local)
    if dry_run:
        from diascope.configuration import dump_toml
        from diascope.training.plan import plan

        lines = plan(config)
        command = launcher(starts).command(job) if launches else ""
        shown = "\n".join([dump_toml(config), *(f"# {line}" for line in lines), command])
        facts = {"config": config.model_dump(mode="json"), "plan": lines, "command": command}
        say(shown.rstrip("\n"), as_json, **facts)
        return
    if launches:
        raise typer.Exit(launcher(starts).run(job))
    if works:
        # those that are started again after an accident cannot know whether the run had begun
        resume = resume and (out / "config.toml").is_file()
    if works and os.environ["RANK"] != "0":
        from diascope.training.loop import train as train_along

        train_along(config, out, resume)
        return
    print(*planned(config), sep="\n", file=sys.stderr)
    from diascope.reporting.look import draw_reply
    from diascope.training.loop import train as train_model

    def telling(line: str) -> None:
        print(line, file=sys.stderr)

    with progress("train") as report:
        model = train_model(config, out, resume, watched(report), report, draw_reply, telling)
    for line in wall_time(out):
        print(line, file=sys.stderr)
    say(str(out), as_json, run=str(out), model=str(model))


def configured(recipe: str, overrides: list[str]) -> "TrainConfig":
    """The configuration of a TOML file, or of the shipped recipe of that name."""
    from diascope.configuration import load
    from diascope.configuration import recipe as shipped
    from diascope.training.config import TrainConfig

    named = not Path(recipe).suffix and not Path(recipe).exists()
    return load(shipped(recipe) if named else Path(recipe), overrides, TrainConfig)


def planned(config: "TrainConfig") -> list[str]:
    """How often each group of the training split will be seen, a line a group."""
    from diascope.imaging.handover import refuse_records
    from diascope.mixture import Mixture, describe
    from diascope.models import family
    from diascope.recordfile import RecordFile
    from diascope.training.chosen import chosen
    from diascope.training.evaluation import refuse_unknown
    from diascope.training.lessons import wanted_by

    data = config.data
    records = RecordFile(config.resolve(data.records))
    refuse_records(records.path)
    family(config.model.family)
    refuse_unknown(records, config.evaluation)
    lines = []
    for number, phase in enumerate(config.plan):
        told = phase.mixture or data.mixture
        groups = chosen(records.groups(told.by, data.split), wanted_by(phase))
        sizes = {name: len(cases) for name, cases in groups.items()}
        step = (phase.batch_size or config.batch_size) * (phase.accumulate or config.accumulate)
        steps = phase.duration.in_steps(step, sum(sizes.values()))
        mixture = Mixture(sizes, told, config.seed + number)
        lines += [f"{phase.name}: {steps} steps of {step}", *describe(mixture, steps * step)]
    return lines


def predict(
    model: Annotated[str, typer.Argument(help="A run, a model folder, or a family's name.")],
    records: Annotated[Path, typer.Argument(help="A record file, or a prepared folder.")],
    out: Annotated[Path, typer.Option(help="The folder of predictions to write.")],
    name: Annotated[str, typer.Option(help="What tables call these predictions.")] = "model",
    split: Annotated[
        str, typer.Option(help="The split to answer; all answers every one.")
    ] = "test",
    task: Annotated[
        list[str] | None, typer.Option(help="A task to answer; may be given again.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many cases a task.")] = None,
    free: Annotated[
        bool, typer.Option("--free", help="Decode without the grammar, for comparison.")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Replies decoded together.")] = 32,
    temperature: Temperature = 0.0,
    top_p: TopP = 1.0,
    numbers: Annotated[
        Numbers,
        typer.Option(
            help="Read numbers token by token, as the middle of what the "
            "tokens may become, or from the number head of a model that was trained with one."
        ),
    ] = Numbers.TOKENS,
    seed: Seed = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the replies already there, and ask the rest.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Answer questions, valid by construction."""
    if not resume:
        refuse_existing(out)
    path, tasks = record_file(records), tuple(task or ())
    chosen = None if split == "all" else split
    asked = counted(path, chosen, tasks, limit)
    if dry_run:
        from diascope.generation.predict import refuse_other_pixels

        refuse_other_pixels(model, path)
        say("\n".join(f"{name}: {n} cases" for name, n in asked.items()), as_json, cases=asked)
        return
    from diascope.generation.answering import Asking
    from diascope.generation.predict import Asked
    from diascope.generation.predict import predict as answer
    from diascope.predictionfile import Sampling

    sampling = Sampling(temperature=temperature, top_p=top_p)
    asking = Asking(not free, sampling, seed, batch_size, numbers=numbers.value)
    with progress("predict") as report:
        selection = Asked(chosen, tasks, limit)
        answer(
            model,
            path,
            out,
            name=name,
            asked=selection,
            asking=asking,
            resume=resume,
            progress=report,
        )
    say(str(out), as_json, predictions=str(out), cases=asked)


def counted(
    path: Path, split: str | None, tasks: tuple[str, ...], limit: int | None
) -> dict[str, int]:
    """How many cases of each task would be asked; InputError for a split or task not there."""
    from diascope.errors import InputError, nearest
    from diascope.recordfile import RecordFile

    records = RecordFile(path)
    for name, valid in ((split, records.splits), *((task, records.tasks) for task in tasks)):
        if name is not None and name not in valid:
            raise InputError(f"{path} holds no {name!r}{nearest(name, valid)}")
    counts = {each: len(records.cases(split, each)[:limit]) for each in tasks or records.tasks}
    return {task: count for task, count in counts.items() if count}
