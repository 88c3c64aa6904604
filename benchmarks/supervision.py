"""What number-aware losses, a number head and medians buy, on real images and a tiny twin.

    DIASCOPE_DATA=... python -m benchmarks.supervision WORK --minutes 45   # what is not done yet
    python -m benchmarks.supervision --page                                # the page alone

Head circumference (hc18), nuclei (dsb2018), blood cells (bccd) and age (nih_cxr14_sample), each a
quarter of the draws. One file a run in docs/results/supervision; what has its file is not run
again, and a run that was stopped goes on from its last checkpoint. A tenth of the training patients
chooses the best point of a run; the validation patients are answered once, at the end.
"""

import argparse
import itertools
import json
import os
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import supervision_page
from benchmarks.supervision_result import RESULTS, Arm, Point, Result

from diascope.curation.prepare import prepare
from diascope.environment import commit, versions
from diascope.generation.answering import Asking
from diascope.generation.predict import Asked, predict
from diascope.predictionfile import PredictionFile
from diascope.predictions import Parsed, Prediction, Reading
from diascope.recordfile import RecordFile, write_records
from diascope.records import Case, Record
from diascope.scoring.answered import Answered, join
from diascope.scoring.seeds import PatientSums, patient_sums
from diascope.tasks import task
from diascope.training.config import TrainConfig
from diascope.training.loop import metrics, train

SOURCES = {
    "hc18": "hc18_fetal_head_us",
    "dsb2018": "dsb2018_nuclei",
    "bccd": "bccd_blood_cells",
    "nih_cxr14_sample": "nih_cxr14_sample",
}
TASKS = ("regression", "counting")
ARMS = (
    Arm(name="plain", readings=("tokens", "median")),
    Arm(name="soft", loss={"number_sigma": 0.02}, readings=("tokens", "median")),
    Arm(name="head", loss={"number_head": 1.0}, readings=("tokens", "head")),
    Arm(name="distance", loss={"number_distance": 5.0}, readings=("tokens", "median")),
    Arm(
        name="soft_head",
        loss={"number_sigma": 0.02, "number_head": 1.0},
        readings=("tokens", "median", "head"),
    ),
    Arm(name="narrow", loss={"number_sigma": 0.005}, readings=("tokens", "median")),
    Arm(name="per_token", loss={"per": "token"}, readings=("tokens",)),
    Arm(name="balanced", loss={"balance_tasks": True}, readings=("tokens",)),
)
"""In order of importance; the first, read from tokens, is what the others are compared with."""
TIERS = (ARMS[:4], ARMS[4:])
"""All seeds of the first are run before the second."""
SEEDS = 3
TOLD: dict[str, Any] = {
    "model": {"family": "tiny"},
    "duration": {"examples": 4000},
    "batch_size": 16,
    "optim": {"lr": 4e-4, "weight_decay": 0.1, "warmup": {"percent": 5.0}},
    "evaluation": {"split": "tune", "every": {"percent": 20.0}, "limit": 96},
    "checkpoint_every": {"percent": 50.0},
    "keep": 1,
}
"""Of all arms."""


def record_file(work: Path) -> Path:
    """The four sets in one file, every question a record of its own, so that none hints at another.

    A tenth of the patients that are learnt from become the split `tune`.
    """
    path = work / "data" / "records.jsonl"
    if not path.is_file():
        for name, folder in SOURCES.items():
            if not (path.parent / name).is_dir():
                prepare(name, Path(os.environ["DIASCOPE_DATA"]) / folder, path.parent / name)
        write_records(path, _questions(path.parent))
    return path


def _questions(folder: Path) -> Iterator[Record]:
    for name in SOURCES:
        for record in RecordFile(folder / name / "records.jsonl"):
            images = [
                image.model_copy(update={"path": f"{name}/{image.path}"}) for image in record.images
            ]
            tuned = record.split == "train" and zlib.crc32(record.patient.encode()) % 10 == 0
            more = {"images": tuple(images), "split": "tune" if tuned else record.split}
            for number, turn in enumerate(record.turns):
                if turn.task in TASKS and turn.answer is not None:
                    told = {"id": f"{name}-{record.id}-{number}", "turns": (turn,)}
                    yield record.model_copy(update=more | told)


def do(arm: Arm, seed: int, work: Path) -> Result:
    """Train, then answer in each of the arm's ways."""
    started = time.process_time()
    records, run = record_file(work), work / "runs" / f"{arm.name}-{seed}"
    mixture = {"kind": "temperature", "by": "dataset", "temperature": 1e6}
    data = {"records": str(records), "mixture": mixture}
    config = TrainConfig.model_validate_json(
        json.dumps(TOLD | {"seed": seed, "data": data, "loss": arm.loss})
    )
    if not (run / "model").is_dir():
        train(config, run, resume=(run / "config.toml").is_file())
    trained = time.process_time() - started
    read = {reading: answer(run, records, reading) for reading in arm.readings}
    logged = [each for each in metrics(run) if "val_loss" in each]
    return Result(
        arm=arm.name,
        seed=seed,
        loss=arm.loss,
        config=TOLD,
        points=tuple(Point(step=each["step"], loss=each["val_loss"]) for each in logged),
        read={reading: sums for reading, (sums, _) in read.items()},
        answer_seconds={reading: seconds for reading, (_, seconds) in read.items()},
        train_seconds=round(trained, 1),
        records_sha256=RecordFile(records).digest(),
        versions=versions(),
        commit=commit(),
    )


def answer(run: Path, records: Path, reading: Reading) -> tuple[tuple[PatientSums, ...], float]:
    """What the validation patients' numbers are read as, data set by data set, and CPU seconds."""
    started = time.process_time()
    out = run / f"read-{reading}"
    asking = Asking(numbers=reading)
    predict(run, records, out, asked=Asked("val", TASKS), asking=asking, resume=out.is_dir())
    joined = join(PredictionFile.open(out), RecordFile(records))
    sums = tuple(each for some in joined.values() for each in patient_sums(some, by_dataset=True))
    return sums, round(time.process_time() - started, 1)


def guessed(work: Path) -> Result:
    """What a guess without a look scores: the tasks' own baseline, fitted to each data set."""
    records = RecordFile(record_file(work))
    sums: list[PatientSums] = []
    for name in TASKS:
        for dataset in SOURCES:
            cases = records.cases("val", name, dataset)
            if cases:
                guess = task(name).baseline(list(records.cases("train", name, dataset)))
                told = [_guess(case, Parsed(answer=guess(case))) for case in cases]
                sums += patient_sums(told, by_dataset=True)
    known = {"records_sha256": records.digest(), "versions": versions(), "commit": commit()}
    return Result(arm="guess", seed=0, config=TOLD, read={"tokens": tuple(sums)}, **known)


def _guess(case: Case, outcome: Parsed) -> Answered:
    name = case.turn.task
    return Answered(
        case, Prediction(record=case.record.id, turn=0, task=name, text="", outcome=outcome)
    )


def run_all(work: Path, minutes: float) -> None:
    """Run what has no result until so many CPU minutes are spent: a seed of all arms at a time."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    _keep(guessed(work))
    for tier, seed in itertools.product(TIERS, range(SEEDS)):
        for arm in tier:
            if (RESULTS / f"{arm.name}-{seed}.json").is_file():
                continue
            if time.process_time() > 60 * minutes:
                sys.stderr.write("time is up; the same command goes on from here\n")
                return
            sys.stderr.write(f"{arm.name}, seed {seed}\n")
            _keep(do(arm, seed, work))


def _keep(result: Result) -> None:
    told = result.model_dump_json(exclude_none=True)
    (RESULTS / f"{result.arm}-{result.seed}.json").write_text(told + "\n")
    supervision_page.write()


def main() -> None:
    """Run, or write the page alone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", help="folder for data and runs")
    parser.add_argument("--minutes", type=float, default=45.0, help="CPU time to start runs in")
    parser.add_argument("--page", action="store_true", help="write the page from the results")
    asked = parser.parse_args()
    if asked.page:
        supervision_page.write()
    elif asked.work is None:
        parser.error("give a folder to work in, or --page")
    else:
        run_all(asked.work, asked.minutes)


if __name__ == "__main__":
    main()
