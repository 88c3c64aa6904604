from pathlib import Path

import pytest

from diascope.answers import Findings, Text
from diascope.codecs.free_text import FreeText
from diascope.codecs.whole_number import WholeNumber
from diascope.expectations import FindingList, Free
from diascope.generation.answering import Asking, Interview, answer_cases, read
from diascope.generation.engine import Completion
from diascope.generation.torch_engine import TorchEngine
from diascope.imaging.store import CanvasStore
from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import from_scratch
from diascope.predictionfile import Sampling
from diascope.predictions import Invalid, Parsed, Repaired
from diascope.recordfile import RecordFile, write_records
from diascope.records import Context, Image, Record, Turn

NAMES = ("nodule", "effusion")


@pytest.fixture(scope="module")
def model() -> PaliGemma:
    return from_scratch(seed=1)


@pytest.fixture(scope="module")
def records(phantom: Path) -> RecordFile:
    return RecordFile(phantom)


def store(records: RecordFile, model: PaliGemma) -> CanvasStore:
    return CanvasStore(records.root, model.canvas_map)


def test_every_reply_of_random_weights_parses(model: PaliGemma, records: RecordFile) -> None:
    cases = [case for name in records.tasks for case in records.cases(task=name)[:6]]
    replies = answer_cases(model, cases, store(records, model))
    assert [reply.id for reply in replies] == [case.id for case in cases]
    assert {reply.outcome.kind for reply in replies} == {"parsed"}
    assert all(reply.logprobs for reply in replies)


def test_hot_sampling_stays_inside_the_grammar(model: PaliGemma, records: RecordFile) -> None:
    cases = [case for name in records.tasks for case in records.cases(task=name)[:4]]
    hot = Asking(sampling=Sampling(temperature=3.0, top_p=0.99), seed=4)
    replies = answer_cases(model, cases, store(records, model), hot)
    assert {reply.outcome.kind for reply in replies} == {"parsed"}
    again = answer_cases(model, cases, store(records, model), hot)
    assert [reply.text for reply in again] == [reply.text for reply in replies]
    other = answer_cases(model, cases, store(records, model), hot._replace(seed=5))
    assert [reply.text for reply in other] != [reply.text for reply in replies]


def test_the_size_of_a_batch_changes_no_reply(model: PaliGemma, records: RecordFile) -> None:
    cases = [case for name in ("vqa", "counting") for case in records.cases(task=name)[:5]]
    one, many = (
        answer_cases(model, cases, store(records, model), Asking(batch_size=size))
        for size in (1, 10)
    )
    assert [reply.text for reply in one] == [reply.text for reply in many]


def test_a_small_text_budget_still_closes(model: PaliGemma, records: RecordFile) -> None:
    cases = records.cases(task="report")[:4]
    replies = answer_cases(model, list(cases), store(records, model), Asking(text_budget=5))
    assert {reply.outcome.kind for reply in replies} == {"parsed"}
    assert max(len(reply.logprobs) for reply in replies) <= 5


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("12", Parsed),
        (" 12\n", Repaired),
        ("about 12", Invalid),
        ("012", Invalid),
        ("", Invalid),
    ],
)
def test_a_bad_reply_is_a_value(text: str, outcome: type) -> None:
    assert isinstance(read(WholeNumber(0, 99), Completion(text, (), closed=True)), outcome)


def test_a_reply_that_was_cut_off_says_so() -> None:
    read_ = read(WholeNumber(0, 99), Completion("12 and", (), closed=False))
    assert isinstance(read_, Invalid)
    assert "budget" in read_.why
    assert isinstance(read(FreeText(9), Completion("a", (), closed=True)), Parsed)


@pytest.fixture
def conversation(records: RecordFile, tmp_path: Path) -> RecordFile:
    """Two studies, two turns: findings of the current study, then its report."""
    two = [image for record in records for image in record.images][:2]
    images = tuple(
        Image(path=image.path, width=image.width, height=image.height, role=role, study=study)
        for image, role, study in zip(two, ("prior", "main"), ("s1", "s2"), strict=True)
    )
    findings, free = FindingList(names=NAMES), Free(max_chars=60)
    turns = (
        Turn(task="multilabel", question="List the findings.", expects=findings, image=1),
        Turn(task="report", question="Write the report.", expects=free, image=1),
    )
    record = Record(
        id="talk", dataset="d", patient="p", study="s2", split="test", images=images, turns=turns,
        context=(Context(role="prior report", study="s1", text="A small nodule."),),
    )  # fmt: skip
    (tmp_path / "images").symlink_to(records.root / "images")
    write_records(tmp_path / "records.jsonl", [record])
    return RecordFile(tmp_path / "records.jsonl")


def test_findings_then_report_over_two_studies(model: PaliGemma, conversation: RecordFile) -> None:
    """The second turn is read after the reply to the first, both images and the prior's report."""
    interview = Interview(model, store(conversation, model), Asking(), TorchEngine(model))
    first, second = conversation[0].cases()
    (findings,) = interview.ask([first])
    (report,) = interview.ask([second])
    assert isinstance(findings.answer, Findings)
    assert isinstance(report.answer, Text)
    given = interview._request(second).example.prefix
    words = model.text([token for token in given if token != model.image_id])
    assert given.count(model.image_id) == 2 * 64
    assert "prior, main\nprior report: A small nodule.\nList the findings." in words
    assert "\nlabels: nodule; effusion (image 2)\n" in words
    assert f"\n{findings.text}\nWrite the report. (image 2)" in words


def test_asking_the_report_asks_the_findings_first(
    model: PaliGemma, conversation: RecordFile
) -> None:
    second = conversation[0].cases()[1]
    (reply,) = answer_cases(model, [second], store(conversation, model))
    assert (reply.task, reply.turn) == ("report", 1)
