"""Contents count labels by status and measure answers, task by task."""

from diascope.answers import Box, Boxes, Choice, Labels, Number, Text
from diascope.curation.contents import Reader
from diascope.expectations import BoxSpace, Free, LabelSet, Options, Range
from diascope.records import Image, Record, Turn


def record(split: str, *turns: Turn) -> Record:
    return Record(
        id=split,
        dataset="d",
        patient="p",
        study="s",
        split=split,
        images=(Image(path="a.png", width=30, height=20),),
        turns=turns,
    )


def asked(task, expects, answer) -> Turn:
    return Turn(task=task, question="?", expects=expects, answer=answer)


def test_labels_are_counted_by_task_split_and_status() -> None:
    reader = Reader()
    labels = LabelSet(labels=("a", "b"))
    yes = Labels(present=("a",), absent=("b",))
    maybe = Labels(absent=("b",), uncertain=("a",))
    reader.add(
        record("train", asked("multilabel", labels, yes), asked("multilabel", labels, maybe))
    )
    reader.add(record("val", asked("vqa", Options(options=("x", "y")), Choice(option="y"))))
    found = [
        (each.task, each.split, each.label, each.present, each.absent, each.uncertain)
        for each in reader.contents().labels
    ]
    assert found == [
        ("multilabel", "train", "a", 1, 0, 1),
        ("multilabel", "train", "b", 0, 2, 0),
        ("vqa", "val", "y", 1, 0, 0),
    ]


def test_answers_and_images_are_measured() -> None:
    reader = Reader()
    boxes = Boxes(boxes=(Box(label="a", x0=0, y0=0, x1=4, y1=9),))
    reader.add(
        record(
            "train",
            asked("report", Free(), Text(text="12345")),
            asked("detection", BoxSpace(labels=("a",)), boxes),
            asked("regression", Range(high=9, unit="mm"), Number(value=3, unit="mm")),
            asked("counting", Range(high=9), None),
        )
    )
    found = {(each.task, each.what): each.largest for each in reader.contents().spreads}
    assert found == {
        ("report", "characters"): 5,
        ("detection", "boxes"): 1,
        ("detection", "shorter side of a box, pixels"): 4,
        ("regression", "value, mm"): 3,
    }
    assert [each.largest for each in reader.contents().image_sizes] == [30, 20]
