"""chexpert: studies, cells and rows that are bad, and the copy of another name."""

import shutil
from pathlib import Path

import pytest

from diascope.answers import Choice, Number
from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.chexpert import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "chexpert" / "raw"
LATERAL = "CheXpert-v1.0-small/train/patient00002/study2/view2_lateral.jpg"
FIRST = "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def replaced(root, old, new, table="train.csv"):
    text = (root / table).read_text()
    assert old in text
    (root / table).write_text(text.replace(old, new))


def records(root):
    return {item.study: item for item in SOURCE.read(root) if isinstance(item, Record)}


def problems(root):
    return [item for item in SOURCE.read(root) if isinstance(item, Problem)]


def test_the_views_of_a_study_are_one_record_with_the_frontal_first(root):
    lines = (root / "train.csv").read_text().splitlines()
    (root / "train.csv").write_text("\n".join((lines[0], lines[3], *lines[1:3], *lines[4:])))
    record = records(root)["patient00002/study2"]
    assert [(image.view, image.role) for image in record.images] == [
        ("AP", "main"),
        ("LATERAL", "lateral"),
    ]


def test_only_labels_that_are_known_are_asked():
    turn = records(RAW)["patient00001/study1"].turns[0]
    assert turn.expects.labels == ("No Finding", "Consolidation", "Support Devices")


def test_a_study_without_labels_is_not_asked_for_them():
    tasks = {turn.task for turn in records(RAW)["patient00002/study1"].turns}
    assert "multilabel" not in tasks


def test_an_unknown_sex_and_an_age_of_nothing_are_not_asked():
    answers = [turn.answer for turn in records(RAW)["patient45901/study3"].turns]
    assert not [answer for answer in answers if isinstance(answer, Number)]
    assert Choice(option="AP") in answers
    assert len(answers) == 2


def test_the_view_is_asked_where_one_image_leaves_no_doubt():
    views = {
        study: [turn for turn in record.turns if turn.question == "Which view is it?"]
        for study, record in records(RAW).items()
    }
    assert views["patient00002/study2"] == []
    assert views["patient00002/study1"][0].answer == Choice(option="PA")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Male,61,Frontal,AP,1.0", "Male,61,Frontal,AP,0.5", "No Finding is 0.5"),
        ("Male,61,Frontal,AP,1.0", "Male,61,Frontal,AP,yes", "No Finding is no number: 'yes'"),
        ("Male,61", "Man,61", "its Sex is none of Female, Male, Unknown"),
        ("Male,61", "Male,old", "the age is neither a number nor"),
        (FIRST, "view1_frontal.jpg", "its Path does not end in"),
        (FIRST, FIRST.replace("view1", "view9"), "is missing"),
        (FIRST, "../../study1/view1_frontal.jpg", "points out of its folder"),
    ],
)
def test_a_bad_cell_is_told_with_its_row(root, old, new, reason):
    replaced(root, old, new)
    (problem,) = problems(root)
    assert (problem.file, problem.row) == ("train.csv", 2)
    assert reason in problem.reason


def test_rows_of_a_study_that_disagree_are_told(root):
    replaced(root, f"{LATERAL},Female,45,Lateral,,,,,1.0", f"{LATERAL},Female,45,Lateral,,,,,0.0")
    (problem,) = problems(root)
    assert problem.reason == "the rows of its study disagree in the column 'Lung Opacity'"


def test_the_folder_may_have_another_name(root):
    for table in ("train.csv", "valid.csv"):
        replaced(root, "CheXpert-v1.0-small/", "CheXpert-v1.0/", table)
    assert records(root) == records(RAW)


def test_a_table_without_a_column_says_which(root):
    replaced(root, "Pleural Other", "Pleural")
    with pytest.raises(InputError, match=r"train\.csv: there is no column 'Pleural Other'"):
        list(SOURCE.read(root))


def test_a_folder_without_its_tables_says_so(tmp_path):
    with pytest.raises(InputError, match=r"none of train\.csv, valid\.csv"):
        list(SOURCE.read(tmp_path))


def test_a_row_that_is_there_twice_is_told_and_shown_once(root):
    lines = (root / "train.csv").read_text().splitlines()
    (root / "train.csv").write_text("\n".join((*lines, lines[1])) + "\n")
    (problem,) = problems(root)
    assert (problem.file, problem.row) == ("train.csv", len(lines) + 1)
    assert problem.reason == "row 2 is of the same image"
    assert records(root) == records(RAW)
