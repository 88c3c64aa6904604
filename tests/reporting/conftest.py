"""Predictions on a few phantom patients: two sets, one of them with faults of every kind."""

from pathlib import Path

import pytest

from diascope.answers import Answer, Number
from diascope.codecs.dialect import Dialect
from diascope.predictionfile import Canvas, Provenance, write_predictions
from diascope.predictions import Invalid, Outcome, Parsed, Prediction, Repaired
from diascope.recordfile import RecordFile, write_records
from diascope.records import Case
from diascope.scoring.score import score
from diascope.scoring.scorecard import Scorecard
from diascope.sources.phantom import PhantomSettings, generate

NAME = "tuned <i>&"
REPLY = "no </td> <script>alert(1)</script>"


def _faulty(case: Case, number: int) -> Outcome:
    """Numbers all alike, every ninth reply unreadable, every tenth repaired, the rest right."""
    if number % 9 == 0:
        return Invalid(why="expected '<loc' at character 1")
    answer: Answer = case.truth
    if isinstance(answer, Number):
        answer = Number(value=0 if case.turn.task != "regression" else 30, unit=answer.unit)
    if number % 10 == 0:
        return Repaired(answer=answer, how="took the last line")
    return Parsed(answer=answer)


@pytest.fixture(scope="session")
def cards(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scorecard, Scorecard]:
    """The faulty set, named with mark-up, and the truth."""
    folder: Path = tmp_path_factory.mktemp("report")
    settings = PhantomSettings(seed=3, patients=16, train=0.5, val=0.0)
    write_records(folder / "records.jsonl", generate(folder, settings))
    records = RecordFile(folder / "records.jsonl")
    made = Provenance(
        name=NAME,
        records="../records.jsonl",
        records_sha256=records.digest(),
        split="test",
        model="tiny",
        dialect=Dialect(name="loc"),
        canvas=Canvas(size=(224, 224)),
        commit="4be1a77",
        created="2026-11-22T08:00:00+00:00",
    )
    cases = made.asked(records)
    outcomes = [_faulty(case, number) for number, case in enumerate(cases, 1)]
    _write(folder / "faulty", made, cases, outcomes)
    truth = made.model_copy(update={"name": "truth"})
    _write(folder / "truth", truth, cases, [Parsed(answer=case.truth) for case in cases])
    return score(folder / "faulty", resamples=200), score(folder / "truth", resamples=200)


def _write(
    folder: Path, provenance: Provenance, cases: list[Case], outcomes: list[Outcome]
) -> None:
    predictions = [
        Prediction(
            record=case.record.id,
            turn=case.index,
            task=case.turn.task,
            text=REPLY,
            outcome=outcome,
        )
        for case, outcome in zip(cases, outcomes, strict=True)
    ]
    write_predictions(folder, provenance, predictions)
