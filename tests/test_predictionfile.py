"""Predictions on disk: what is written is read, and what is torn, mixed or double is refused."""

import hashlib
import json

import pytest

from diascope.answers import Choice, Number
from diascope.codecs.dialect import Dialect
from diascope.errors import InputError
from diascope.expectations import Options
from diascope.predictionfile import (
    Canvas,
    PredictionFile,
    PredictionWriter,
    Provenance,
    Sampling,
    relative_path,
    write_atomically,
    write_predictions,
)
from diascope.predictions import Invalid, Parsed, Prediction
from diascope.recordfile import RecordFile, write_records
from diascope.records import Image, Record, Turn

PROVENANCE = Provenance(
    name="tuned",
    records="../records.jsonl",
    records_sha256="0" * 64,
    model="tiny",
    dialect=Dialect(name="loc"),
    canvas=Canvas(size=(224, 224)),
    sampling=Sampling(temperature=0.5),
    versions={"numpy": "2.4.6"},
    created="2026-11-22T08:00:00+00:00",
)


def prediction(record, answer="yes"):
    return Prediction(
        record=record,
        turn=0,
        task="classification",
        text=answer,
        outcome=Parsed(answer=Choice(option=answer)),
        logprobs=(-0.25, -1.0),
    )


def test_what_is_written_is_read(tmp_path):
    other = Prediction(
        record="b", turn=2, task="counting", text="\u2028 x\n", outcome=Invalid(why="no number")
    )
    third = other.model_copy(update={"turn": 1, "outcome": Parsed(answer=Number(value=3))})
    written = write_predictions(tmp_path / "out", PROVENANCE, [prediction("a"), other, third])
    read = PredictionFile.open(tmp_path / "out" / "predictions.jsonl")
    assert read == written
    assert read.provenance == PROVENANCE
    assert [each.id for each in read.predictions] == ["a#0", "b#2", "b#1"]
    assert read.predictions[1].text == "\u2028 x\n"
    assert {each.provenance for each in read.predictions} == {PROVENANCE.digest}
    assert read.records == tmp_path / "records.jsonl"


def test_folders_from_before_the_profiles_were_told_are_read(tmp_path):
    """Their provenance has no such fields, and their lines carry the digest of one without."""
    write_predictions(tmp_path, PROVENANCE, [prediction("a")])
    path = tmp_path / "provenance.json"
    told = json.loads(path.read_text())
    newer = {"records_profile", "model_profile", "numbers"}
    older = {key: value for key, value in told.items() if key not in newer}
    path.write_text(json.dumps(older))
    assert PredictionFile.open(tmp_path).provenance == PROVENANCE
    plain = json.dumps(older, separators=(",", ":"), ensure_ascii=False)
    assert PROVENANCE.digest == hashlib.sha256(plain.encode()).hexdigest()[:16]
    for name in newer:
        assert PROVENANCE.model_copy(update={name: "0" * 16}).digest != PROVENANCE.digest


def test_a_killed_run_goes_on_where_it_stopped(tmp_path):
    write_predictions(tmp_path, PROVENANCE, [prediction("a"), prediction("b")])
    lines = (tmp_path / "predictions.jsonl").read_bytes()
    (tmp_path / "predictions.jsonl").write_bytes(lines[:-5])
    with pytest.raises(InputError, match="line 2: the line is cut off"):
        PredictionFile.open(tmp_path)
    later = PROVENANCE.model_copy(update={"created": "2026-11-23T08:00:00+00:00"})
    with PredictionWriter(tmp_path, later) as writer:
        assert list(writer.replies) == ["a#0"]
        writer.write(prediction("b"))
    assert (tmp_path / "predictions.jsonl").read_bytes() == lines
    assert PredictionFile.open(tmp_path).provenance == PROVENANCE


def test_other_settings_do_not_mix(tmp_path):
    write_predictions(tmp_path, PROVENANCE, [prediction("a")])
    with pytest.raises(InputError, match="made under another constrained, seed"):
        other = PROVENANCE.model_copy(update={"seed": 1, "constrained": False})
        PredictionWriter(tmp_path, other)
    path = tmp_path / "provenance.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 7'))
    with pytest.raises(InputError, match="line 1: written under provenance"):
        PredictionFile.open(tmp_path)


def test_a_case_is_answered_once(tmp_path):
    with PredictionWriter(tmp_path, PROVENANCE) as writer:
        writer.write(prediction("a"))
        with pytest.raises(ValueError, match="answered already"):
            writer.write(prediction("a", "no"))
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(InputError, match="lines 1 and 2 both answer a#0"):
        PredictionFile.open(tmp_path)


def test_a_line_that_is_no_prediction_is_named_without_what_it_holds(tmp_path):
    write_predictions(tmp_path, PROVENANCE, [prediction("a")])
    path = tmp_path / "predictions.jsonl"
    bad = json.loads(path.read_text()) | {"record": "b", "turn": "SECRET"}
    path.write_text(path.read_text() + json.dumps(bad) + "\n")
    with pytest.raises(InputError, match="line 2: turn: ") as caught:
        PredictionFile.open(tmp_path)
    assert "SECRET" not in str(caught.value)


def test_a_folder_without_predictions_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no predictions\.jsonl"):
        PredictionFile.open(tmp_path)
    write_predictions(tmp_path, PROVENANCE, [])
    (tmp_path / "provenance.json").write_text('{"name": "x"}')
    with pytest.raises(InputError, match=r"provenance\.json: records: Field required"):
        PredictionFile.open(tmp_path)


def test_the_digest_changes_with_every_setting():
    digests = {
        PROVENANCE.model_copy(update=change).digest
        for change in ({}, {"seed": 1}, {"limit": 3}, {"model": "x"}, {"constrained": False})
    }
    assert len(digests) == 5


def record(number, split):
    turns = [
        Turn(task=task, question="?", expects=Options(options=("yes", "no")))
        for task in ("vqa", "classification")
    ]
    return Record(
        id=f"r{number}",
        dataset="d",
        patient=f"p{number}",
        study="s",
        split=split,
        images=(Image(path="x.png", width=8, height=8),),
        turns=tuple(turns),
    )


def test_asked_is_the_split_the_tasks_and_some_of_each(tmp_path):
    path = tmp_path / "records.jsonl"
    write_records(path, [record(n, "test" if n % 2 else "train") for n in range(8)])
    records = RecordFile(path)

    def asked(**changes):
        return [case.id for case in PROVENANCE.model_copy(update=changes).asked(records)]

    assert len(asked()) == 16
    assert asked(split="test", limit=2) == ["r1#0", "r5#0", "r1#1", "r5#1"]
    assert asked(split="test", tasks=("classification",)) == [f"r{n}#1" for n in (1, 3, 5, 7)]
    assert asked(split="none such") == []


def test_a_relative_path_leads_back(tmp_path):
    assert (
        relative_path(tmp_path / "data" / "r.jsonl", tmp_path / "out" / "x") == "../../data/r.jsonl"
    )


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = write_atomically(tmp_path / "a.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
