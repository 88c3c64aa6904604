"""covid19_radiography: what is wrong with a mask is told of its image."""

import shutil
from pathlib import Path

import pytest
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.sources.covid19_radiography import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "covid19_radiography" / "raw"
IMAGE = "COVID/images/COVID-1.png"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(root):
    read = SOURCE.read(root)
    return [item for item in read if isinstance(item, Problem)]


def test_an_image_without_its_mask_is_a_problem(root):
    (root / "COVID/masks/COVID-1.png").unlink()
    (problem,) = problems(root)
    assert problem.file == IMAGE
    assert problem.reason == "'COVID/masks/COVID-1.png' is missing"


def test_a_mask_of_other_proportions_is_a_problem(root):
    Picture.new("L", (30, 30), 255).save(root / "COVID/masks/COVID-1.png")
    (problem,) = problems(root)
    assert problem.file == IMAGE
    assert "proportions" in problem.reason


def test_a_damaged_mask_is_a_problem_without_the_folder_s_name(root):
    (root / "COVID/masks/COVID-1.png").write_bytes(b"no picture")
    (problem,) = problems(root)
    assert problem.file == IMAGE
    assert str(root) not in problem.reason


def test_the_class_is_one_of_four_whatever_the_folder_has(root):
    shutil.rmtree(root / "Viral Pneumonia")
    records = SOURCE.read(root)
    offered = {record.turns[0].expects.options for record in records}
    assert offered == {("COVID", "Lung_Opacity", "Normal", "Viral Pneumonia")}


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="COVID/images"):
        list(SOURCE.read(tmp_path))
