"""padchest: labels that are no list, rows that are bad, and what is not asked."""

import gzip
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.padchest import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "padchest" / "raw"
TABLE = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
LABELS = ",Physician,\"[' endotracheal tube', 'pacemaker', 'atypical pneumonia', 'metal ']\""
FEWER = ",RNN_model,['rib fracture'],['loc rib']"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def replaced(root, old, new):
    text = (root / TABLE).read_text()
    assert old in text
    (root / TABLE).write_text(text.replace(old, new))


def records(root):
    return {item.study: item for item in SOURCE.read(root) if isinstance(item, Record)}


def problems(root):
    told = [item for item in SOURCE.read(root) if isinstance(item, Problem)]
    return [problem for problem in told if problem.row != 2]


def test_a_packed_table_is_read_too(root):
    (root / f"{TABLE}.gz").write_bytes(gzip.compress((root / TABLE).read_bytes()))
    (root / TABLE).unlink()
    assert records(root) == records(RAW)


def test_the_report_is_never_told_beside_the_labels_that_were_taken_from_it():
    assert all(not record.context for record in records(RAW).values())


def test_images_of_a_study_are_one_record():
    assert [image.view for image in records(RAW)["1" * 38].images] == ["PA", "LATERAL"]


@pytest.mark.parametrize(
    "cell",
    [
        "nan",
        "['normal'",
        "('normal',)",
        "[1]",
        "__import__('os').getcwd()",
        "[" * 200,
        "[{[]: 1}]",
        "'normal'",
    ],
)
def test_labels_that_are_no_list_are_told(root, cell):
    replaced(root, FEWER, f",RNN_model,\"{cell}\",['loc rib']")
    (problem,) = problems(root)
    assert problem.file == TABLE
    assert "its Labels are no list" in problem.reason


def test_an_empty_list_says_nothing_of_the_image(root):
    replaced(root, FEWER, ",RNN_model,[''],['loc rib']")
    assert "multilabel" not in {turn.task for turn in records(root)["4" * 38].turns}


def test_labels_are_kept_and_not_asked(root):
    replaced(root, FEWER, ",RNN_model,\"['rib fracture', ' metal ']\",['loc rib']")
    record = records(root)["4" * 38]
    assert record.metadata["labels"] == "rib fracture; metal"
    assert "multilabel" not in {turn.task for turn in record.turns}


def test_rows_of_a_study_that_disagree_are_told(root):
    lines = (root / TABLE).read_text().splitlines(keepends=True)
    lines[3] = lines[3].replace("Physician,['normal']", "Physician,['exclude']")
    (root / TABLE).write_text("".join(lines))
    (problem,) = problems(root)
    assert problem.reason == "the rows of its study disagree in the column 'Labels'"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("366001122334455667788990011223344556600,,O", ",,O", "no PatientID"),
        ("00,,O", "00,,Z", "its PatientSex_DICOM is none of F, M, O"),
        (f"{'5' * 38}_fff666.png", "../../fff666.png", "points out of its folder"),
    ],
)
def test_a_bad_row_is_told(root, old, new, reason):
    replaced(root, old, new)
    (problem,) = problems(root)
    assert problem.file == TABLE
    assert reason in problem.reason


def test_a_table_without_a_column_says_which(root):
    replaced(root, "Projection,", "View,")
    with pytest.raises(InputError, match="no column 'Projection'"):
        list(SOURCE.read(root))
