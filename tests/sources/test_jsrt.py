"""jsrt: bad cells, films that are there as raw pixels alone, and SCR's organs in film pixels."""

import shutil
from pathlib import Path

import pytest
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.sources.jsrt import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "jsrt" / "raw"
TOP = "nodules-in-chest-xrays-jsrt"
TABLE = f"{TOP}/jsrt_metadata.csv"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def read(root):
    return list(SOURCE.read(root))


def problems(root):
    return [item for item in read(root) if isinstance(item, Problem)]


def replaced(root, old, new):
    table = root / TABLE
    table.write_text(table.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("JPCLN001.png,5,", "JPCLN001.png,6,", "subtlety is none of 1 to 5"),
        (",5,1,47,", ",5,x,47,", "size is no number"),
        (",20,10,", ",32,10,", "outside of the image"),
        (",47,Female", ",47,F", "gender is none of female, male"),
        (",10,malignant", ",10,malign", "did you mean 'malignant'?"),
        (",47,", ",47 Y,", "age is no number"),
        ("JPCLN001.png", "../JPCLN001.png", "points out of its folder"),
    ],
)
def test_a_bad_cell_is_a_problem_of_its_row(root, old, new, reason):
    replaced(root, old, new)
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (TABLE, 2)
    assert reason in problem.reason


def test_a_table_without_a_column_is_refused_by_its_name(root):
    replaced(root, "subtlety", "subtelty")
    with pytest.raises(InputError, match=r"no column 'subtlety'.*did you mean 'subtelty'"):
        read(root)


@pytest.mark.parametrize(
    ("centre", "corners"), [("31,1", (28.143, 0, 32, 3.857)), ("1,31", (0, 28.143, 3.857, 32))]
)
def test_a_box_ends_where_the_film_does(root, centre, corners):
    replaced(root, ",20,10,", f",{centre},")
    record = next(item for item in read(root) if item.id == "JPCLN001")
    (box,) = next(turn for turn in record.turns if turn.task == "detection").answer.boxes
    assert box.corners == pytest.approx(corners, abs=0.001)


def test_a_film_that_is_raw_pixels_alone_is_a_problem(root):
    shutil.rmtree(root / TOP)
    told = problems(root)
    assert [Path(problem.file).name for problem in told] == [
        *(f"JPCLN00{number}.IMG" for number in range(1, 5)),
        *(f"JPCNN00{number}.IMG" for number in range(1, 3)),
    ]
    assert f"put the film as PNG into {TOP}/images/images" in told[0].reason


def test_neither_form_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"jsrt_metadata\.csv"):
        read(tmp_path)


def test_organs_are_at_the_patient_s_side_and_twice_the_size_of_their_masks():
    record = next(item for item in read(RAW) if item.id == "JPCNN002")
    found = {
        turn.question: turn.answer.masks[0].bounds
        for turn in record.turns
        if turn.task == "segmentation"
    }
    assert found == {
        "Outline the left lung.": (18, 4, 28, 26),
        "Outline the right lung.": (4, 4, 14, 26),
        "Outline the heart.": (12, 16, 22, 26),
        "Outline the left clavicle.": (18, 2, 28, 4),
        "Outline the right clavicle.": (4, 2, 14, 4),
    }


def test_an_organ_without_a_mask_is_not_asked(root):
    (root / "scratch/fold2/masks/heart/JPCNN002.gif").unlink()
    record = next(item for item in read(root) if item.id == "JPCNN002")
    assert "Outline the heart." not in {turn.question for turn in record.turns}


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"GIF89a", b"GIF89a\xff\xff\xff\xff\0\0\0"]
)
def test_a_damaged_mask_is_a_problem_of_its_film(root, content):
    (root / "scratch/fold1/masks/heart/JPCLN001.gif").write_bytes(content)
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (TABLE, 2)
    assert "scratch/fold1/masks/heart/JPCLN001.gif" in problem.reason
    assert str(root) not in problem.reason


def test_a_mask_that_is_another_kind_of_picture_is_not_opened(root):
    Picture.new("L", (16, 16)).save(root / "scratch/fold1/masks/heart/JPCLN001.gif", format="PNG")
    (problem,) = problems(root)
    assert "no readable GIF picture" in problem.reason


def test_masks_of_a_film_that_the_table_does_not_have_are_told(root):
    rows = (root / TABLE).read_text().splitlines(keepends=True)
    (root / TABLE).write_text("".join(row for row in rows if "JPCNN002" not in row))
    told = problems(root)
    assert len(told) == 5
    assert {problem.reason for problem in told} == {f"its film is not in {TABLE}"}
    assert all(problem.file.endswith("/JPCNN002.gif") for problem in told)
