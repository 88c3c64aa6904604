"""Traps of MS-CXR that its fixture does not show."""

import shutil
from pathlib import Path

import pytest
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.ms_cxr import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "ms_cxr" / "raw"
TABLE = "MS_CXR_Local_Alignment_v1.1.0.csv"
HEART = "files/p10/p10999901/s59000003/0a1b2c3d-11111111-22222222-33333333-44444444.jpg"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(raw):
    return [item for item in SOURCE.read(raw) if isinstance(item, Problem)]


def records(raw):
    return [item for item in SOURCE.read(raw) if isinstance(item, Record)]


def replaced(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("column", ["path", "category_name", "label_text", "w", "image_height"])
def test_a_table_without_a_column_is_refused_by_its_name(raw, column):
    header, _, rest = (raw / TABLE).read_text().partition("\n")
    names = ["else" if name == column else name for name in header.split(",")]
    (raw / TABLE).write_text(",".join(names) + "\n" + rest)
    with pytest.raises(InputError, match=f"'{column}'"):
        list(SOURCE.read(raw))


def test_a_folder_without_the_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="MS_CXR_Local_Alignment"):
        list(SOURCE.read(tmp_path))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (",21,14,8,9,", ",21,14,0,9,"),
        (",21,14,8,9,", ",21,fourteen,8,9,"),
        (",21,14,8,9,", ",21,nan,8,9,"),
        (",21,14,8,9,30,24,val", ",21,14,8,9,60,48,val"),
        (",21,14,8,9,30,24,val", ",21,14,8,9,30,24,test"),
        (",20,13,7,4,30,24,val", ",20,13,7,4,30,24,dev"),
        ("plate-like atelectasis at the left base", " "),
        ("Atelectasis,plate", "Atelectase,plate"),
    ],
)
def test_a_bad_row_is_a_problem_of_its_image(raw, old, new):
    replaced(raw / TABLE, old, new)
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TABLE, 3)
    assert len(records(raw)) == 3


@pytest.mark.parametrize(
    "path", ["elsewhere.jpg", "../" + HEART, HEART.replace("p10999901", "p1099990"), "/" + HEART]
)
def test_a_path_of_another_form_is_a_problem(raw, path):
    replaced(raw / TABLE, HEART, path)
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TABLE, 2)


def test_an_image_that_is_missing_is_a_problem(raw):
    (raw / HEART).unlink()
    (problem,) = problems(raw)
    assert "missing" in problem.reason


def test_a_smaller_copy_of_an_image_is_a_problem(raw):
    """Its boxes are in pixels of the original, and would all be wrong."""
    Picture.new("L", (12, 15)).save(raw / HEART)
    (problem,) = problems(raw)
    assert "12 x 15" in problem.reason


def test_version_one_has_no_split(raw):
    lines = (raw / TABLE).read_text().splitlines()
    (raw / TABLE).write_text("\n".join(line.rpartition(",")[0] for line in lines))
    assert {record.split for record in records(raw)} == {""}


def test_the_latest_version_is_read(raw):
    shutil.copy(raw / TABLE, raw / "MS_CXR_Local_Alignment_v1.0.0.csv")
    replaced(raw / "MS_CXR_Local_Alignment_v1.0.0.csv", "the heart", "a heart")
    assert records(raw)[0].turns[0].question == 'Where is "the heart is mildly enlarged"?'


def test_a_sentence_of_two_categories_is_asked_once(raw):
    lines = (raw / TABLE).read_text().splitlines()
    (raw / TABLE).write_text("\n".join([*lines, lines[1].replace("Cardiomegaly", "Edema")]))
    heart = records(raw)[0]
    assert [len(turn.answer.boxes) for turn in heart.turns] == [1]
    assert heart.metadata["category"] == "Cardiomegaly; Edema"


def test_a_sentence_cannot_end_a_label(raw):
    replaced(raw / TABLE, "the heart is mildly enlarged", "the heart  is ; enlarged")
    assert records(raw)[0].turns[0].expects.labels == ("the heart is; enlarged",)
