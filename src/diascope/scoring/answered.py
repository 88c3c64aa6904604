"""Cases joined with the replies to them: the one place where predictions meet records."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from diascope.answers import Answer
from diascope.errors import InputError
from diascope.imaging.handover import UNKNOWN, Made, records_profile, refuse_mixed
from diascope.predictionfile import PREDICTIONS, PredictionFile, Provenance
from diascope.predictions import Invalid, Parsed, Prediction, Repaired
from diascope.recordfile import RecordFile
from diascope.records import Case


class Answered(NamedTuple):
    """A case that has a true answer, and the reply to it; None where there is no reply."""

    case: Case
    prediction: Prediction | None

    @property
    def outcome(self) -> Parsed | Repaired | Invalid:
        """What could be read; a reply that is not there is Invalid like any other."""
        return self.prediction.outcome if self.prediction else Invalid(why="missing")

    @property
    def answer(self) -> Answer | None:
        """The answer, or None when the reply is invalid or missing."""
        return self.prediction.answer if self.prediction else None


def open_records(file: PredictionFile, path: Path | None = None) -> RecordFile:
    """The records that were asked, from where the provenance says or from `path`.

    InputError where they are not the ones that the predictions were made on, or were prepared
    again with other pixels since.
    """
    place = path or file.records
    if not place.is_file():
        raise InputError(
            f"the records of {file.folder} are not at {place}; say where they are: "
            "--records PATH, or records=PATH in Python"
        )
    records, asked = RecordFile(place), file.provenance.records_sha256
    if records.digest() != asked:
        raise InputError(
            f"{place} is not the record file that {file.folder} answers: its sha256 is "
            f"{records.digest()}, the predictions were made on {asked}; score with that file, "
            "or predict again"
        )
    prepared = Made(f"{place.parent}: prepared", records_profile(place))
    refuse_mixed((prepared, predicted(file.provenance)), "predict again")
    return records


def predicted(made: Provenance) -> Made:
    """Under which render profile the predictions were made."""
    return Made(f"{made.name!r}: predicted", made.render_profile or UNKNOWN)


def join(file: PredictionFile, records: RecordFile) -> dict[str, list[Answered]]:
    """The asked cases that have a true answer, with their replies, by task.

    InputError, with the line, for a reply to a case that was not asked, to another task, or of
    another kind than the truth.
    """
    asked = {case.id: case for case in file.provenance.asked(records)}
    for line, prediction in enumerate(file.predictions, 1):
        problem = _problem(prediction, asked.get(prediction.id))
        if problem:
            raise InputError(f"{file.folder / PREDICTIONS}, line {line}: {prediction.id} {problem}")
    replies = {prediction.id: prediction for prediction in file.predictions}
    joined: dict[str, list[Answered]] = {}
    for case in asked.values():
        if case.turn.answer is not None:
            joined.setdefault(case.turn.task, []).append(Answered(case, replies.get(case.id)))
    return joined


def training_cases(records: RecordFile, task: str) -> Sequence[Case]:
    """The cases of the training split that a baseline of the task learns from."""
    cases = records.cases(split="train", task=task)
    return [case for case in cases if case.turn.answer is not None]


def _problem(prediction: Prediction, case: Case | None) -> str | None:
    if case is None:
        return "is not among the cases that were asked; the predictions or the records were changed"
    if prediction.task != case.turn.task:
        return f"is a {case.turn.task} question, answered as {prediction.task}"
    answer, truth = prediction.answer, case.turn.answer
    if answer is not None and truth is not None and answer.kind != truth.kind:
        return f"is answered with {answer.kind}, where the truth is {truth.kind}"
    return None
