"""The audit: everything wrong with a record is said, and everything counted."""

import runpy
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from diascope.answers import Answer, Box, Boxes, Choice, Number, Text
from diascope.curation.audit import Auditor, Examined, Tally, excluded, unread
from diascope.curation.looks import Looks
from diascope.curation.prints import PrintWriter
from diascope.expectations import BoxSpace, Expectation, Free, Options, Range
from diascope.imaging.sandbox import DecodePool
from diascope.records import Image, Record, Turn
from diascope.sources import Problem

LUNG = Boxes(boxes=(Box(label="lung", x0=1, y0=1, x1=5, y1=5),))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.png"):
        pixels = rng.integers(0, 255, (60, 80), np.uint8)
        PIL.Image.fromarray(pixels).save(tmp_path / name)
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    return tmp_path


Audited = Callable[..., list[Examined]]


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool(workers=1) as workers:
        yield workers


@pytest.fixture
def audited(root: Path, pool: DecodePool) -> Iterator[Audited]:
    """What an auditor who knows no record yet says of these."""
    with closing(PrintWriter(root / "prints")) as prints:
        looks = Looks(lambda path: (root / path).read_bytes(), pool, prints)
        yield lambda *records: list(Auditor(looks).examine(records))


def turn(task: str, expects: Expectation, answer: Answer | None) -> Turn:
    return Turn(task=task, question="?", expects=expects, answer=answer)


REPORT = turn("report", Free(), Text(text="Normal."))


def record(*turns: Turn, **changes: Any) -> Record:
    image = Image(path="a.png", width=80, height=60)
    values: dict[str, Any] = {"id": "r", "dataset": "d", "patient": "p", "study": "s"}
    values |= {"split": "test", "images": (image,), "turns": turns or (REPORT,)}
    return Record(**(values | changes))


def test_a_good_record_gets_the_digest_of_its_images(audited: Audited) -> None:
    (examined,) = audited(record())
    assert examined.reasons == ()
    assert len(examined.record.images[0].sha256 or "") == 64
    (again,) = audited(examined.record)
    assert again.reasons == ()


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (Image(path="no.png", width=80, height=60), "no.png: there is no such file"),
        (Image(path="cut.png", width=80, height=60), "cut.png: truncated or damaged"),
        (
            Image(path="a.png", width=60, height=80),
            "is 80 x 60, its record says 60 x 80",
        ),
        (Image(path="a.png", width=80, height=60, sha256="0" * 64), "not the one that its sha256"),
        (Image(path="a.png", width=80, height=60, frame_index=3), "no such frame"),
    ],
)
def test_a_bad_image(root: Path, audited: Audited, image: Image, why: str) -> None:
    good = Image(path="b.png", width=80, height=60)
    (said,) = audited(record(images=(good, image)))[0].reasons
    assert why in said
    assert str(root) not in said


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (turn("clasification", Options(options=("a", "b")), None), "unknown task 'clasification'"),
        (turn("counting", Options(options=("a", "b")), None), "counting accepts Range"),
        (turn("classification", Options(options=("a", "b")), Choice(option="c")), "option 'c'"),
        (turn("counting", Range(high=5), Number(value=6)), "outside its range"),
        (turn("detection", BoxSpace(labels=("heart",)), LUNG), "label 'lung'"),
        (
            turn(
                "detection",
                BoxSpace(labels=("lung",)),
                Boxes(boxes=(Box(label="lung", x0=70, y0=50, x1=95, y1=60),)),
            ),
            "outside its image of 80 x 60",
        ),
    ],
)
def test_a_bad_answer(audited: Audited, asked: Turn, why: str) -> None:
    (said,) = audited(record(asked))[0].reasons
    assert why in said
    (second,) = audited(record(REPORT, asked))[0].reasons
    assert second.startswith("turn 2: ")


def test_training_needs_answers(audited: Audited) -> None:
    open_question = turn("report", Free(), None)
    (said,) = audited(record(open_question, split="train"))[0].reasons
    assert "no answer to learn from" in said
    assert audited(record(open_question, split="Training"))[0].reasons == (said,)
    assert audited(record(open_question, split="val"))[0].reasons == ()


def test_everything_wrong_is_said_at_once(audited: Audited) -> None:
    missing = Image(path="no.png", width=80, height=60)
    bad = record(turn("counting", Range(high=5), Number(value=6)), images=(missing, missing))
    assert len(audited(bad)[0].reasons) == 3


def test_an_exclusion_says_where_it_was() -> None:
    told = excluded(record(metadata={"file": "f.json", "row": "12"}), "why")
    assert str(told) == "f.json, row 12, r: why"
    assert str(excluded(record(), "why")) == "r: why"
    assert str(unread(Problem(file="f.json", row=None, reason="why"))) == "f.json: why"


def test_counts_are_of_questions_and_of_patients() -> None:
    tally = Tally()
    for number in range(5):
        changes = {"id": f"r{number}", "patient": f"p{number // 2}", "licence": "CC0-1.0"}
        tally.add(record(REPORT, REPORT, restricted=number == 0, **changes))
    tally.add(record(split="val", patient="p9"))
    audit = tally.audit([unread(Problem(file="f", row=1, reason="why"))])
    assert (audit.records, audit.cases, audit.patients, audit.images) == (6, 11, 4, 1)
    assert (audit.excluded, audit.restricted, audit.licences) == (1, 1, ("CC0-1.0", "unknown"))
    assert [(c.split, c.cases, c.patients) for c in audit.counts] == [
        ("test", 10, 3),
        ("val", 1, 1),
    ]


def test_doubts_about_images_are_counted_by_kind(audited: Audited, root: Path) -> None:
    planted = runpy.run_path(str(Path(__file__).with_name("planted_phi.py")))
    for name, intent in (("1", "FOR PROCESSING"), ("2", "FOR PROCESSING"), ("3", "")):
        dataset = planted["planted"]()
        dataset.PresentationIntentType, dataset.BurnedInAnnotation = intent, "YES"
        planted["write"](dataset, root / f"{name}.dcm")
    shown = [Image(path=f"{name}.dcm", width=32, height=24) for name in "123"]
    plain = Image(path="a.png", width=80, height=60)
    examined = audited(
        record(images=(shown[0], plain), id="1", metadata={"doubts": "nonsense"}),
        record(images=(plain, shown[1]), id="2"),
        record(images=(shown[1],), id="3"),
        record(images=(shown[2],), id="4"),
        record(metadata={"doubts": "nonsense"}, id="5"),
    )
    assert [each.reasons for each in examined] == [()] * 5
    notes = [each.record.metadata.get("doubts", "").split("\n") for each in examined]
    assert [[line[:19] for line in lines] for lines in notes] == [
        ["1: made FOR PROCESS", "1: says that it has"],
        ["2: made FOR PROCESS", "2: says that it has"],
        ["1: made FOR PROCESS", "1: says that it has"],
        ["1: says that it has"],
        [""],
    ]
    tally = Tally()
    for each in examined:
        tally.add(each.record)
    told = {doubt.what: doubt.images for doubt in tally.audit(()).doubts}
    assert sorted(told.values()) == [2, 3]
    assert told["made FOR PROCESSING: not the picture that a reader was shown"] == 2


def test_what_stands_in_for_a_raw_path_is_never_told(audited: Audited) -> None:
    name = "DOE^JANE/a.png/deidentified.png"
    (missing,) = audited(record(images=(Image(path=name, width=80, height=60),)))
    assert missing.reasons == (
        "its image: there is no such file; check the path and that it was copied",
    )
