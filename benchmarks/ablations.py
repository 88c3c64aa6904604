"""Runs the ablations: for each study the arms, for each arm the seeds, in order of importance.

    python -m benchmarks.ablations WORK --minutes 60    # what is not done yet, for so long
    python -m benchmarks.ablations WORK --study 02_sampling
    python -m benchmarks.ablations --page               # docs/results/ablations.md from the results

Every run of an arm leaves one file in docs/results/ablations; what has its file is not run again,
and a run that was stopped goes on from its last checkpoint. All arms of a study see the same number
of examples, and answer the same test patients with the weights of their best validation point.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import ablations_page
from benchmarks.ablations_data import record_file
from benchmarks.study import Arm, Point, Result, Study, read_study, study_names

from diascope.configuration import load, recipe
from diascope.environment import commit, versions
from diascope.generation.predict import Asked, predict
from diascope.predictionfile import PredictionFile
from diascope.recordfile import RecordFile
from diascope.scoring.answered import join
from diascope.scoring.seeds import PatientSums, patient_sums, seeds_score
from diascope.training.config import TrainConfig
from diascope.training.loop import metrics, train

RESULTS = ablations_page.RESULTS
ALIKE = (
    "evaluation.every={percent=20.0}",
    "evaluation.limit=96",
    "checkpoint_every={percent=50.0}",
    "keep=1",
)
"""Of all studies: five looks at validation cases."""


class Job(NamedTuple):
    """One run of one arm."""

    name: str
    study: Study
    arm: Arm
    seed: int

    @property
    def result(self) -> Path:
        """Where its result lies."""
        return RESULTS / self.name / f"{self.arm.name}-{self.seed}.json"

    def run(self, work: Path) -> Path:
        """The run folder, that of another arm where it has none of its own."""
        return work / "runs" / self.name / f"{self.arm.run or self.arm.name}-{self.seed}"

    def config(self, work: Path) -> TrainConfig:
        """What the run is told."""
        trained = self.study.arm(self.arm.run) if self.arm.run else self.arm
        records = record_file(work, self.study.learns_from(trained))
        told = [f"data.records={str(records)!r}", f"seed={self.seed}"]
        overrides = [*ALIKE, *self.study.overrides, *trained.overrides, *told]
        return load(recipe(self.study.recipe), overrides, TrainConfig)


def jobs(names: list[str]) -> Iterator[Job]:
    """All runs, one seed of all arms before the next."""
    for name in names:
        study = read_study(name)
        for seed in range(study.seeds):
            for arm in study.arms:
                yield Job(name, study, arm, seed)


def do(job: Job, work: Path) -> Result:
    """Train, unless another arm has, then answer and score."""
    started = time.process_time()
    config, run = job.config(work), job.run(work)
    if not (run / "model").is_dir():
        train(config, run, resume=(run / "config.toml").is_file())
    answered = answer(job, run, work)
    logged = metrics(run)
    points = [Point(step=each["step"], loss=each["val_loss"]) for each in logged if is_point(each)]
    return Result(
        study=job.name,
        arm=job.arm.name,
        seed=job.seed,
        config=told(config),
        num_examples=num_examples(config, logged),
        points=tuple(points),
        scores={each.name: seeds_score([each], 2, 0).value for each in answered},
        sums=tuple(answered),
        cpu_seconds=round(time.process_time() - started, 1),
        records_sha256=RecordFile(record_file(work, job.study.asks(job.arm))).digest(),
        versions=versions(),
        commit=commit(),
    )


def answer(job: Job, run: Path, work: Path) -> list[PatientSums]:
    """Replies to the test split, kept where they are when the run was scored before."""
    records = record_file(work, job.study.asks(job.arm))
    out = work / "predictions" / job.name / f"{job.arm.name}-{job.seed}"
    asked = Asked("test", job.study.tasks(job.arm), job.study.limit)
    predict(run, records, out, name=job.arm.name, asked=asked, resume=out.is_dir())
    joined = join(PredictionFile.open(out), RecordFile(records))
    return [
        each
        for answered in joined.values()
        for each in patient_sums(answered, job.study.by_dataset)
    ]


def is_point(logged: dict[str, Any]) -> bool:
    """Whether the run looked at its validation cases in that step."""
    return "val_loss" in logged


def num_examples(config: TrainConfig, logged: list[dict[str, Any]]) -> int:
    """Examples seen in all phases."""
    sizes = {
        phase.name: (phase.batch_size or config.batch_size)
        * (phase.accumulate or config.accumulate)
        for phase in config.plan
    }
    return sum(sizes[each["phase"]] for each in logged)


def told(config: TrainConfig) -> dict[str, Any]:
    """The configuration without the place of the records on this machine."""
    table = config.model_dump(mode="json", exclude_none=True)
    table["data"].pop("records")
    return table


def say(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr, flush=True)


def run_all(names: list[str], work: Path, minutes: float) -> None:
    """Run what has no result, until the time is up; the page is written after each."""
    end = time.monotonic() + 60 * minutes
    for job in jobs(names):
        if job.result.is_file():
            continue
        if time.monotonic() > end:
            say("time is up; the same command goes on from here")
            return
        say(f"{job.name}: {job.arm.name}, seed {job.seed}")
        result = do(job, work)
        job.result.parent.mkdir(parents=True, exist_ok=True)
        job.result.write_text(result.model_dump_json(exclude_none=True) + "\n")
        say(f"  {result.scores}, {result.cpu_seconds:.0f} s")
        ablations_page.write()


def main() -> None:
    """Run, or write the page alone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", help="folder for data and runs")
    parser.add_argument("--minutes", type=float, default=60.0, help="start no run after so long")
    parser.add_argument("--study", action="append", choices=study_names())
    parser.add_argument("--page", action="store_true", help="write the page from the results")
    asked = parser.parse_args()
    if asked.page:
        ablations_page.write()
        return
    if asked.work is None:
        parser.error("give a folder to work in, or --page")
    run_all(asked.study or study_names(), asked.work, asked.minutes)


if __name__ == "__main__":
    main()
