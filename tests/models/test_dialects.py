"""The laws of codecs, with the tokenizer and the dialect that each family brings."""

import random
from typing import Any

import pytest
from transformers import AddedToken

from diascope.answers import Box, Boxes, Number
from diascope.codecs.boxes_json import BoxesJson
from diascope.codecs.boxes_loc import BoxesLoc
from diascope.codecs.codec import Codec
from diascope.codecs.dialect import Dialect
from diascope.codecs.whole_number import WholeNumber
from diascope.geometry import Size
from diascope.models.gemma3 import PIXELS
from diascope.models.paligemma import PaliGemma
from diascope.models.transformer import Transformer

from ..codecs.conftest import LOC, Laws, Vocabulary  # noqa: TID252 - tests are no package

SIZE = Size(300, 200)
LABELS = ("nodule", "pleural effusion")
ANSWERS = [
    Boxes(boxes=()),
    Boxes(boxes=(Box(label="nodule", x0=10.0, y0=20.0, x1=90.0, y1=120.0),)),
    Boxes(
        boxes=(
            Box(label="nodule", x0=0.0, y0=0.0, x1=300.0, y1=200.0),
            Box(label="pleural effusion", x0=150.0, y0=77.0, x1=151.0, y1=78.0),
        )
    ),
]


def boxes(model: Transformer, dialect: Dialect) -> Codec[Any]:
    placed = model.canvas_map(SIZE)
    if dialect.name == "loc":
        return BoxesLoc(placed, LABELS, 3)
    return BoxesJson(placed, LABELS, 3, dialect.box_format, dialect.box_key)


def vocabulary(model: Transformer) -> Vocabulary:
    return Vocabulary(model.grammar_tokenizer(), model.token_id, model.encode)


def check(model: Transformer, codec: Codec[Any], answers: list[Any]) -> None:
    own = vocabulary(model)
    read = Laws(own, own, lambda codec: None).check(codec, answers, random.Random(0))
    assert read > len(answers)
    for answer in answers:
        text = codec.encode(answer)
        assert model.text([*model.encode(text), model.eos_id]) == text


def test_boxes_keep_the_laws(any_model: Transformer) -> None:
    check(any_model, boxes(any_model, any_model.dialect), ANSWERS)


def test_pixels_keep_them_too(gemma_3: Transformer) -> None:
    check(gemma_3, boxes(gemma_3, PIXELS), ANSWERS)
    text = boxes(gemma_3, PIXELS).encode(ANSWERS[1])
    assert text == '[{"bbox":[10,20,90,120],"label":"nodule"}]'


def test_numbers_are_written_in_every_vocabulary(any_model: Transformer) -> None:
    answers = [Number(value=value, unit="mm") for value in (0.0, 17.0, 300.0)]
    check(any_model, WholeNumber(0, 300, "mm"), answers)


@pytest.mark.parametrize("special", [False, True])
def test_location_tokens_may_be_special_or_not(special: bool) -> None:
    """Of published tokenizers some mark them so and some do not."""
    from .twins import paligemma_2

    model: PaliGemma = paligemma_2.__wrapped__()
    words = model.tokenizer
    tokens = [AddedToken(each, special=special, normalized=False) for each in LOC]
    words.add_tokens(tokens, special_tokens=special)
    check(model, boxes(model, model.dialect), ANSWERS)
