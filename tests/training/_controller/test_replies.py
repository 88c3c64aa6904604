from pathlib import Path

import pytest

from diascope.predictions import Invalid, Parsed, Prediction
from diascope.recordfile import RecordFile
from diascope.records import Case
from diascope.tasks import task
from diascope.training._controller.probe import answered, stratified
from diascope.training._controller.replies import Asked, ask

NUMBER = 6


def probe(phantom: Path, name: str) -> Asked:
    records = RecordFile(phantom)
    cases = stratified(records.cases(split="val", task=name), NUMBER)
    truths = [case.truth.model_dump_json() for case in cases]
    return ask(task(name), cases, truths, answered(records.cases("train", name), 100))


def reply(case: Case, outcome: Parsed | Invalid, text: str) -> Prediction:
    return Prediction(
        record=case.record.id, turn=case.index, task=case.turn.task, text=text, outcome=outcome
    )


@pytest.mark.parametrize("name", ["classification", "counting", "detection", "report"])
def test_the_way_leads_from_the_trivial_predictor_to_the_truth(phantom: Path, name: str) -> None:
    """Whether a metric rises or falls, its best is 1 and its baseline 0."""
    asked, records = probe(phantom, name), RecordFile(phantom)
    predictor = asked.task.baseline(answered(records.cases("train", name), 100))
    told = [reply(case, Parsed(answer=case.truth), str(n)) for n, case in enumerate(asked.cases)]
    dumb = [reply(case, Parsed(answer=predictor(case)), "same") for case in asked.cases]
    assert asked.worth(told).way == 1.0
    worth = asked.worth(dumb)
    assert worth.way == 0.0
    assert worth.value == worth.baseline
    assert worth.metric == asked.task.primary


def test_what_cannot_be_read_counts_as_the_worst(phantom: Path) -> None:
    asked = probe(phantom, "counting")
    outcomes = [Invalid(why="x"), *(Parsed(answer=case.truth) for case in asked.cases[1:])]
    pairs = zip(asked.cases, outcomes, strict=True)
    worth = asked.worth([reply(case, outcome, "one") for case, outcome in pairs])
    assert (worth.n, worth.invalid, worth.distinct, worth.alike) == (NUMBER, 1, 1, NUMBER)
    assert worth.way is not None
    assert -1 <= worth.way < 1


def test_without_training_cases_there_is_no_way(phantom: Path) -> None:
    cases = stratified(RecordFile(phantom).cases(split="val", task="vqa"), 2)
    asked = ask(task("vqa"), cases, ["a", "a"], [])
    worth = asked.worth([reply(case, Parsed(answer=case.truth), "a") for case in cases])
    assert worth.way is None
    assert worth.baseline is None
    assert worth.true_alike == 2
