"""qata_cov19: what names tell, and no negatives in a set without any."""

import shutil
from pathlib import Path

import pytest
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.sources.qata_cov19 import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "qata_cov19" / "raw"
TRAIN = "QaTa-COV19-v2/Train Set"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def read(root):
    return list(SOURCE.read(root))


def rename(root, new, old="covid_12"):
    (root / TRAIN / f"Images/{old}.png").rename(root / TRAIN / f"Images/{new}.png")
    masks = root / TRAIN / "Ground-truths"
    (masks / f"mask_{old}.png").rename(masks / f"mask_{new}.png")


def test_a_name_without_a_view_is_not_asked_about_it(root):
    rename(root, "sub-S90009_ses-E90009_run-1_bp-chest_cr")
    (record,) = (item for item in read(root) if item.patient == "sub-S90009")
    assert record.study == "ses-E90009"
    assert record.images[0].view is None
    assert "Which view is it?" not in {turn.question for turn in record.turns}


def test_a_subject_without_a_session_is_a_problem(root):
    rename(root, "sub-S90009")
    (problem,) = (item for item in read(root) if isinstance(item, Problem))
    assert problem.file == f"{TRAIN}/Images/sub-S90009.png"
    assert "ses-" in problem.reason


def test_an_empty_mask_is_a_problem_and_no_negative(root):
    Picture.new("L", (30, 26)).save(root / TRAIN / "Ground-truths/mask_covid_12.png")
    (problem,) = (item for item in read(root) if isinstance(item, Problem))
    assert problem.reason == "its mask is empty, and every image of the set is positive"


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="QaTa-COV19-v2"):
        read(tmp_path)
