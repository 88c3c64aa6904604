"""mimic_cxr: the study before, bad rows and cells, broken tables, and no reports."""

import gzip
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.mimic_cxr import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "mimic_cxr" / "raw"
METADATA = "mimic-cxr-2.0.0-metadata.csv"
SPLITS = "mimic-cxr-2.0.0-split.csv"
LABELS = "mimic-cxr-2.0.0-chexpert.csv"
FIRST, SECOND = "59000003", "50000001"


@pytest.fixture
def root(tmp_path):
    """The fixture with its tables unpacked."""
    root = shutil.copytree(RAW, tmp_path / "raw")
    for packed in root.glob("*.csv.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    return root


def replaced(root, table, old, new):
    text = (root / table).read_text()
    assert old in text
    (root / table).write_text(text.replace(old, new))


def records(root):
    return {item.study: item for item in SOURCE.read(root) if isinstance(item, Record)}


def problems(root):
    return [item for item in SOURCE.read(root) if isinstance(item, Problem)]


def test_unpacked_tables_are_read_as_packed_ones(root):
    assert list(SOURCE.read(root)) == list(SOURCE.read(RAW))


def test_the_study_before_in_time_joins_with_its_report():
    record = records(RAW)[SECOND]
    assert [(image.role, image.study) for image in record.images] == [
        ("main", SECOND),
        ("prior", FIRST),
        ("prior", FIRST),
    ]
    (prior,) = [text for text in record.context if text.role == "prior report"]
    assert prior.study == FIRST
    assert prior.text.startswith("Findings: The heart is enlarged.")
    assert prior.text.endswith("Impression: 1. Enlarged heart. 2. Possible mild edema.")


def test_the_first_study_of_a_patient_has_no_prior():
    assert {image.role for image in records(RAW)[FIRST].images} == {"main", "lateral"}


def test_the_study_of_another_patient_is_no_prior():
    assert {image.study for image in records(RAW)["51000002"].images} == {"51000002"}


def test_times_of_one_day_are_compared_with_their_leading_zeros(root):
    replaced(root, METADATA, "21800506,213014.531", "21800626,81503.0")
    assert {image.study for image in records(root)[SECOND].images} == {FIRST, SECOND}
    replaced(root, METADATA, "21800626,81503.0", "21800626,235959.5")
    assert {image.study for image in records(root)[FIRST].images} == {FIRST, SECOND}


def test_a_missing_image_is_told_and_the_others_of_its_study_are_read(root):
    next(root.glob(f"files/*/*/s{FIRST}/1b2c*.jpg")).unlink()
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (METADATA, 3)
    assert [image.view for image in records(root)[FIRST].images] == ["PA"]


def test_a_study_that_cannot_be_seen_is_no_prior(root):
    shutil.rmtree(next(root.glob(f"files/*/*/s{FIRST}")))
    assert [problem.row for problem in problems(root)] == [2, 3]
    record = records(root)[SECOND]
    assert len(record.images) == 1
    assert "prior report" not in {text.role for text in record.context}


def test_a_bad_label_is_told_of_the_study_that_uses_it(root):
    replaced(root, LABELS, "51000002,,,,,,,,,1.0", "51000002,,,,,,,,,2.0")
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (METADATA, 5)
    assert "No Finding is 2" in problem.reason


@pytest.mark.parametrize(
    ("old", "new"), [("21350101", "1 Jan"), (",81503.0,", ",,"), (",81503.0,", ",1234567.0,")]
)
def test_a_date_or_time_that_is_none_is_told(root, old, new):
    replaced(root, METADATA, old, new)
    assert [problem.row for problem in problems(root)] == [5, 6]


def test_a_study_in_two_splits_is_told(root):
    replaced(
        root, SPLITS, "44444448,51000002,11999902,validate", "44444448,51000002,11999902,train"
    )
    (problem,) = problems(root)
    assert "not all in one of the splits" in problem.reason


def test_a_study_without_anything_to_ask_is_told(root):
    next(root.glob("files/*/*/s51000002.txt")).unlink()
    replaced(root, LABELS, "51000002,,,,,,,,,1.0", "51000002,,,,,,,,,")
    (problem,) = problems(root)
    assert problem.reason == "nothing is known of it that could be asked"


def test_without_reports_labels_are_asked(root):
    for report in root.glob("files/*/*/*.txt"):
        report.unlink()
    assert {turn.task for turn in records(root)[FIRST].turns} == {"multilabel"}


@pytest.mark.parametrize(
    ("table", "column"), [(METADATA, "StudyDate"), (SPLITS, "split"), (LABELS, "Fracture")]
)
def test_a_table_without_a_column_says_which(root, table, column):
    replaced(root, table, column, "else")
    with pytest.raises(InputError, match=f"{table}: there is no column '{column}'"):
        list(SOURCE.read(root))


def test_a_number_that_leads_out_of_the_folder_is_refused(root):
    replaced(root, METADATA, "0a1b2c3d-11111111", "../../../0a1b2c3d-11111111")
    problem, stray = problems(root)
    assert "points out of its folder" in problem.reason
    assert (stray.file, stray.reason) == (SPLITS, f"its image is not in {METADATA}")


def test_labels_of_a_study_without_images_are_told(root):
    replaced(root, LABELS, "59000003", "59000004")
    (problem,) = problems(root)
    assert (problem.file, problem.reason) == (LABELS, f"its study is not in {METADATA}")


def test_an_image_in_two_splits_is_told(root):
    with (root / SPLITS).open("a") as file:
        file.write("0a1b2c3d-11111111-22222222-33333333-44444444,59000003,10999901,test\n")
    (problem,) = problems(root)
    assert problem.file == METADATA
    assert "say different things of it" in problem.reason
