"""Doubts go into the metadata of a record and come out with the image that each is about."""

from hypothesis import given
from hypothesis import strategies as st

from diascope.curation.doubts import KEY, doubted, noted
from diascope.expectations import Free
from diascope.records import Image, Record, Turn

IMAGES = tuple(Image(path=f"{name}.png", width=3, height=2) for name in "abcd")
SENTENCES = st.sampled_from(("made for processing: not shown", "says that it has text", "c: d: e"))


@given(st.lists(st.lists(SENTENCES, unique=True), min_size=4, max_size=4))
def test_what_goes_in_comes_out(doubts: list[list[str]]) -> None:
    turn = Turn(task="report", question="?", expects=Free())
    record = Record(
        id="r", dataset="d", patient="p", study="s", split="val", images=IMAGES, turns=(turn,),
        metadata={"other": "kept", KEY: "9: of an earlier time"},
    )  # fmt: skip
    told = noted(record, doubts)
    expected = [(image, each) for image, some in zip(IMAGES, doubts, strict=True) for each in some]
    assert list(doubted(told)) == expected
    assert told.metadata["other"] == "kept"
    assert (KEY in told.metadata) == bool(expected)


def test_lines_about_no_image_of_the_record_are_passed_over() -> None:
    turn = Turn(task="report", question="?", expects=Free())
    told = {KEY: "9: of another record\nnonsense\n2: doubtful"}
    record = Record(
        id="r", dataset="d", patient="p", study="s", split="val", images=IMAGES, turns=(turn,),
        metadata=told,
    )  # fmt: skip
    assert list(doubted(record)) == [(IMAGES[1], "doubtful")]
