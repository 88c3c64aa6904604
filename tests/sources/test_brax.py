"""brax: one of the two copies of a picture is read, and bad rows are told."""

import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.brax import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "brax" / "raw"
TABLE = "master_spreadsheet_update.csv"
PICTURE = "id_aaaa0001/Study_2.25.101/Series_2.25.1011/image-2.25.10111"


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
    return [item for item in SOURCE.read(root) if isinstance(item, Problem)]


def test_the_dicom_file_is_read_where_the_png_was_not_fetched(root):
    (root / f"images/{PICTURE}.png").unlink()
    image = records(root)["30010001"].images[0]
    assert (image.path, image.view) == (f"Anonymized_DICOMs/{PICTURE}.dcm", "PA")


def test_a_picture_with_neither_copy_is_told(root):
    (root / f"images/{PICTURE}.png").unlink()
    (root / f"Anonymized_DICOMs/{PICTURE}.dcm").unlink()
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (TABLE, 2)
    assert [image.view for image in records(root)["30010001"].images] == ["LATERAL"]


def test_invented_dates_give_no_prior():
    assert all(image.role != "prior" for each in records(RAW).values() for image in each.images)


def test_ages_in_groups_are_not_asked():
    tasks = {turn.task for record in records(RAW).values() for turn in record.turns}
    assert tasks == {"multilabel", "classification"}


@pytest.mark.parametrize("view", ["RLD", "LLO"])
def test_a_view_that_is_neither_frontal_nor_lateral_is_not_asked(root, view):
    replaced(root, ",RL,", f",{view},")
    record = records(root)["30030001"]
    assert record.images[0].view is None
    assert "Which view is it?" not in {turn.question for turn in record.turns}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("id_cccc0003,O,", "id_cccc0003,X,", "its PatientSex is none of F, M, O"),
        ("id_cccc0003,O,,30030001", "id_cccc0003,O,,", "no AccessionNumber"),
        ("id_cccc0003,O", ",O", "no PatientID"),
        (",-1.0,,,,,,,,1.0,1.0", ",-1.0,,,,,,,,1.0,9", "Support Devices is 9"),
    ],
)
def test_a_bad_cell_is_told_with_its_row(root, old, new, reason):
    replaced(root, old, new)
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (TABLE, 6)
    assert reason in problem.reason


def test_the_table_may_have_its_first_name(root):
    (root / TABLE).rename(root / "master_spreadsheet.csv")
    assert records(root).keys() == records(RAW).keys()


def test_a_table_without_a_column_says_which(root):
    replaced(root, "AccessionNumber", "Accession")
    with pytest.raises(InputError, match="no column 'AccessionNumber'"):
        list(SOURCE.read(root))


def test_a_folder_without_the_table_says_so(tmp_path):
    with pytest.raises(InputError, match="none of master_spreadsheet_update"):
        list(SOURCE.read(tmp_path))
