"""The whole path in one call: phantom, fine-tune, predict, score, report.

demo(Path("diascope-demo"))
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from diascope.configuration import load, recipe
from diascope.errors import InputError
from diascope.scoring.scorecard import Scorecard

Progress = Callable[[int, int], None]
Stage = Callable[[str], AbstractContextManager[Progress]]
"""Called with the name of a stage; what it yields is told how much of the stage is done."""

TEST_CASES = 120
"""Replies asked for each task."""


class Demo(NamedTuple):
    """What the demo made: one scorecard a set of predictions, and the page."""

    scorecards: tuple[Scorecard, ...]
    report: Path


@contextmanager
def silent(description: str) -> Iterator[Progress]:
    """A stage that shows nothing."""
    yield lambda done, total: None


def demo(out: Path, seed: int = 7, stage: Stage = silent) -> Demo:
    """Draw phantom studies, fine-tune the shipped tiny on them, and score it beside its rivals.

    The rivals are the model before fine-tuning, the same model unconstrained, linear models on
    32 x 32 pixels and, in every row, the trivial baseline. `stage(description)` is a context
    manager that yields a progress callback. InputError when `out` is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty: name another folder with --out")
    records = draw_phantom(out / "data", seed, stage)
    run = fine_tune(out / "run", records, stage)
    folders = answer(out / "predictions", run, records, stage)
    return judge(out, folders, stage)


def draw_phantom(folder: Path, seed: int, stage: Stage) -> Path:
    """Phantom studies of another seed and acquisition style than tiny was pre-trained on."""
    from diascope.recordfile import write_records
    from diascope.sources.phantom import PhantomSettings, generate

    settings = PhantomSettings(seed=1000 + seed, patients=600, style="B", train=0.5)
    folder.mkdir(parents=True)
    with stage("draw phantom studies") as progress:
        write_records(folder / "records.jsonl", generate(folder, settings, progress))
    return folder / "records.jsonl"


def fine_tune(run: Path, records: Path, stage: Stage) -> Path:
    """Fine-tune by the recipe that ships."""
    from diascope.training.config import TrainConfig
    from diascope.training.loop import train

    config = load(recipe("demo"), [f"data.records={str(records)!r}"], TrainConfig)
    with stage("fine-tune tiny on ten tasks") as progress:
        train(config, run, report=lambda done, total, logged: progress(done, total))
    return run


def answer(folder: Path, run: Path, records: Path, stage: Stage) -> list[Path]:
    """Predictions of the tuned model, of its rivals, and of linear models on pixels."""
    from diascope.generation.answering import Asking
    from diascope.generation.predict import Asked, predict
    from diascope.predictionfile import PredictionFile
    from diascope.recordfile import RecordFile
    from diascope.scoring.pixels import fit
    from diascope.scoring.predictor import write_predictor

    asked = Asked(split="test", limit=TEST_CASES)
    rivals: dict[str, tuple[Path | str, Asking]] = {
        "fine-tuned": (run, Asking()),
        "before": ("tiny", Asking()),
        "free": (run, Asking(constrained=False)),
    }
    for name, (model, asking) in rivals.items():
        with stage(f"predict: {name}") as progress:
            predict(
                model,
                records,
                folder / name,
                name=name,
                asked=asked,
                asking=asking,
                progress=progress,
            )
    with stage("predict: pixels"):
        file = RecordFile(records)
        tuned = PredictionFile.open(folder / "fine-tuned").provenance
        predictor = fit(file.cases(split="train"), file.root)
        write_predictor(folder / "pixels", "pixels", predictor, tuned, file)
    return [folder / name for name in (*rivals, "pixels")]


def judge(out: Path, folders: list[Path], stage: Stage) -> Demo:
    """Score every set of predictions and draw the page."""
    from diascope.reporting.page import report
    from diascope.scoring.score import score

    with stage("score") as progress:
        cards = []
        for number, folder in enumerate(folders, start=1):
            cards.append(score(folder))
            cards[-1].write(folder / "scores.json")
            progress(number, len(folders))
    with stage("report"):
        page = report(cards, out / "report.html")
    return Demo(tuple(cards), page)
