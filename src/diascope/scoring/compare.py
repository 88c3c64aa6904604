"""Two sets of predictions on the same cases: which is better, and is it more than chance?"""

from pathlib import Path

from diascope.imaging.handover import refuse_mixed
from diascope.predictionfile import PredictionFile
from diascope.scoring.answered import Answered, join, open_records, predicted
from diascope.scoring.scorecard import Interval, Verdict, verdict
from diascope.scoring.sheet import fill
from diascope.tasks import task as task_named
from diascope.tasks.task import Task
from diascope.values import Value


class TaskComparison(Value):
    """One task's primary metric in two sets of predictions, on the cases that both were asked."""

    task: str
    metric: str
    n: int
    patients: int
    first: Interval
    second: Interval
    difference: Interval
    """How much better the first is; positive is better, whichever way the metric runs."""

    @property
    def verdict(self) -> Verdict:
        """Whether the first is better or worse; unclear unless the whole interval says so."""
        return verdict(self.difference)


class Comparison(Value):
    """Two sets of predictions, task by task."""

    first: str
    second: str
    tasks: tuple[TaskComparison, ...]

    def task(self, name: str) -> TaskComparison | None:
        """One task's comparison, or None where not both were asked."""
        return next((task for task in self.tasks if task.task == name), None)


def compare(
    first: Path,
    second: Path,
    records: Path | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """The paired difference between two folders of predictions, on resamples of patients.

    InputError where the two were not made on the same records, or with the same pixels.
    """
    files = PredictionFile.open(first), PredictionFile.open(second)
    refuse_mixed([predicted(file.provenance) for file in files], "predict one of them again")
    joined = [join(file, open_records(file, records)) for file in files]
    common = [name for name in joined[0] if name in joined[1]]
    tasks = (
        compare_task(task_named(name), joined[0][name], joined[1][name], resamples, seed)
        for name in common
    )
    return Comparison(
        first=files[0].provenance.name,
        second=files[1].provenance.name,
        tasks=tuple(task for task in tasks if task),
    )


def compare_task(
    task: Task, first: list[Answered], second: list[Answered], resamples: int, seed: int
) -> TaskComparison | None:
    """One task's comparison, or None where no case is common to both."""
    others = {each.case.id: each for each in second}
    pairs = [(each, others[each.case.id]) for each in first if each.case.id in others]
    if not pairs:
        return None
    sheet = fill(
        task,
        [one.case for one, _ in pairs],
        {"first": [one.answer for one, _ in pairs], "second": [two.answer for _, two in pairs]},
    )
    samples = sheet.samples(("first", "second"), resamples, seed)
    one, two = (sheet.point(name)[task.primary] for name in ("first", "second"))
    drawn = samples["first"][task.primary], samples["second"][task.primary]
    sign = 1 if task.higher_is_better else -1
    return TaskComparison(
        task=task.name,
        metric=task.primary,
        n=len(pairs),
        patients=sheet.num_patients,
        first=sheet.interval(one, drawn[0]),
        second=sheet.interval(two, drawn[1]),
        difference=sheet.interval(sign * (one - two), sign * (drawn[0] - drawn[1])),
    )
