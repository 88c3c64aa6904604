"""Predictors that are no model: asked, written down and scored like one."""

from collections.abc import Iterable
from pathlib import Path

from diascope.predictionfile import (
    NO_TEXT,
    PredictionFile,
    Provenance,
    relative_path,
    write_predictions,
)
from diascope.predictions import Invalid, Parsed, Prediction
from diascope.recordfile import RecordFile
from diascope.records import Case
from diascope.tasks.task import Predictor


def predictor_predictions(predictor: Predictor, cases: Iterable[Case]) -> list[Prediction]:
    """The predictor's answer to every case, as JSON; Invalid where it raises ValueError."""
    return [_prediction(case, predictor) for case in cases]


def write_predictor(
    folder: Path, name: str, predictor: Predictor, like: Provenance, records: RecordFile
) -> PredictionFile:
    """Ask a predictor what a model was asked, and write its folder of predictions.

    `like` is the model's provenance, whose split, tasks and limit hold, and `records` the file that
    it names.
    """
    provenance = like.model_copy(
        update={
            "name": name,
            "records": relative_path(records.path, folder),
            "model": name,
            "weights_sha256": None,
            "constrained": False,
            "budget": NO_TEXT,
        }
    )
    replies = predictor_predictions(predictor, provenance.asked(records))
    return write_predictions(folder, provenance, replies)


def _prediction(case: Case, predictor: Predictor) -> Prediction:
    outcome: Parsed | Invalid
    try:
        answer = predictor(case)
        text, outcome = answer.model_dump_json(), Parsed(answer=answer)
    except ValueError as error:
        text, outcome = "", Invalid(why=str(error))
    return Prediction(
        record=case.record.id,
        turn=case.index,
        task=case.turn.task,
        text=text,
        outcome=outcome,
        constrained=False,
    )
