"""chexpert_plus: the study before, and tables and labels that are bad."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.chexpert_plus import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "chexpert_plus" / "raw"
TABLE = "df_chexpert_plus_240401.csv"
LABELS = "chexbert_labels/impression_fixed.json"
FIRST, SECOND = "patient00001/study1", "patient00001/study2"
KNOWN_MISSING = (TABLE, 2)


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def replaced(root, old, new, file=TABLE):
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))


def records(root):
    return {item.study: item for item in SOURCE.read(root) if isinstance(item, Record)}


def problems(root):
    told = [item for item in SOURCE.read(root) if isinstance(item, Problem)]
    return [problem for problem in told if (problem.file, problem.row) != KNOWN_MISSING]


def test_the_study_before_joins_with_its_report():
    record = records(RAW)[SECOND]
    assert [(image.role, image.study) for image in record.images] == [
        ("main", SECOND),
        ("lateral", SECOND),
        ("prior", FIRST),
    ]
    (prior,) = [text for text in record.context if text.role == "prior report"]
    expected = "Findings: The heart is small. No fluid is seen. Impression: 1.NO ACUTE DISEASE."
    assert (prior.study, prior.text) == (FIRST, expected)


def test_order_and_not_number_tells_which_study_came_first(root):
    for old, new in (
        ("patient00001,1,", "patient00001,10,"),
        ("patient00001,2,", "patient00001,9.0,"),
    ):
        replaced(root, old, new)
    assert {image.study for image in records(root)[FIRST].images} == {FIRST, SECOND}
    assert {image.study for image in records(root)[SECOND].images} == {SECOND}


def test_two_views_have_one_report():
    turns = [turn.question for turn in records(RAW)[SECOND].turns]
    assert len(turns) == len(set(turns))


def test_without_labels_the_reports_are_read(root):
    (root / LABELS).unlink()
    tasks = {turn.task for record in records(root).values() for turn in record.turns}
    assert tasks == {"report", "classification", "regression"}


def test_a_line_of_labels_that_is_no_json_is_told(root):
    (root / LABELS).write_text("[1]\n{\n" + (root / LABELS).read_text())
    told = [(problem.file, problem.row) for problem in problems(root)]
    assert told == [(LABELS, 1), (LABELS, 2)]


@pytest.mark.parametrize("value", [3, "yes", [1], {"a": 1}, True])
def test_a_bad_label_is_told_of_the_study_that_uses_it(root, value):
    lines = [json.loads(line) for line in (root / LABELS).read_text().splitlines()]
    lines[0]["Fracture"] = value
    (root / LABELS).write_text("\n".join(map(json.dumps, lines)))
    (problem,) = problems(root)
    assert problem.file == TABLE
    assert "Fracture is" in problem.reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("patient64541,1,", "patient64541,,", "patient_report_date_order is no whole number"),
        (",patient64541,1,", ",,1,", "no deid_patient_id"),
        ("52.0,Female", "52.0,F", "its sex is none of Female, Male, Unknown"),
        ("52.0,Female", "old,Female", "the age is neither a number nor"),
        ("No,Unknown,,No,valid", "No,Unknown,,No,dev", "unknown split 'dev'"),
        ("valid/patient64541/study1/view1_frontal.jpg", "v.jpg", "path_to_image does not end in"),
        ("valid/patient64541/study1/v", "../../etc/v", "points out of its folder"),
    ],
)
def test_a_bad_cell_is_told(root, old, new, reason):
    replaced(root, old, new)
    problem, *_ = problems(root)
    assert problem.file == TABLE
    assert reason in problem.reason


def test_a_table_without_a_column_says_which(root):
    replaced(root, "section_impression", "impression")
    with pytest.raises(InputError, match="no column 'section_impression'"):
        list(SOURCE.read(root))


def test_a_dicom_file_stands_in_for_a_picture_that_was_not_fetched(root):
    dicom = RAW.parents[1] / "brax/raw/Anonymized_DICOMs"
    picture = next((root / "PNG/train/patient00001/study1").glob("*_frontal.png"))
    place = root / "DICOM/Uncompressed/train/patient00001/study1" / picture.name
    place.parent.mkdir(parents=True)
    shutil.copy(next(dicom.rglob("*.dcm")), place.with_suffix(".dcm"))
    assert records(root)[FIRST].images[0].path.startswith("PNG/")
    picture.unlink()
    assert records(root)[FIRST].images[0].path.startswith("DICOM/Uncompressed/train/patient00001")
    assert problems(root) == []
