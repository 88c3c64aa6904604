"""The figure for a document."""

import numpy as np
import pytest
from PIL import Image as Picture

from diascope.answers import Box, Boxes, Text
from diascope.errors import InputError
from diascope.expectations import BoxSpace, Free
from diascope.predictions import Invalid, Parsed, Prediction
from diascope.records import Image, Record, Turn
from diascope.reporting.figure import prediction_figure
from diascope.reporting.overlay import REPLY, TRUTH

BOX = Boxes(boxes=(Box(label="nodule", x0=10, y0=10, x1=40, y1=40),))


def record():
    return Record(
        id="r",
        dataset="d",
        patient="p",
        study="s",
        split="test",
        images=(Image(path="x.png", width=64, height=64),),
        turns=(
            Turn(
                task="detection",
                question="Find every nodule.",
                expects=BoxSpace(labels=("nodule",)),
                answer=BOX,
            ),
            Turn(task="report", question="Write the report.", expects=Free(max_chars=9000)),
        ),
    )


def reply(turn, outcome, text=""):
    return Prediction(record="r", turn=turn, task="x", text=text, outcome=outcome)


def colours(path):
    with Picture.open(path) as picture:
        return {colour for _, colour in picture.getcolors(1 << 24)}


def test_the_image_stands_beside_what_was_asked_and_said(tmp_path):
    pixels = np.full((64, 64), 90, np.uint8)
    replies = [reply(0, Parsed(answer=BOX)), reply(1, Parsed(answer=Text(text="Clear lungs.")))]
    path = prediction_figure(record(), replies, pixels, tmp_path / "figure.png")
    with Picture.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.size == (720 + 620, 720)
        assert picture.getpixel((2, 2)) == (90, 90, 90)
    assert {TRUTH.colour, REPLY.colour} <= colours(path)


def test_long_words_make_a_taller_figure_and_an_unreadable_reply_is_red(tmp_path):
    pixels = np.full((64, 64, 3), 90, np.uint8)
    long = reply(1, Parsed(answer=Text(text="Clear lungs. " * 120)))
    tall = prediction_figure(record(), [long], pixels, tmp_path / "tall.png")
    with Picture.open(tall) as picture:
        assert picture.height > 720
    bad = reply(1, Invalid(why="?"), "lungs lungs")
    assert (168, 32, 26) in colours(prediction_figure(record(), [bad], pixels, tmp_path / "b.png"))
    assert (168, 32, 26) not in colours(tall)


def test_a_restricted_record_is_drawn_only_where_it_is_asked_for(tmp_path):
    pixels, out = np.zeros((64, 64), np.uint8), tmp_path / "figure.png"
    kept = record().model_copy(update={"restricted": True})
    replies = [reply(0, Parsed(answer=BOX))]
    with pytest.raises(InputError, match="'r' is restricted: it is not drawn into a document"):
        prediction_figure(kept, replies, pixels, out)
    assert not out.exists()
    assert prediction_figure(kept, replies, pixels, out, include_restricted=True).is_file()
