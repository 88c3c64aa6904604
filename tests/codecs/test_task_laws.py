"""The laws, for every task with everything that it may be asked in every dialect."""

import random
from itertools import product
from typing import Any

import pytest

from diascope.codecs.codec import Codec
from diascope.codecs.dialect import Dialect
from diascope.expectations import (
    BoxSpace,
    Expectation,
    FindingList,
    Free,
    LabelSet,
    MaskSpace,
    Options,
    Range,
)
from diascope.geometry import BoxFormat, CanvasMap, Size
from diascope.records import Turn
from diascope.tasks import all_tasks

NAMES = ("nodule", "effusion, small", 'the "wet" lung')
EXPECTATIONS: list[Expectation] = [
    Options(options=NAMES),
    Options(options=NAMES, style="letters"),
    LabelSet(labels=NAMES),
    FindingList(names=NAMES),
    Range(high=40),
    Range(low=-2.5, high=12, decimals=1, unit="cm"),
    BoxSpace(labels=NAMES, limit=3),
    BoxSpace(labels=NAMES, limit=2, format=BoxFormat(order="cxcywh"), by_class=True),
    MaskSpace(labels=NAMES, limit=2, vertices=6),
    Free(max_chars=30),
]
DIALECTS = [
    Dialect(name="loc"),
    Dialect(name="json"),
    Dialect(name="json", box_format=BoxFormat(order="xywh", space="percent"), box_key="bbox"),
]
CANVAS = CanvasMap.fit(Size(640, 480), Size(224, 224), "pad")


def codecs() -> dict[Codec[Any], list[str]]:
    """Every codec that a task writes with, and who asks for it: a task, a question, a dialect."""
    found: dict[Codec[Any], list[str]] = {}
    for name, task in all_tasks().items():
        for expects, dialect in product(EXPECTATIONS, DIALECTS):
            if isinstance(expects, task.accepts):
                turn = Turn(task=name, question="What?", expects=expects)
                codec = task.codec(turn, dialect, CANVAS)
                found.setdefault(codec, []).append(f"{name}/{dialect.name}")
    return found


CODECS = codecs()


def test_every_task_writes_in_every_dialect() -> None:
    asked = {pair for pairs in CODECS.values() for pair in pairs}
    assert asked == {f"{name}/{dialect}" for name in all_tasks() for dialect in ("loc", "json")}


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: " ".join(sorted(set(CODECS[codec]))))
def test_the_laws_hold_for(
    codec: Codec[Any], laws: Any, answers: Any, tiny_vocabulary: Any, gemma_vocabulary: Any
) -> None:
    seen = laws.check_many(codec, answers(codec))
    laws.check_walks(codec, random.Random(0))
    grammar = codec.grammar()
    for answer in seen[:3]:
        text = codec.encode(answer)
        laws.tokens(grammar, text, tiny_vocabulary, gemma_vocabulary)
        laws.check_slips(codec, text)
