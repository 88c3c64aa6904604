from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pixels

from diascope.answers import Box, Boxes, Choice, Labels, Mask, Masks, Number, Text
from diascope.expectations import BoxSpace, Free, LabelSet, MaskSpace, Options, Range
from diascope.geometry import iou
from diascope.records import Case, Image, Record, Turn
from diascope.scoring import pixels

SIZES = ((96, 64), (64, 80))


def case(root: Path, number: int, turn: Turn, drawn: np.ndarray, dataset: str = "d") -> Case:
    """One question about one picture, which is written beside."""
    name = f"{dataset}{number}.png"
    Pixels.fromarray(drawn.astype(np.uint8)).save(root / name)
    image = Image(path=name, width=drawn.shape[1], height=drawn.shape[0])
    record = Record(
        id=name, dataset=dataset, patient=name, study=name, split="train", images=(image,),
        turns=(turn,),
    )  # fmt: skip
    return Case(record, 0)


def square(rng: np.random.Generator, number: int) -> tuple[np.ndarray, Box]:
    """A bright square at one of many places on noise."""
    width, height = SIZES[number % 2]
    drawn = rng.uniform(0, 60, (height, width))
    x, y = rng.integers(5, width - 35), rng.integers(5, height - 35)
    drawn[y : y + 25, x : x + 25] += 150
    return drawn, Box(label="square", x0=float(x), y0=float(y), x1=float(x + 25), y1=float(y + 25))


def squares(root: Path, rng: np.random.Generator, count: int, make) -> list[Case]:
    made = []
    for number in range(count):
        drawn, box = square(rng, number)
        made.append(case(root, number, make(box), drawn))
    return made


def test_small_averages_areas(tmp_path: Path) -> None:
    drawn = np.zeros((64, 64))
    drawn[:2, :1] = 200
    one = case(tmp_path, 0, Turn(task="counting", question="?", expects=Range(high=1)), drawn)
    found = pixels.small(tmp_path / one.image.path)
    assert found.shape == (1024,)
    assert found[0] == pytest.approx(100 / 255)
    assert found[1:].sum() == 0


def test_options_and_labels_follow_brightness(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    choices, labels = [], []
    for number in range(80):
        side = number % 2
        drawn = rng.uniform(0, 200, (64, 64))
        drawn[:, 32 * side : 32 * side + 32] += 50
        option, other = ("left", "right") if side == 0 else ("right", "left")
        choice = Turn(
            task="classification", question="?", expects=Options(options=("left", "right")),
            answer=Choice(option=option),
        )  # fmt: skip
        known = Labels(present=(option,), absent=(other,))
        label = Turn(
            task="multilabel", question="?", expects=LabelSet(labels=("left", "right", "never")),
            answer=known,
        )  # fmt: skip
        choices.append(case(tmp_path, number, choice, drawn))
        labels.append(case(tmp_path, number, label, drawn, "e"))
    predict = pixels.fit(choices[:60] + labels[:60], tmp_path)
    assert [predict(one) for one in choices[60:]] == [one.truth for one in choices[60:]]
    answers = [predict(one) for one in labels[60:]]
    assert [a.present for a in answers if isinstance(a, Labels)] == [
        one.truth.present for one in labels[60:] if isinstance(one.truth, Labels)
    ]


def test_a_number_is_predicted_within_its_range(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    made = []
    for number in range(120):
        value = float(rng.uniform(0, 10))
        expects = Range(low=0, high=10, decimals=1, unit="mm")
        answer = Number(value=value, unit="mm")
        turn = Turn(task="regression", question="?", expects=expects, answer=answer)
        made.append(case(tmp_path, number, turn, rng.uniform(0, 50, (40, 40)) + 20 * value))
    predict = pixels.fit(made[:80], tmp_path)
    errors = []
    for one in made[80:]:
        answer, truth = predict(one), one.truth
        assert isinstance(answer, Number)
        assert isinstance(truth, Number)
        assert 0 <= answer.value <= 10
        assert answer.value == round(answer.value, 1)
        assert answer.unit == "mm"
        errors.append(abs(answer.value - truth.value))
    assert np.mean(errors) < 0.5


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_one_square_is_found_in_images_of_any_size(tmp_path: Path, task: str) -> None:
    rng = np.random.default_rng(2)

    def ask(box: Box) -> Turn:
        if task == "detection":
            expects, answer = BoxSpace(labels=("square",)), Boxes(boxes=(box,))
        else:
            x0, y0, x1, y1 = box.corners
            mask = Mask(label="square", polygon=((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
            expects, answer = MaskSpace(labels=("square",)), Masks(masks=(mask,))
        return Turn(task=task, question="?", expects=expects, answer=answer)

    made = squares(tmp_path, rng, 300, ask)
    predict = pixels.fit(made[:240], tmp_path)
    assert np.mean([iou(extent(predict(one)), extent(one.truth)) for one in made[240:]]) > 0.45


def extent(answer) -> tuple[float, float, float, float]:
    if isinstance(answer, Boxes):
        return answer.boxes[0].corners
    x, y = np.array(answer.masks[0].polygon).T
    return (x.min(), y.min(), x.max(), y.max())


def test_several_boxes_of_a_label_and_texts_come_from_the_nearest_picture(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    pictures = [rng.uniform(0, 255, (32, 32)) for _ in range(4)]
    made = []
    for number, drawn in enumerate(pictures):
        boxes = tuple(Box(label="c", x0=x, y0=0, x1=x + 2 + number, y1=4) for x in (0.0, 9.0))
        expects, answer = BoxSpace(labels=("c",)), Boxes(boxes=boxes)
        turn = Turn(task="detection", question="?", expects=expects, answer=answer)
        made.append(case(tmp_path, number, turn, drawn))
        text = Turn(task="report", question="?", expects=Free(), answer=Text(text=f"t{number}"))
        made.append(case(tmp_path, number, text, drawn, "e"))
    predict = pixels.fit(made, tmp_path)
    twice = np.kron(pictures[2], np.ones((2, 2)))
    near = case(tmp_path, 9, made[0].turn, twice)
    found = predict(near)
    assert isinstance(found, Boxes)
    assert [box.corners for box in found.boxes] == [(0, 0, 8, 8), (18, 0, 26, 8)]
    assert predict(case(tmp_path, 9, made[1].turn, twice, "e")) == Text(text="t2")


def test_vqa_questions_are_apart_and_a_strange_group_gets_the_baseline(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    yes_no = Options(options=("yes", "no"))
    made = []
    for number in range(40):
        drawn = rng.uniform(0, 200, (32, 32))
        bright = number % 2 == 0
        drawn[:16] += 50 * bright
        for question, flip in (("is it?", False), ("is it not?", True)):
            answer = Choice(option="yes" if bright != flip else "no")
            turn = Turn(task="vqa", question=question, expects=yes_no, answer=answer)
            made.append(case(tmp_path, number, turn, drawn))
    predict = pixels.fit(made[:60], tmp_path)
    assert [predict(one) for one in made[60:]] == [one.truth for one in made[60:]]
    stranger = case(tmp_path, 99, made[0].turn, drawn, "elsewhere")
    assert predict(stranger) in (Choice(option="yes"), Choice(option="no"))
    alone = Turn(task="counting", question="?", expects=Range(low=2, high=4))
    assert predict(case(tmp_path, 98, alone, drawn)) == Number(value=2)


def test_one_class_only_is_that_class(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    expects, answer = Options(options=("a", "b")), Choice(option="b")
    turn = Turn(task="classification", question="?", expects=expects, answer=answer)
    made = [case(tmp_path, number, turn, rng.uniform(0, 255, (32, 32))) for number in range(5)]
    assert pixels.fit(made[:4], tmp_path)(made[4]) == answer
