"""Patients told from image names, and bounds with room to spare."""

import pytest

from diascope.errors import InputError
from diascope.sources._flare.bounds import roomy
from diascope.sources._flare.layout import Patients, QuestionFile, image_path, patient_key
from diascope.sources.folder import Unreadable


@pytest.mark.parametrize(
    ("value", "high"), [(0, 1), (0.3, 1), (1, 2), (27, 54), (99, 200), (171.5, 350), (2085, 4200)]
)
def test_roomy(value: float, high: float) -> None:
    assert roomy(value) == high


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("imagesTr/063_3HC.jpg", "063"),
        ("imagesVal/063_HC.jpg", "063"),
        ("imagesTr/train_person268_virus_553.jpg", "person268"),
        ("person268_bacteria_1.jpg", "person268"),
        ("train_NORMAL2-IM-1224-0001.jpg", "NORMAL2-IM-1224"),
        ("train_IM-0292-0001-0002.jpg", "IM-0292"),
        ("00000075_000.png", "00000075"),
        ("BloodImage_00000.jpg", "BloodImage_00000"),
        ("b343e657.jpg", "b343e657"),
    ],
)
def test_patients_are_told_from_names(name: str, key: str) -> None:
    assert patient_key("Xray", name) == f"Xray/{key}"


def test_images_listed_together_join_their_patients_through_others() -> None:
    patients = Patients([("X", ("d.png", "c.png")), ("X", ("b.png",)), ("X", ("c.png", "a.png"))])
    assert {patients.of("X", f"{name}.png") for name in "acd"} == {"X/a"}
    assert patients.of("X", "b.png") == "X/b"
    assert patients.of("Y", "d.png") == "Y/d"


def test_unreadable_is_not_any_value_error() -> None:
    assert issubclass(Unreadable, ValueError)
    assert not issubclass(Unreadable, InputError)


def test_an_image_name_that_no_disk_can_hold_is_missing(tmp_path):
    file = QuestionFile(tmp_path / "q.json", "train", "training", "Xray", "set")
    for name in ("a" * 300 + ".png", "a\0.png"):
        with pytest.raises(Unreadable, match="is missing"):
            image_path(file, name)
