"""radialog: wrong reports are never targets, and entries that are no conversation are Problems."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.sources.radialog import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "radialog" / "raw"
NEW = "radialog-instruct-dataset/mimic_cxr_instruct_llava_v2.json"
OLD = "radialog-instruct-dataset/mimic_cxr_instruct_stratified.json"
SPLITS = "mimic-cxr-jpg/mimic-cxr-2.0.0-split.csv.gz"
WRONG = "Both lungs are clear. A rib is fractured."


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def read(root):
    return list(SOURCE.read(root))


def records(root):
    return [item for item in read(root) if not isinstance(item, Problem)]


def only(root, file, entry):
    """The folder with this entry alone."""
    for other in (NEW, OLD):
        (root / other).unlink(missing_ok=True)
    (root / file).write_text(json.dumps([entry]))
    return root


def spoken(*words, task="RQA"):
    dicom = "a0000001-b0000001-c0000001-d0000001-e0000001"
    said = [{"from": ("human", "gpt")[at % 2], "value": word} for at, word in enumerate(words)]
    return {"image": f"files/{dicom}.jpg", "conversations": said, "task_type": task}


def prompted(instruction, **other):
    dicom = "a0000001-b0000001-c0000001-d0000001-e0000001"
    return {"instruction": instruction, "input": "", "output": "yes", "dicom": dicom} | other


def test_a_wrong_report_is_told_and_never_a_target():
    made = records(RAW)
    targets = {getattr(turn.answer, "text", "") for record in made for turn in record.turns}
    told = [context.text for record in made for context in record.context]
    assert WRONG not in targets
    assert told.count(WRONG) == 2


def test_earlier_answers_of_other_conversations_are_turns():
    record = next(item for item in records(RAW) if item.metadata.get("task") == "EL")
    assert len(record.turns) == 2
    assert record.context == ()


def test_no_question_holds_a_mark_of_the_picture():
    asked = [turn.question for record in records(RAW) for turn in record.turns]
    assert not [
        question for question in asked if "<" in question or "Image information" in question
    ]


def test_a_yes_or_no_question_is_closed(root):
    (record,) = records(only(root, NEW, spoken("<image>. Is it?", "no", task="CPbQA")))
    assert record.turns[0].expects.options == ("yes", "no")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (spoken("<image>. Is it?"), "not human and gpt by turns"),
        (spoken(), "not human and gpt by turns"),
        (spoken("Is it?", "yes", task="CO"), "none to learn from"),
        (spoken("Is it?", ""), "an answer is empty"),
        ({}, "not those of this layout"),
        ([], "not those of this layout"),
        ("text", "not those of this layout"),
    ],
)
def test_a_bad_conversation_is_a_problem(root, entry, reason):
    (problem,) = read(only(root, NEW, entry))
    assert (problem.file, problem.row) == (NEW, 1)
    assert reason in problem.reason


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (prompted("Is it?"), "does not end in a question"),
        (prompted("USER: Is it? ASSISTANT: yes"), "does not end in a question"),
        (prompted("USER: Is it? ASSISTANT:", input="more"), "'input' is not empty"),
        (prompted("USER: Is it? ASSISTANT:", output=""), "an answer is empty"),
        (prompted(None), "not those of this layout"),
        (prompted("USER: Is it? ASSISTANT:", dicom="a"), "its image is not in"),
    ],
)
def test_a_bad_prompt_is_a_problem(root, entry, reason):
    (problem,) = read(only(root, OLD, entry))
    assert (problem.file, problem.row) == (OLD, 1)
    assert reason in problem.reason


def test_an_unknown_split_is_a_problem_of_the_entries_that_use_it(root):
    table = gzip.decompress((root / SPLITS).read_bytes()).replace(b",validate", b",valid")
    (root / SPLITS).write_bytes(gzip.compress(table))
    told = [item for item in read(root) if isinstance(item, Problem)]
    assert [problem.row for problem in told] == [8, 10]
    assert "'valid'" in told[0].reason


def test_the_table_of_splits_is_asked_for_by_its_columns(root):
    (root / SPLITS).write_bytes(gzip.compress(b"dicom,study_id,subject_id,split\n"))
    with pytest.raises(InputError, match=r"no column 'dicom_id'.*did you mean 'dicom'"):
        read(root)


def test_images_that_are_not_beside_it_are_asked_for(root):
    (root / SPLITS).unlink()
    with pytest.raises(InputError, match=r"mimic-cxr-2\.0\.0-split\.csv"):
        read(root)


def test_a_file_that_is_no_list_is_refused(root):
    (root / NEW).write_text("{}")
    with pytest.raises(InputError, match="no list of entries"):
        read(root)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="mimic_cxr_instruct"):
        read(tmp_path)
