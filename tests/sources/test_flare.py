"""FLARE: every habit of its files is read, and what cannot be read is told with file and row."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from diascope.answers import Boxes, Choice, Labels, Number, Text
from diascope.errors import InputError
from diascope.expectations import BoxSpace, Free, LabelSet, Options, Range
from diascope.geometry import BoxFormat
from diascope.records import Record
from diascope.sources import source
from diascope.sources.flare import SOURCE
from diascope.sources.misread import MisreadBoxes
from diascope.sources.source import Problem
from diascope.tasks.checks import problems

CORNERS = "Give the bounding box of the left lung as [x_min, y_min, x_max, y_max]."
CELLS = "Locate all cells. Return a JSON mapping cell types (RBC, WBC) to boxes in {} format"


def row(task: str, question: str, answer: Any, image: Any = "imagesTr/a.png", **more: Any) -> Any:
    asked = {"TaskType": task, "ImageName": image, "Question": question, "Answer": answer}
    return asked | {"Modality": "X-ray", "Split": "train"} | more


def write(
    root: Path,
    rows: list[Any],
    dataset: str = "set",
    split: str = "training",
    name: str = "questions_train",
    images: tuple[str, ...] = ("imagesTr/a.png",),
) -> Path:
    folder = root / split / "Xray" / dataset
    for image in images:
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((80, 100), np.uint8)).save(folder / image)
    (folder / f"{dataset}_{name}.json").write_text(json.dumps(rows))
    return root


def read(root: Path) -> list[Record | Problem]:
    return list(SOURCE.read(root))


def records(root: Path) -> list[Record]:
    found = read(root)
    assert [item for item in found if isinstance(item, Problem)] == []
    return [item for item in found if isinstance(item, Record)]


def only(root: Path, rows: list[Any]) -> Any:
    """The turn of the first row."""
    return records(write(root, rows))[0].turns[0]


def reason(root: Path, rows: list[Any], place: int = 1) -> str:
    """Why the row at `place` cannot be read; the others can."""
    (problem,) = [item for item in read(write(root, rows)) if isinstance(item, Problem)]
    assert (problem.file, problem.row) == ("training/Xray/set/set_questions_train.json", place)
    return problem.reason


def test_a_record_says_where_it_came_from(tmp_path: Path) -> None:
    question = "Is it? A: Yes, B: No"
    (record,) = records(write(tmp_path, [row("classification", question, "B")]))
    assert source("flare") is SOURCE
    assert record.id == "training/Xray/set/set_questions_train/1"
    assert (record.dataset, record.split, record.study) == ("set", "train", "a")
    assert record.images[0].path == "training/Xray/set/imagesTr/a.png"
    assert record.images[0].size == (100, 80)
    assert record.metadata["category"] == "Xray"
    assert record.metadata["row"] == "1"
    assert record.turns[0].question == question


@pytest.mark.parametrize("answer", ["B", "B.", "No", "no ", "(B)"])
def test_an_answer_is_a_letter_or_a_text(tmp_path: Path, answer: str) -> None:
    turn = only(tmp_path, [row("classification", "Is it? A: Yes, B: No", answer)])
    assert turn.expects == Options(options=("Yes", "No"), style="letters")
    assert turn.answer == Choice(option="No")


def test_free_text_answers_of_a_classification_become_its_options(tmp_path: Path) -> None:
    rows = [row("classification", "Which?", text) for text in ("Mass", "Both", "Mass")]
    turns = [record.turns[0] for record in records(write(tmp_path, rows))]
    assert turns[0].expects == Options(options=("Both", "Mass"))
    assert [turn.answer for turn in turns] == [Choice(option=o) for o in ("Mass", "Both", "Mass")]


def test_options_come_from_training_alone(tmp_path: Path) -> None:
    write(tmp_path, [row("classification", "Which?", text) for text in ("Mass", "Both")])
    other = row("classification", "Which?", "Other", image="imagesVal/b.png", Split="val")
    write(
        tmp_path,
        [other],
        split="validation-public",
        name="questions_val_withGT",
        images=("imagesVal/b.png",),
    )
    (problem,) = [item for item in read(tmp_path) if isinstance(item, Problem)]
    assert "'Other' is not among the options: Both; Mass" in problem.reason


def test_many_free_text_answers_are_a_vqa(tmp_path: Path) -> None:
    rows = [row("classification", "What?", f"answer {number}") for number in range(31)]
    turn = only(tmp_path, rows)
    assert turn.task == "vqa"
    assert isinstance(turn.expects, Free)
    assert turn.answer == Text(text="answer 0")


WITH_COMMAS = "Endodontic Treatment, Restorative Treatment, and Complications"


@pytest.mark.parametrize(
    "question",
    [
        f"Which hold, parted by a semicolon: Dental Caries; {WITH_COMMAS}; Lesions",
        f"Labels: Dental Caries; {WITH_COMMAS}; Lesions. Which of them hold?",
        f"Which hold?\nOptions: Dental Caries; {WITH_COMMAS}; Lesions\nReply with labels.",
        f"Which hold? Separate with ';': Dental Caries; {WITH_COMMAS}; Lesions.",
        f"Which hold? Choose from: Dental Caries, {WITH_COMMAS}, Lesions",
        f"Which hold? A: Dental Caries; B: {WITH_COMMAS}; C: Lesions",
    ],
)
def test_labels_with_commas(tmp_path: Path, question: str) -> None:
    rows = [
        row("multi-label classification", question, f"Lesions; {WITH_COMMAS}"),
        row("multi-label classification", question, WITH_COMMAS),
        row("multi-label classification", question, ["lesions", "Dental Caries"]),
    ]
    turns = [record.turns[0] for record in records(write(tmp_path, rows))]
    assert turns[0].expects == LabelSet(labels=("Dental Caries", WITH_COMMAS, "Lesions"))
    present = [turn.answer.present for turn in turns if isinstance(turn.answer, Labels)]
    assert present == [(WITH_COMMAS, "Lesions"), (WITH_COMMAS,), ("Dental Caries", "Lesions")]
    assert isinstance(turns[1].answer, Labels)
    assert turns[1].answer.absent == ("Dental Caries", "Lesions")


def test_a_label_for_nothing_is_the_empty_set(tmp_path: Path) -> None:
    question = "Select all that apply: Mass; Nodule; No finding"
    turn = only(tmp_path, [row("Multi-label Classification", question, "No finding")])
    assert turn.expects == LabelSet(labels=("Mass", "Nodule"), none="No finding")
    assert turn.answer == Labels(absent=("Mass", "Nodule"))
    both = reason(tmp_path, [row("Multi-label Classification", question, "Mass; No finding")])
    assert "says that there are none" in both
    other = reason(tmp_path, [row("Multi-label Classification", question, "Hernia")])
    assert "'Hernia' is not among" in other


def test_a_box_is_labelled_by_the_question(tmp_path: Path) -> None:
    turn = only(tmp_path, [row("Detection", CORNERS, [[10, 20, 30, 60]])])
    assert turn.expects == BoxSpace(labels=("left lung",), limit=4, format=BoxFormat())
    (box,) = turn.answer.boxes
    assert (box.label, *box.corners) == ("left lung", 10, 20, 30, 60)


def test_several_boxes_and_none(tmp_path: Path) -> None:
    rows = [row("detection", CORNERS, a) for a in ([[1, 2, 3, 4]] * 3, "[1,2,3,4]; [5,6,7,8]", [])]
    turns = [record.turns[0] for record in records(write(tmp_path, rows))]
    assert [len(turn.answer.boxes) for turn in turns if isinstance(turn.answer, Boxes)] == [3, 2, 0]
    assert {turn.expects.limit for turn in turns if isinstance(turn.expects, BoxSpace)} == {7}


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Give the bounding box of the left lung.", "states no box convention"),
        ("Box of the lung as [x, y, z, t].", "states no box convention"),
        (f"{CORNERS} Or [x, y, width, height].", "more than one box convention"),
        (f"{CORNERS} Normalized to the image.", "scaled boxes"),
    ],
)
def test_a_convention_that_is_not_stated_is_never_guessed(
    tmp_path: Path, question: str, why: str
) -> None:
    assert why in reason(tmp_path, [row("detection", question, [[1, 2, 3, 4]])])


UNSTATED = "Give the bounding box of the left lung."


def test_an_unstated_convention_is_that_of_all_other_questions(tmp_path: Path) -> None:
    sizes = "Box of the right lung as [x, y, width, height]."
    rows = [row("detection", each, [[10, 20, 30, 60]]) for each in (sizes, UNSTATED, sizes)]
    stated, unstated, _ = records(write(tmp_path, rows))
    assert unstated.turns[0].answer.boxes[0].corners == (10, 20, 40, 80)
    assert unstated.turns[0].expects.format == BoxFormat(order="xywh")
    assert "box_convention" not in stated.metadata
    assert unstated.metadata["box_convention"].startswith("xywh, as the other questions")


@pytest.mark.parametrize(
    "others",
    [
        (),
        ("Box as [x, y, width, height].", CORNERS),
        (CORNERS, f"{CORNERS} Normalized to the image."),
        (CORNERS, f"{CORNERS} Or [x, y, width, height]."),
    ],
)
def test_and_where_they_do_not_agree_it_stays_a_problem(
    tmp_path: Path, others: tuple[str, ...]
) -> None:
    rows = [row("detection", each, [[1, 2, 3, 4]]) for each in (UNSTATED, *others)]
    problems_found = [item for item in read(write(tmp_path, rows)) if isinstance(item, Problem)]
    assert "states no box convention" in problems_found[0].reason


def test_a_scaled_question_never_takes_the_convention_of_the_others(tmp_path: Path) -> None:
    scaled = "Give the normalized box of the left lung."
    rows = [row("detection", CORNERS, [[1, 2, 3, 4]]), row("detection", scaled, [[0, 0, 1, 1]])]
    assert "scaled boxes" in reason(tmp_path, rows, place=2)


def test_other_data_sets_lend_no_convention(tmp_path: Path) -> None:
    write(tmp_path, [row("detection", CORNERS, [[1, 2, 3, 4]])], dataset="other")
    assert "states no box convention" in reason(
        tmp_path, [row("detection", UNSTATED, [[1, 2, 3, 4]])]
    )


def test_boxes_without_area_keep_their_numbers(tmp_path: Path) -> None:
    write(tmp_path, [row("detection", CORNERS, [[10, 20, 30, 60], [91, 61, 8, 3]])])
    (problem,) = read(tmp_path)
    assert isinstance(problem, MisreadBoxes)
    assert "has no area when read as xyxy" in problem.reason
    assert problem.numbers == ((10, 20, 30, 60), (91, 61, 8, 3))
    assert (problem.dataset, problem.task, problem.image) == ("set", "detection", (100, 80))
    assert problem.format == BoxFormat()


def test_instances_by_type_in_either_convention(tmp_path: Path) -> None:
    corners = json.dumps({"WBC": [[10, 20, 30, 60]], "RBC": [[1, 2, 3, 4], [5, 6, 7, 8]]})
    sizes = {"WBC": [10, 20, 20, 40]}
    rows = [
        row("instance_detection", CELLS.format("[x_min, y_min, x_max, y_max]"), corners),
        row("instance_detection", CELLS.format("[x, y, width, height]"), sizes),
    ]
    first, second = (record.turns[0] for record in records(write(tmp_path, rows)))
    expects = BoxSpace(labels=("RBC", "WBC"), limit=7, format=BoxFormat(), by_class=True)
    assert first.expects == expects
    assert isinstance(first.answer, Boxes)
    assert isinstance(second.answer, Boxes)
    assert [box.label for box in first.answer.boxes] == ["RBC", "RBC", "WBC"]
    assert first.answer.boxes[2] == second.answer.boxes[0]


def test_types_that_the_question_does_not_list_come_from_training(tmp_path: Path) -> None:
    question = "Map chromosomes to boxes in [x, y, width, height] format"
    rows = [
        row("instance_detection", question, {"10": [[1, 1, 2, 2]], "2": [[1, 1, 2, 2]]}),
        row("instance_detection", question, {"X": [[1, 1, 2, 2]]}),
    ]
    expects = only(tmp_path, rows).expects
    assert isinstance(expects, BoxSpace)
    assert expects.labels == ("2", "10", "X")


def test_an_unknown_type(tmp_path: Path) -> None:
    rows = [row("instance_detection", CELLS.format("[x, y, w, h]"), {"EOS": [[1, 1, 2, 2]]})]
    assert "'EOS' is not among those of the question" in reason(tmp_path, rows)


@pytest.mark.parametrize(
    ("question", "answer", "value", "unit"),
    [
        ("Measure it in millimetres. Each pixel is 0.31 mm wide.", 131.1, 131.1, "mm"),
        ("What percentage of bone is resorbed?", "21.67%", 21.67, "%"),
        ("How much bone is resorbed?", "20 %", 20.0, "%"),
        ("Give the length in cm, with 0.1 mm pixels.", "1,024.5", 1024.5, "cm"),
        ("Give the angle of progression in degrees.", 95, 95.0, "degrees"),
        ("How old?", "-3", -3.0, None),
    ],
)
def test_numbers_and_units(
    tmp_path: Path, question: str, answer: Any, value: float, unit: str | None
) -> None:
    turn = only(tmp_path, [row("regression", question, answer)])
    assert turn.answer == Number(value=value, unit=unit)
    assert isinstance(turn.expects, Range)
    assert turn.expects.unit == unit
    assert turn.expects.low <= value <= turn.expects.high


def test_ranges_come_from_training_with_room_to_spare(tmp_path: Path) -> None:
    rows = [row("Regression", "In mm?", value) for value in (30, 33.3333333333333, "171.5%")]
    assert only(tmp_path, rows).expects == Range(low=0, high=350, decimals=2, unit="mm")
    counts = [row("Counting", "How many?", value) for value in (3, "27", 9.0)]
    turns = [record.turns[0] for record in records(write(tmp_path, counts))]
    assert turns[0].expects == Range(low=0, high=54)
    assert [turn.answer for turn in turns] == [Number(value=v) for v in (3, 27, 9)]


def test_reports(tmp_path: Path) -> None:
    turn = only(tmp_path, [row("Report_Generation", "Describe the heart.", "x" * 700)])
    assert turn.task == "report"
    assert turn.expects == Free(max_chars=1400)
    assert turn.answer == Text(text="x" * 700)


def test_several_images_are_one_record(tmp_path: Path) -> None:
    names = [f"imagesTr/{name}.png" for name in "cab"]
    rows = [
        row("classification", "Is it? A: Yes, B: No", "A", image=names),
        row("counting", "How many?", 3, image="imagesTr/c.png"),
        row("counting", "How many?", 3, image="imagesTr/d.png"),
    ]
    write(tmp_path, rows, images=(*names, "imagesTr/d.png"))
    together, alone, other = records(tmp_path)
    assert [Path(image.path).stem for image in together.images] == ["c", "a", "b"]
    assert together.patient == alone.patient == "Xray/a"
    assert other.patient == "Xray/d"


def test_boxes_over_several_images_are_not_guessed_at(tmp_path: Path) -> None:
    write(tmp_path, [], images=("imagesTr/b.png",))
    images = ["imagesTr/a.png", "imagesTr/b.png"]
    rows = [row("detection", CORNERS, [[1, 2, 3, 4]], image=images)]
    assert "several images" in reason(tmp_path, rows)


FOLDERS = {
    "train": ("training", "train"),
    "val": ("validation-public", "validation_public"),
    "hidden": ("validation-hidden", "validation_hidden"),
    "test": ("testing", "test"),
}


@pytest.mark.parametrize(
    ("folder", "split"), [(name, split) for split, names in FOLDERS.items() for name in names]
)
def test_splits_are_those_of_the_folders(tmp_path: Path, folder: str, split: str) -> None:
    stated = "train" if split == "train" else "validation"
    write(tmp_path, [row("counting", "How many?", 3, Split=stated)], split=folder)
    assert [record.split for record in records(tmp_path)] == [split]


def test_two_folders_of_one_split_are_both_read(tmp_path: Path) -> None:
    rows = [row("counting", "How many?", 3, Split="val")]
    for folder in ("val", "validation-public"):
        write(tmp_path, rows, split=folder)
    found = records(tmp_path)
    assert [record.split for record in found] == ["val", "val"]
    assert len({record.id for record in found}) == 2


def test_questions_that_lie_elsewhere_are_told(tmp_path: Path) -> None:
    rows = [row("counting", "How many?", 3)]
    write(tmp_path, rows)
    write(tmp_path, rows, split="notes")
    (tmp_path / "training" / "SET_Questions_train.json").write_text("[]")
    (tmp_path / "training" / "Xray" / "set" / "classes.json").write_text("{}")
    told = {item.file: item.reason for item in read(tmp_path) if isinstance(item, Problem)}
    stray = ["notes/Xray/set/set_questions_train.json", "training/SET_Questions_train.json"]
    assert list(told) == stray
    assert all("<split>/<Category>/<dataset>/" in why for why in told.values())


def test_a_slip_of_a_figure_spoils_its_own_row_alone(tmp_path: Path) -> None:
    rows = [row("counting", "How many?", count) for count in (3, 4, 10**18)]
    good, bad = read(write(tmp_path, rows))[:2], read(tmp_path)[2]
    assert [item.turns[0].expects for item in good if isinstance(item, Record)] == [
        Range(high=8.0)
    ] * 2
    assert isinstance(bad, Record)
    assert problems(bad.turns[0], bad.images[0].size)


def test_the_file_with_the_truth_goes_before_the_one_without(tmp_path: Path) -> None:
    known = row("counting", "How many?", 3, Split="val")
    asked = {key: value for key, value in known.items() if key != "Answer"}
    where = {"split": "validation-hidden"}
    write(tmp_path, [asked], name="questions_val", **where)
    (record,) = records(tmp_path)
    assert record.turns[0].answer is None
    write(tmp_path, [known], name="questions_val_withGT", **where)
    (answered,) = records(tmp_path)
    assert answered.turns[0].answer == Number(value=3)
    assert answered.id == record.id


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"TaskType": "Clasification"}, "unknown task 'Clasification', did you mean"),
        ({"ImageName": "imagesTr/no.png"}, "image 'imagesTr/no.png' is missing"),
        ({"ImageName": "../../../secret.png"}, "points out of its folder"),
        ({"ImageName": []}, "ImageName"),
        ({"ImageName": 3}, "ImageName"),
        ({"Question": ""}, "Question"),
        ({"Split": "val"}, "its Split is 'val'"),
        ({"Answer": None}, "has no answer"),
        ({"Answer": ""}, "has no answer"),
        ({"ImageName": "imagesTr/text.png"}, "text.png: not a PNG, JPEG or TIFF"),
    ],
)
def test_a_bad_row_is_a_problem_and_the_others_are_read(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    good = row("counting", "How many?", 3)
    write(tmp_path, [])
    (tmp_path / "training/Xray/set/imagesTr/text.png").write_text("not pixels")
    said = reason(tmp_path, [good, good | changes, good], place=2)
    assert why in said
    assert str(tmp_path) not in said
    assert len(read(tmp_path)) == 3


def test_an_image_may_lie_in_folders_or_be_named_without_its_own(tmp_path: Path) -> None:
    rows = [
        row("counting", "How many?", 3, image=name)
        for name in ("imagesTr/x/y/b.png", "x/y/b.png", "imagesTr\\x\\y\\b.png")
    ]
    write(tmp_path, rows, images=("imagesTr/x/y/b.png",))
    paths = {record.images[0].path for record in records(tmp_path)}
    assert paths == {"training/Xray/set/imagesTr/x/y/b.png"}


def test_zip_files_are_pointed_out(tmp_path: Path) -> None:
    write(tmp_path, [])
    (tmp_path / "training/Xray/set/imagesTr.zip").touch()
    rows = [row("counting", "How many?", 3, image="imagesTr/z.png")]
    assert "unpack the zip files" in reason(tmp_path, rows)


@pytest.mark.parametrize("content", ["{}", "[", "", "[3]"])
def test_a_file_that_is_no_list_of_questions(tmp_path: Path, content: str) -> None:
    write(tmp_path, [row("counting", "How many?", 3)])
    write(tmp_path, [], dataset="other")
    (tmp_path / "training/Xray/other/other_questions_train.json").write_text(content)
    found = read(tmp_path)
    (problem,) = [item for item in found if isinstance(item, Problem)]
    assert problem.file == "training/Xray/other/other_questions_train.json"
    assert problem.row == (1 if content == "[3]" else None)
    assert len(found) == 2


def test_a_folder_that_is_not_flare(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no FLARE questions here; expected training/"):
        read(tmp_path)


def test_bounds_ignore_what_cannot_be_read(tmp_path: Path) -> None:
    good, bad = read(write(tmp_path, [row("counting", "How many?", n) for n in (10, "many")]))
    assert isinstance(good, Record)
    assert good.turns[0].expects == Range(low=0, high=20)
    assert isinstance(bad, Problem)


@pytest.mark.real_data
def test_flare_mini_is_read_whole() -> None:
    root = Path(os.environ.get("DIASCOPE_DATA", "")) / "flare_mini"
    if not os.environ.get("DIASCOPE_DATA") or not root.is_dir():
        pytest.skip("DIASCOPE_DATA names no folder with flare_mini")
    found = read(root)
    assert [item for item in found if isinstance(item, Problem)] == []
    kinds = Counter((r.split, r.turns[0].task) for r in found if isinstance(r, Record))
    assert kinds == {
        ("train", "classification"): 429,
        ("train", "multilabel"): 372,
        ("train", "detection"): 376,
        ("train", "instance_detection"): 229,
        ("train", "counting"): 693,
        ("train", "regression"): 304,
        ("val", "classification"): 94,
        ("val", "multilabel"): 62,
        ("val", "detection"): 54,
        ("val", "instance_detection"): 57,
        ("val", "counting"): 124,
        ("val", "regression"): 46,
    }
    cells = [r.turns[0] for r in found if isinstance(r, Record) and r.dataset == "bloodcells"]
    formats = Counter(t.expects.format for t in cells if isinstance(t.expects, BoxSpace))
    assert formats == {BoxFormat(): 143, BoxFormat(order="xywh"): 143}
