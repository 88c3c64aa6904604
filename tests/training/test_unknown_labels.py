"""Two sets that label different findings, learnt from together: what is unknown stays unknown.

From raw records through preparation, mixture, question, target, sight and score, for the same
records: one set knows of cardiomegaly and edema, the other of fractures and nodules, and each of
some of its records only.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from diascope.answers import Labels, Status
from diascope.curation.prepare import prepare
from diascope.mixture import BLOCK, MixtureConfig
from diascope.models import family
from diascope.predictionfile import Canvas, Provenance, write_predictions
from diascope.predictions import Parsed, Prediction
from diascope.recordfile import RecordFile, write_records
from diascope.records import Case, Image, Record, Turn
from diascope.scoring.score import score
from diascope.sources import turns
from diascope.tasks import task
from diascope.training.config import DataConfig
from diascope.training.feed import Feed, open_feed
from diascope.training.sight import look

STATUSES: tuple[Status | None, ...] = ("present", "absent", "uncertain", None)
SETS = {"hearts": ("cardiomegaly", "edema"), "bones": ("fracture", "nodule")}
SPLITS = ("train", "train", "test")
Known = dict[str, Status]


def known_of(dataset: str, number: int) -> Known:
    """Every pair of statuses once, but for both unknown, which nothing could be asked of."""
    pairs = [(one, other) for one in STATUSES for other in STATUSES if one or other]
    pair = zip(SETS[dataset], pairs[number % len(pairs)], strict=True)
    return {label: status for label, status in pair if status}


TRUTH: dict[str, Known] = {
    f"{dataset}{number}": known_of(dataset, number) for dataset in SETS for number in range(45)
}


def raw_record(folder: Path, name: str, dataset: str, split: str, turn: Turn) -> Record:
    noise = np.random.default_rng([*name.encode()]).integers(0, 255, (40, 40), np.uint8)
    Picture.fromarray(noise).save(folder / f"{name}.png")
    return Record(
        id=name,
        dataset=dataset,
        patient=name,
        study=name,
        split=split,
        images=(Image(path=f"{name}.png", width=40, height=40),),
        turns=(turn,),
    )


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> RecordFile:
    """Both sets in one preparation."""
    raw = tmp_path_factory.mktemp("raw")
    made = [
        raw_record(raw, name, name.rstrip("0123456789"), SPLITS[n % 3], turns.findings(known))
        for n, (name, known) in enumerate(TRUTH.items())
    ]
    write_records(raw / "records.jsonl", made)
    return RecordFile(prepare("jsonl", raw, raw.parent / "out").out / "records.jsonl")


@pytest.fixture(scope="module")
def feed(records: RecordFile) -> Feed:
    model = family("tiny").load(None, torch.float32)
    config = DataConfig(records=str(records.path), mixture=MixtureConfig(by="dataset"))
    return open_feed(model, config, records.path, seed=3)


@pytest.fixture(scope="module")
def learnt(feed: Feed) -> list[Case]:
    """Every case that a block of the mixture draws, once."""
    drawn = (feed.case(position) for position in range(BLOCK))
    return list({case.id: case for case in drawn}.values())


def by(known: Known, status: Status) -> set[str]:
    return {label for label, is_ in known.items() if is_ == status}


def test_no_record_is_lost_and_both_sets_are_mixed(records: RecordFile, learnt: list[Case]) -> None:
    assert len(records) == len(TRUTH)
    assert Counter(case.record.dataset for case in learnt) == {"hearts": 30, "bones": 30}


def test_answers_are_as_they_were_labelled(records: RecordFile) -> None:
    for record in records:
        answer, known = record.turns[0].answer, TRUTH[record.id]
        assert isinstance(answer, Labels)
        assert set(answer.present) == by(known, "present")
        assert set(answer.absent) == by(known, "absent")
        assert set(answer.uncertain) == by(known, "uncertain")


def test_what_is_unknown_is_neither_asked_nor_written(feed: Feed, learnt: list[Case]) -> None:
    every = {label for labels in SETS.values() for label in labels}
    for case in learnt:
        known = TRUTH[case.record.id]
        asked = task("multilabel").prompt(case.turn, feed.model.dialect)
        target = feed.model.target(case, case.truth)
        for text in (asked, target):
            assert {label for label in every if label in text} <= known.keys()
        assert {label for label in every if label in asked} == known.keys()
        tokens = feed.of([case]).show(feed.model.spell)
        assert all(label not in tokens for label in every - known.keys())


def test_what_a_target_leaves_out_is_known_to_be_absent(feed: Feed, learnt: list[Case]) -> None:
    for case in learnt:
        canvas = feed.model.canvas_map(case.image.size)
        codec = task("multilabel").codec(case.turn, feed.model.dialect, canvas)
        read = codec.parse(feed.model.target(case, case.truth))
        assert set(read.absent) == by(TRUTH[case.record.id], "absent")


def test_sight_is_taught_what_is_known(feed: Feed, learnt: list[Case]) -> None:
    cases = {case.image.path: case for case in learnt}
    for seen in look(cases.values(), lambda image: feed.model.canvas_map(image.size), 8):
        known = TRUTH[cases[seen.image.path].record.id]
        expected = dict.fromkeys(by(known, "present"), 1) | dict.fromkeys(by(known, "absent"), 0)
        assert seen.presence == expected


@pytest.mark.parametrize("says_all", [True, False])
def test_scores_count_what_is_known(records: RecordFile, tmp_path: Path, says_all: bool) -> None:
    """A reply that names every finding of both sets is wrong of the absent ones alone."""
    names = tuple(label for labels in SETS.values() for label in labels)
    reply = Labels(present=names) if says_all else Labels(absent=names)
    made = Provenance(
        name="all",
        records=str(records.path),
        records_sha256=records.digest(),
        split="test",
        model="none",
        dialect={"name": "loc"},
        canvas=Canvas(size=(64, 64)),
        created="2026-11-22T08:00:00+00:00",
    )
    cases = made.asked(records)
    predictions = [
        Prediction(
            record=case.record.id,
            turn=0,
            task="multilabel",
            text="",
            outcome=Parsed(answer=reply),
        )
        for case in cases
    ]
    write_predictions(tmp_path / "set", made, predictions)
    found = score(tmp_path / "set", resamples=10).task("multilabel")
    micro = next(metric for metric in found.metrics if metric.metric == "micro_f1")
    known = [TRUTH[case.record.id] for case in cases]
    right = sum(len(by(each, "present")) for each in known) if says_all else 0
    wrong = sum(len(by(each, "absent" if says_all else "present")) for each in known)
    assert micro.score.value == pytest.approx(2 * right / (2 * right + wrong))
    for case, each in zip(cases, known, strict=True):
        row = task("multilabel").measure(case, reply)
        counted = {name.partition(":")[2] for name in row if ":" in name}
        assert counted <= by(each, "present") | by(each, "absent")


def test_a_question_about_what_is_unknown_is_left_out(tmp_path: Path) -> None:
    """Were it kept, its target would say that the label is absent."""
    raw = tmp_path / "raw"
    raw.mkdir()
    sound = turns.findings({"edema": "present", "nodule": "absent"})
    unknown = sound.model_copy(update={"answer": Labels(present=("edema",))})
    made = [
        raw_record(raw, "sound", "hearts", "train", sound),
        raw_record(raw, "unknown", "hearts", "train", unknown),
    ]
    write_records(raw / "records.jsonl", made)
    audit = prepare("jsonl", raw, tmp_path / "out").audit
    assert [(each.record, audit.records) for each in audit.exclusions] == [("unknown", 1)]
    assert "leaves labels unknown that are asked: nodule" in audit.exclusions[0].reason
