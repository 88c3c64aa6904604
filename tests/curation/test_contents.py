"""Contents count labels by status, measure answers task by task, and gather what is odd."""

from diascope.answers import Box, Boxes, Choice, Labels, Number, Text
from diascope.codecs.dialect import Dialect
from diascope.curation.contents import Contents, Reader
from diascope.curation.conventions import Conventions
from diascope.curation.tokens import Family
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


def test_tokens_conventions_and_anomalies_are_part_of_it() -> None:
    reader = Reader({"letters": Family(len, Dialect(name="loc"))})
    boxes = Boxes(boxes=(Box(label="a", x0=0, y0=0, x1=4, y1=9),))
    alike = Options(options=("left lung", "Left lung"))
    asks = record(
        "train",
        asked("detection", BoxSpace(labels=("a",)), boxes),
        asked("vqa", alike, Choice(option="left lung")),
    )
    conventions = Conventions()
    conventions.add(asks)
    reader.add(asks)
    found = reader.contents(conventions.survey().conventions)
    assert [(each.family, each.task) for each in found.budgets] == [
        ("letters", "detection"),
        ("letters", "vqa"),
    ]
    assert [each.boxes for each in found.conventions] == [1]
    assert ["differ in case" in each.what for each in found.anomalies] == [True]
    assert Contents.model_validate_json(found.model_dump_json()) == found


def test_the_shipped_family_is_counted_where_none_is_named() -> None:
    reader = Reader()
    reader.add(record("train", asked("report", Free(), Text(text="12345"))))
    assert [each.family for each in reader.contents().budgets] == ["tiny"]
    reader = Reader({})
    reader.add(record("train", asked("report", Free(), Text(text="12345"))))
    assert reader.contents().budgets == ()
