"""One table of labels: every cell is read as it is meant, and a bad one is told at its row."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.sources import source
from diascope.sources.source import Problem

STATUS = {"1": "present", "1.0": "present", "0": "absent", "-1.0": "uncertain", "": None}
ROW = {"image_path": "a.png", "patient_id": "007", "sex": "F", "Edema": "1"}
names = st.text("abcXYZ ,-\"'", min_size=1).map(str.strip).filter(bool)


def written(root, *rows):
    Picture.new("L", (6, 4)).save(root / "a.png")
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (root / "labels.csv").write_text(table.getvalue(), newline="")
    return root


def items(root):
    return list(source("csv_labels").read(root))


def turns_of(root):
    (record,) = items(root)
    return {turn.question: turn for turn in record.turns}


@given(st.dictionaries(names, st.sampled_from(sorted(STATUS)), min_size=1))
def test_labels_are_read_back_whatever_their_names(cells):
    with TemporaryDirectory() as folder:
        found = turns_of(written(Path(folder), ROW | cells))["Which findings are there?"]
    for status in ("present", "absent", "uncertain"):
        wanted = {label for label, cell in cells.items() if STATUS[cell] == status}
        assert set(getattr(found.answer, status)) - {"Edema"} == wanted
    assert set(found.expects.labels) - {"Edema"} == {name for name in cells if cells[name]}


def test_views_and_lengths_are_those_of_the_training_rows(tmp_path):
    row = ROW | {"split": "train", "view": "AP", "report": "x" * 501}
    test = row | {"split": "test", "view": "PA", "report": "y"}
    records = items(written(tmp_path, row, test | {"view": ""}, test))
    asked = [{turn.question: turn.expects for turn in record.turns} for record in records]
    assert [record.split for record in records] == ["train", "test", "test"]
    assert [each["Write the report."].max_chars for each in asked] == [1000] * 3
    assert asked[2]["Which view is it?"].options == ("AP",)
    assert "Which view is it?" not in asked[1]


@pytest.mark.parametrize(("cell", "years"), [("58", 58), ("058Y", 58), ("018M", 2), ("0", 0)])
def test_an_age_may_have_a_unit(tmp_path, cell, years):
    found = turns_of(written(tmp_path, ROW | {"age": cell}))
    assert found["How old is the patient?"].answer.value == years


@pytest.mark.parametrize("cell", ["Unknown", "", "O", "other"])
def test_an_unknown_sex_is_not_asked(tmp_path, cell):
    assert "What is the patient's sex?" not in turns_of(written(tmp_path, ROW | {"sex": cell}))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"Edema": "yes"}, "column 'Edema' has something else"),
        ({"Edema": "2"}, "column 'Edema' has something else"),
        ({"Edema": "nan"}, "column 'Edema' has something else"),
        ({"patient_id": " "}, "its patient_id is blank"),
        ({"sex": "Jane Doe"}, "its sex is none of"),
        ({"age": "1960-01-01"}, "the age is neither"),
        ({"image_path": "b.png"}, "'b.png' is missing"),
        ({"image_path": "../a.png"}, "points out of its folder"),
        ({"image_path": ""}, "missing"),
    ],
)
def test_a_bad_cell_is_told_at_its_row_and_not_repeated(tmp_path, cells, why):
    good = ROW | {"age": "58"}
    _, problem = items(written(tmp_path, good, good | cells))
    assert isinstance(problem, Problem)
    assert (problem.file, problem.row) == ("labels.csv", 3)
    assert why in problem.reason
    assert "Jane" not in problem.reason
    assert "1960" not in problem.reason


def test_a_row_of_which_nothing_is_known_is_a_problem(tmp_path):
    (problem,) = items(written(tmp_path, {"image_path": "a.png", "patient_id": "7", "Edema": ""}))
    assert "nothing is known" in problem.reason


@pytest.mark.parametrize("column", ["image_path", "patient_id"])
def test_a_table_without_a_needed_column_is_refused_by_name(tmp_path, column):
    row = {key: cell for key, cell in ROW.items() if key != column}
    with pytest.raises(InputError, match=f"no column '{column}'"):
        items(written(tmp_path, row))


def test_a_table_without_rows_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("image_path,patient_id\n")
    with pytest.raises(InputError, match="no rows"):
        items(tmp_path)
