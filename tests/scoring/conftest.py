"""A tiny record file made by hand, and folders of predictions on it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from diascope.answers import Answer, Boxes, Choice, Number
from diascope.answers import Box as AnswerBox
from diascope.codecs.dialect import Dialect
from diascope.expectations import BoxSpace, Options, Range
from diascope.predictionfile import Canvas, Provenance, write_predictions
from diascope.predictions import Invalid, Outcome, Parsed, Prediction
from diascope.recordfile import RecordFile, write_records
from diascope.records import Image, Record, Turn

Reply = Answer | Outcome


def _turn(task: str, answer: Answer | None) -> Turn:
    expects = {
        "classification": Options(options=("A", "B")),
        "counting": Range(high=10),
        "detection": BoxSpace(labels=("nodule",), limit=4),
    }
    return Turn(task=task, question=f"{task}?", expects=expects[task], answer=answer)


def _record(name: str, split: str, patient: str, turns: Mapping[str, Answer | None]) -> Record:
    return Record(
        id=name,
        dataset="d-" + name[0],
        patient=patient,
        study="s",
        split=split,
        images=(Image(path="x.png", width=200, height=100),),
        turns=tuple(_turn(task, answer) for task, answer in turns.items()),
        metadata={"site": "north" if name[-1] in "13" else "south"},
    )


def box(x: float) -> Boxes:
    return Boxes(boxes=(AnswerBox(label="nodule", x0=x, y0=10, x1=x + 20, y1=30),))


@pytest.fixture
def records(tmp_path: Path) -> RecordFile:
    """Four test records of three patients (c1 and c4 of one), three to train on.

    Truths: A A B B, 2 5 4 4, one nodule each; d1 has no true answer.
    """

    def turns(option: str, count: float, x: float) -> dict[str, Answer | None]:
        return {
            "classification": Choice(option=option),
            "counting": Number(value=count),
            "detection": box(x),
        }

    made = [
        _record("t1", "train", "p7", turns("A", 4, 150)),
        _record("t2", "train", "p8", turns("A", 4, 150)),
        _record("t3", "train", "p9", turns("B", 9, 150)),
        _record("c1", "test", "p1", turns("A", 2, 10)),
        _record("c2", "test", "p2", turns("A", 5, 20)),
        _record("c3", "test", "p3", turns("B", 4, 30)),
        _record("c4", "test", "p1", turns("B", 4, 60)),
        _record("d1", "test", "p4", {"classification": None}),
    ]
    write_records(tmp_path / "records.jsonl", made)
    return RecordFile(tmp_path / "records.jsonl")


@pytest.fixture
def provenance(records: RecordFile) -> Provenance:
    return Provenance(
        name="tuned",
        records="../records.jsonl",
        records_sha256=records.digest(),
        split="test",
        model="tiny",
        dialect=Dialect(name="loc"),
        canvas=Canvas(size=(224, 224)),
        created="2026-11-22T08:00:00+00:00",
    )


Predict = Callable[..., Path]


@pytest.fixture
def predict(tmp_path: Path, records: RecordFile, provenance: Provenance) -> Predict:
    """Writes a folder of predictions: truth for every case but those that `replies` names.

    A reply of None leaves the case out; `changes` go into the provenance.
    """

    def write(name: str, replies: Mapping[str, Reply | None], **changes: object) -> Path:
        made = provenance.model_copy(update={"name": name, **changes})
        predictions = []
        for case in made.asked(records):
            reply = replies.get(case.id, case.turn.answer or Choice(option="A"))
            if reply is not None:
                outcome = reply if hasattr(reply, "kind") and _is_outcome(reply) else None
                predictions.append(
                    Prediction(
                        record=case.record.id,
                        turn=case.index,
                        task=case.turn.task,
                        text=str(reply),
                        outcome=outcome or Parsed(answer=reply),
                    )
                )
        write_predictions(tmp_path / name, made, predictions)
        return tmp_path / name

    return write


def _is_outcome(reply: Reply) -> bool:
    return reply.kind in ("parsed", "repaired", "invalid")


@pytest.fixture
def unreadable() -> Invalid:
    return Invalid(why="no such option")


@pytest.fixture
def nodule() -> Callable[[float], Boxes]:
    """A nodule of 20 by 20 pixels that starts at x."""
    return box
