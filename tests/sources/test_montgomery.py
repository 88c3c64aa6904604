"""Traps of the Montgomery set that its fixture does not show."""

import shutil
from pathlib import Path

import pytest
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.montgomery import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "montgomery" / "raw"
TABLE = "montgomery_consensus_roi.csv"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(raw):
    return [item for item in SOURCE.read(raw) if isinstance(item, Problem)]


def records(raw):
    return {item.id: item for item in SOURCE.read(raw) if isinstance(item, Record)}


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(InputError, match="CXR_png"):
        list(SOURCE.read(tmp_path))


def test_a_table_without_a_column_is_refused_by_its_name(raw):
    (raw / TABLE).write_text("patientId,x_dis,y_dis,width_dis\n")
    with pytest.raises(InputError, match="'height_dis'"):
        list(SOURCE.read(raw))


def test_a_bad_box_is_charged_to_its_image(raw):
    with (raw / TABLE).open("a") as file:
        file.write("MCUCXR_0113_1.png,1,2,three,4,TB\n")
    (problem,) = problems(raw)
    assert problem.file == "CXR_png/MCUCXR_0113_1.png"
    assert "width_dis" in problem.reason


def test_a_box_about_no_image_is_a_problem_of_its_row(raw):
    rows = len((raw / TABLE).read_text().splitlines())
    with (raw / TABLE).open("a") as file:
        file.write("MCUCXR_9999_1.png,1,2,3,4,TB\n")
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TABLE, rows + 1)


@pytest.mark.parametrize("gone", ["ClinicalReadings/{}.txt", "ManualMask/leftMask/{}.png"])
def test_what_every_image_has_is_missed(raw, gone):
    (raw / gone.format("MCUCXR_0003_0")).unlink()
    (problem,) = problems(raw)
    assert problem.file == "CXR_png/MCUCXR_0003_0.png"
    assert str(raw) not in problem.reason


def test_a_mask_of_the_other_orientation_is_refused(raw):
    mask = raw / "ManualMask/leftMask/MCUCXR_0003_0.png"
    with Picture.open(mask) as picture:
        turned = picture.transpose(Picture.Transpose.ROTATE_90)
    turned.save(mask)
    (problem,) = problems(raw)
    assert "48 x 40, its image 40 x 48" in problem.reason


@pytest.mark.parametrize(
    ("line", "reason"), [("Patient's Sex: ?", "sex"), ("Patient's Age: 1958-02-03", "age")]
)
def test_an_unreadable_person_is_a_problem_that_does_not_repeat_it(raw, line, reason):
    (raw / "ClinicalReadings/MCUCXR_0001_0.txt").write_text(f"{line}\nnormal\n")
    (problem,) = problems(raw)
    assert reason in problem.reason
    assert line[15:] not in problem.reason


def test_a_normal_image_has_no_box_and_an_image_that_was_not_annotated_is_not_asked():
    asked = {
        name: [turn.answer.boxes for turn in record.turns if turn.task == "detection"]
        for name, record in records(RAW).items()
    }
    assert asked["MCUCXR_0001_0"] == [()]
    assert asked["MCUCXR_0113_1"] == []


def test_no_report_is_not_written_as_one():
    tasks = [turn.task for turn in records(RAW)["MCUCXR_0166_1"].turns]
    assert "report" not in tasks
