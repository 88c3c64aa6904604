"""Traps of the Shenzhen set that its fixture does not show."""

import shutil
from pathlib import Path

import pytest

from diascope.answers import Choice, Number
from diascope.errors import InputError
from diascope.records import Record
from diascope.sources._shenzhen.person import person
from diascope.sources.folder import Unreadable
from diascope.sources.shenzhen import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "shenzhen" / "raw"
TABLE = "shenzhen_consensus_roi.csv"
LESION = "Annotations/masks/CHNCXR_0330_1_Cavity_1.png"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(raw):
    return [item for item in SOURCE.read(raw) if isinstance(item, Problem)]


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(InputError, match="CXR_png"):
        list(SOURCE.read(tmp_path))


def test_a_table_without_a_column_is_refused_by_its_name(raw):
    (raw / TABLE).write_text("patient,x_dis,y_dis,width_dis,height_dis\n")
    with pytest.raises(InputError, match="'patientId'"):
        list(SOURCE.read(raw))


def test_an_unknown_type_of_lesion_names_the_nearest(raw):
    (raw / LESION).rename(raw / LESION.replace("Cavity", "Cavitty"))
    (problem,) = problems(raw)
    assert problem.file == "CXR_png/CHNCXR_0330_1.png"
    assert "Cavity" in problem.reason


def test_masks_about_no_image_are_problems(raw):
    lungs = "mask/mask/CHNCXR_9999_0_mask.png"
    lesion = LESION.replace("0330", "9999")
    shutil.copy(raw / LESION, raw / lesion)
    shutil.copy(raw / LESION, raw / lungs)
    assert {problem.file for problem in problems(raw)} == {lungs, lesion}


def test_lesions_are_not_asked_where_their_folder_was_not_copied(raw):
    shutil.rmtree(raw / "Annotations")
    tasks = {turn.task for item in SOURCE.read(raw) for turn in item.turns}
    assert "multilabel" not in tasks
    assert not problems(raw)


def test_lesions_of_a_normal_image_are_not_asked():
    for item in SOURCE.read(RAW):
        asked = {turn.question for turn in item.turns}
        assert ("Which findings are there?" in asked) == item.id.endswith("_1")
        assert ("Outline every abnormality." in asked) == item.id.endswith("_1")


def test_a_name_without_a_label_is_a_problem(raw):
    (raw / "CXR_png/CHNCXR_0001_0.png").rename(raw / "CXR_png/CHNCXR_0001.png")
    (raw / "ClinicalReadings/CHNCXR_0001_0.txt").rename(raw / "ClinicalReadings/CHNCXR_0001.txt")
    assert "CXR_png/CHNCXR_0001.png" in {problem.file for problem in problems(raw)}


@pytest.mark.parametrize("text", ["", "male 52yrs\n"])
def test_a_reading_without_a_finding_is_a_problem(raw, text):
    (raw / "ClinicalReadings/CHNCXR_0001_0.txt").write_text(text)
    (problem,) = problems(raw)
    assert problem.file == "CXR_png/CHNCXR_0001_0.png"


def test_an_image_is_asked_once_what_each_of_its_turns_asks():
    for item in SOURCE.read(RAW):
        assert isinstance(item, Record)
        asked = [turn.question for turn in item.turns]
        assert len(set(asked)) == len(asked)


@pytest.mark.parametrize(
    ("line", "sex", "ages"),
    [
        ("Male 24yrs", "male", [24]),
        ("femal 32yrs", "female", [32]),
        ("female24yr", "female", [24]),
        ("male , 29yrs  \t", "male", [29]),
        ("female 16month", "female", [1, 16]),
        ("male 64days", "male", [0, 64]),
        ("male 60months", "male", [5]),
        ("male 42", "male", []),
        ("female", "female", []),
        ("male 148yrs", "male", []),
    ],
)
def test_people_are_read_as_they_were_typed(line, sex, ages):
    first, *rest = person(line)
    assert first.answer == Choice(option=sex)
    assert [turn.answer.value for turn in rest if isinstance(turn.answer, Number)] == ages


@pytest.mark.parametrize("line", ["", "normal", "child 3yrs", "male 3 weeks", "maleficent 3yrs"])
def test_what_is_no_person_is_refused(line):
    with pytest.raises(Unreadable):
        list(person(line))
