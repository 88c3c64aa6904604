"""Pictures that are one are found inside a preparation, which leaves them out, and between two."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from diascope.answers import Choice, Text
from diascope.curation.inspection import inspect_folders
from diascope.curation.leaks import gate
from diascope.curation.prepare import Preparation, prepare
from diascope.errors import InputError
from diascope.expectations import Free, Options
from diascope.recordfile import RecordFile, write_records
from diascope.records import Image, Record, Turn
from diascope.sources.phantom import PhantomSettings, generate

YES_NO = Options(options=("Yes", "No"))
ASKED = Turn(task="classification", question="?", expects=YES_NO, answer=Choice(option="No"))


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> list[Path]:
    """Thirty drawn pictures of as many patients."""
    root = tmp_path_factory.mktemp("films")
    records = list(generate(root, PhantomSettings(seed=5, patients=30)))
    first = {record.patient: record.images[0].path for record in reversed(records)}
    return [root / path for path in first.values()]


def grey(path: Path) -> Picture.Image:
    with Picture.open(path) as picture:
        return picture.convert("L")


def prepared(
    folder: Path, pictures: dict[str, tuple[Picture.Image, str]], dataset: str = "d"
) -> Preparation:
    """A preparation of one record a picture, named by patient, with its split."""
    root = folder / "raw"
    root.mkdir(parents=True)
    records = []
    for name, (picture, split) in pictures.items():
        picture.save(root / f"{name}.png")
        image = Image(path=f"{name}.png", width=picture.width, height=picture.height)
        records.append(
            Record(
                id=f"of {name}" if dataset != "d" else name,
                dataset=dataset,
                patient=name,
                study="s",
                split=split,
                images=(image,),
                turns=(ASKED,),
            )
        )
    write_records(root / "records.jsonl", records)
    return prepare("jsonl", root, folder / "out")


def opened(films: list[Path]) -> dict[str, tuple[Picture.Image, str]]:
    return {f"p{n}": (grey(path), "train") for n, path in enumerate(films)}


def cropped(picture: Picture.Image) -> Picture.Image:
    return picture.crop((3, 2, picture.width - 4, picture.height - 3))


def test_a_copy_in_another_split_leaves_the_lesser_one(films, tmp_path: Path) -> None:
    pictures = opened(films)
    copies = {
        "cropped": cropped(pictures["p3"][0]),
        "mirrored": pictures["p5"][0].transpose(Picture.Transpose.FLIP_LEFT_RIGHT),
        "smaller": pictures["p7"][0].resize((120, 110)),
    }
    made = prepared(tmp_path, pictures | {name: (copy, "test") for name, copy in copies.items()})
    left = {exclusion.record: exclusion.reason for exclusion in made.audit.exclusions}
    assert left.keys() == {"p3", "p5", "p7"}
    assert all("also in the split 'test'" in reason for reason in left.values())
    kept = {record.id for record in RecordFile(made.out / "records.jsonl")}
    assert kept >= copies.keys()
    found = {(leak.first, leak.second, leak.kind) for leak in made.leaks.failing}
    assert found == {
        ("p3", "cropped", "near"),
        ("p5", "mirrored", "flipped"),
        ("p7", "smaller", "near"),
    }


def test_a_copy_in_the_same_split_is_told_and_kept(films, tmp_path: Path) -> None:
    pictures = opened(films[:12])
    pictures["copy"] = (cropped(pictures["p2"][0]), "train")
    made = prepared(tmp_path, pictures)
    assert made.audit.excluded == 0
    assert [(leak.first, leak.second) for leak in made.leaks.images] == [("p2", "copy")]
    assert made.leaks.failing == ()


def test_folders_are_compared_with_each_other(films, tmp_path: Path) -> None:
    one = prepared(tmp_path / "one", opened(films[:15])).out
    others = {f"q{n}": (grey(path), "test") for n, path in enumerate(films[15:])}
    clean = prepared(tmp_path / "two", others).out
    gate(inspect_folders([one, clean]))
    leaky = others | {"copy": (cropped(grey(films[4])), "test")}
    report = inspect_folders([one, prepared(tmp_path / "three", leaky).out])
    with pytest.raises(InputError, match=r"1 pairs of images leak.*'p4' \(train, d\) and 'copy'"):
        gate(report)


def test_a_picture_that_was_left_out_hides_no_pair(films, tmp_path: Path) -> None:
    """Its fingerprint stays in the folder, and identical ones are told by the first of them."""
    same, twin = grey(films[0]), grey(films[0])
    twin.info["icc_profile"] = b"the same pixels in another file"
    one = prepared(tmp_path / "one", {"left": (same, "train"), "kept": (twin, "test")}).out
    other = prepared(tmp_path / "two", {"copy": (grey(films[0]), "train")}).out
    leaks = inspect_folders([one, other]).failing
    assert ("kept", "copy") in {(leak.first, leak.second) for leak in leaks}


def test_report_text_that_training_holds_is_told(films, tmp_path: Path) -> None:
    root, words = tmp_path / "raw", "The heart is a little large and the left base is not clear."
    root.mkdir()
    records = []
    for number, split in enumerate(("train", "test")):
        film = grey(films[number])
        film.save(root / f"{number}.png")
        size = film.size
        turn = Turn(
            task="report",
            question="?",
            expects=Free(),
            answer=Text(text=words.upper() * number or words),
        )
        image = Image(path=f"{number}.png", width=size[0], height=size[1])
        records.append(
            Record(
                id=f"r{number}",
                dataset="d",
                patient=f"p{number}",
                study="s",
                split=split,
                images=(image,),
                turns=(turn,),
            )
        )
    write_records(root / "records.jsonl", records)
    (leak,) = prepare("jsonl", root, tmp_path / "out").leaks.texts
    assert (leak.record, leak.training) == ("r1", "r0")


def test_a_patient_of_two_sets_of_a_family_is_found_without_a_common_picture(
    films, tmp_path: Path
) -> None:
    """The pictures differ; the derived set spells the patient another way."""
    parent = {"10999951": (grey(films[0]), "train"), "10999952": (grey(films[1]), "train")}
    one = prepared(tmp_path / "one", parent, "mimic_cxr").out
    other = prepared(tmp_path / "two", {"p10999951": (grey(films[2]), "test")}, "radialog").out
    report = inspect_folders([one, other])
    assert report.images == ()
    (leak,) = report.patients
    assert (leak.first, leak.second) == ("of 10999951", "of p10999951")
    with pytest.raises(InputError, match="1 pairs of records are of one patient in two splits"):
        gate(report)
    gate(inspect_folders([one]))
    gate(inspect_folders([other]))


def test_a_copied_report_is_found_between_folders(films, tmp_path: Path) -> None:
    words = "The left lung is smaller than the right one because its upper lobe was taken out. "
    words += "A drain of twelve French lies along the aortic arch and ends beside the fourth rib. "
    words += "Beneath it there is a pocket of air as wide as two fingers, and no fluid in it."
    folders = []
    for number, split in enumerate(("train", "test")):
        root = tmp_path / f"raw{number}"
        root.mkdir()
        film = grey(films[number])
        film.save(root / "film.png")
        said = words.upper() if number else words
        turn = Turn(task="report", question="?", expects=Free(), answer=Text(text=said))
        record = Record(
            id=f"r{number}",
            dataset="d",
            patient=f"p{number}",
            study="s",
            split=split,
            images=(Image(path="film.png", width=film.width, height=film.height),),
            turns=(turn,),
        )
        write_records(root / "records.jsonl", [record])
        folders.append(prepare("jsonl", root, tmp_path / f"out{number}").out)
    gate(inspect_folders(folders[:1]))
    with pytest.raises(InputError, match=r"1 copies of evaluated reports .*'r1' \(test\).*in 'r0'"):
        gate(inspect_folders(folders))


def test_pixels_are_not_compared_by_file_name(films, tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    pictures = {
        f"p{n}": (Picture.fromarray(noise.integers(0, 255, (60, 70), np.uint8)), "train")
        for n in range(8)
    }
    assert prepared(tmp_path, pictures).leaks.images == ()
