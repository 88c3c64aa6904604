"""covid_qu_ex: infection is asked where it was drawn, and masks belong to their images."""

import shutil
from pathlib import Path

import pytest
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.sources.covid_qu_ex import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "covid_qu_ex" / "raw"
INFECTED = "Infection Segmentation Data/Infection Segmentation Data/Train/COVID-19"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def read(root):
    return list(SOURCE.read(root))


def test_the_lung_part_is_not_asked_about_infection():
    asked = {
        (record.id.partition("/")[0], turn.question)
        for record in read(RAW)
        for turn in record.turns
    }
    assert ("infection", "Outline every infected region.") in asked
    assert ("lung", "Outline every infected region.") not in asked
    assert ("lung", "Find every infected region.") not in asked


def test_an_image_of_both_parts_is_one_patient_with_two_records():
    same = [record for record in read(RAW) if record.patient == "covid_1"]
    assert [record.id for record in same] == ["lung/Train/covid_1", "infection/Train/covid_1"]


def test_a_missing_infection_mask_is_a_problem_and_no_negative(root):
    (root / INFECTED / "infection masks/covid_1.png").unlink()
    (problem,) = (item for item in read(root) if isinstance(item, Problem))
    assert problem.file == f"{INFECTED}/images/covid_1.png"
    assert "infection masks/covid_1.png' is missing" in problem.reason


def test_a_mask_of_another_size_is_a_problem(root):
    Picture.new("L", (28, 32)).save(root / INFECTED / "lung masks/covid_1.png")
    (problem,) = (item for item in read(root) if isinstance(item, Problem))
    assert "is 28 x 32, its image 32 x 28" in problem.reason


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="Lung Segmentation Data"):
        read(tmp_path)
