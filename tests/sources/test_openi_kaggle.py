"""openi_kaggle: what joins the two tables, and rows that are bad."""

import shutil
from pathlib import Path

import pytest

from diascope.answers import Choice
from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.openi_kaggle import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "openi_kaggle" / "raw"
REPORTS, PROJECTIONS = "indiana_reports.csv", "indiana_projections.csv"
WITHOUT_IMAGE = (REPORTS, 6)


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def replaced(root, table, old, new):
    text = (root / table).read_text()
    assert old in text
    (root / table).write_text(text.replace(old, new))


def records(root):
    return {item.study: item for item in SOURCE.read(root) if isinstance(item, Record)}


def problems(root):
    """Those of the images, and of reports without one apart from uid 999's."""
    told = [item for item in SOURCE.read(root) if isinstance(item, Problem)]
    return [problem for problem in told if (problem.file, problem.row) != WITHOUT_IMAGE]


def test_frontal_images_come_first():
    views = [image.view for image in records(RAW)["4"].images]
    assert views == [None, None, "LATERAL"]


def test_an_image_without_a_report_is_asked_for_its_projection():
    (turn,) = records(RAW)["16"].turns
    assert turn.answer == Choice(option="frontal")


def test_a_report_without_an_image_is_told():
    told = [item for item in SOURCE.read(RAW) if isinstance(item, Problem)]
    assert [(problem.file, problem.row) for problem in told] == [WITHOUT_IMAGE]
    assert told[0].reason == f"no image of it is in {PROJECTIONS}"


def test_two_reports_of_one_number_that_differ_are_told(root):
    text = (root / REPORTS).read_text()
    row = next(line for line in text.splitlines() if line.startswith("2,"))
    (root / REPORTS).write_text(text + row.replace("XXXX", "else", 1) + "\n")
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (PROJECTIONS, 4)
    assert "say different things of it" in problem.reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("2_IM-0652-1001.dcm.png,Frontal", "2_IM-0652-1001.dcm.png,Oblique", "unknown projection"),
        ("2,2_IM-0652-1001.dcm.png", ",2_IM-0652-1001.dcm.png", "no uid"),
        ("2_IM-0652-1001.dcm.png", "2_IM-0652-1002.dcm.png", "is missing"),
        ("2_IM-0652-1001.dcm.png", "../../../x.png", "points out of its folder"),
    ],
)
def test_a_bad_row_is_told(root, old, new, reason):
    replaced(root, PROJECTIONS, old, new)
    problem, *strays = problems(root)
    assert (problem.file, problem.row) == (PROJECTIONS, 4)
    assert reason in problem.reason
    assert {stray.file for stray in strays} <= {REPORTS}


@pytest.mark.parametrize(("table", "column"), [(REPORTS, "findings"), (PROJECTIONS, "projection")])
def test_a_table_without_a_column_says_which(root, table, column):
    replaced(root, table, column, "else")
    with pytest.raises(InputError, match=f"{table}: there is no column '{column}'"):
        list(SOURCE.read(root))
