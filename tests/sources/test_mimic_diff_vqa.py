"""mimic_diff_vqa: a side table that does not fit is charged to the question."""

import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.sources.mimic_diff_vqa import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "mimic_diff_vqa" / "raw"
QUESTIONS = "medical-diff-vqa/1.0.0/mimic_pair_questions.csv"
STUDIES = "medical-diff-vqa/1.0.0/mimic_all.csv"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def edit(root, file, old, new):
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))


def problems(root):
    return [item for item in SOURCE.read(root) if isinstance(item, Problem)]


def test_the_reference_joins_only_where_a_difference_is_asked():
    for record in SOURCE.read(RAW):
        roles = [image.role for image in record.images]
        is_pair = record.metadata["question_type"] == "difference"
        assert roles == (["main", "prior"] if is_pair else ["main"])


def test_a_reference_that_is_not_listed_is_a_problem_of_its_difference_alone(root):
    edit(root, STUDIES, "50000021", "50000099")
    assert [(each.file, each.row) for each in problems(root)] == [(QUESTIONS, 6)]


def test_a_study_of_another_patient_is_a_problem_without_an_identifier(root):
    edit(root, QUESTIONS, "52000026,12999923", "52000026,11999922")
    told = problems(root)
    assert [each.row for each in told] == [9, 10]
    assert not any("11999922" in each.reason for each in told)


def test_an_unknown_split_and_a_blank_answer_are_problems(root):
    edit(root, QUESTIONS, "small,train", "small,treino")
    edit(root, QUESTIONS, "is there pneumothorax?,no,", "is there pneumothorax?,,")
    assert [each.row for each in problems(root)] == [3, 5]


@pytest.mark.parametrize(("file", "column"), [(QUESTIONS, "ref_id"), (STUDIES, "dicom_id")])
def test_a_table_without_a_column_is_refused(root, file, column):
    edit(root, file, column, "other")
    with pytest.raises(InputError, match=column):
        list(SOURCE.read(root))


def test_a_folder_without_images_says_what_to_put_there(root):
    shutil.rmtree(root / "mimic-cxr-jpg")
    with pytest.raises(InputError, match="MIMIC-CXR-JPG"):
        list(SOURCE.read(root))
