"""Small records of every task, drawn from a seed."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from diascope.answers import Answer, Box, Boxes, Choice, Labels, Mask, Masks, Number, Text
from diascope.codecs.dialect import Dialect
from diascope.expectations import (
    BoxSpace,
    Expectation,
    Free,
    LabelSet,
    MaskSpace,
    Options,
    Range,
)
from diascope.geometry import BoxFormat, CanvasMap, Size
from diascope.records import Case, Image, Record, Turn

SIZE = Size(160, 120)
PERCENT = BoxFormat(order="xyxy", space="percent")
ORGANS = ("heart", "left lung", "effusion, small")
FINDINGS = ("clear lungs", "small effusion", "large heart", "no change", "thin bones")
Draw = Callable[[np.random.Generator], Answer]


def box(rng: np.random.Generator, label: str) -> Box:
    width, height = rng.integers(16, 60, 2)
    x0, y0 = rng.integers(0, SIZE.width - width), rng.integers(0, SIZE.height - height)
    return Box(label=label, x0=x0, y0=y0, x1=x0 + width, y1=y0 + height)


def boxes(rng: np.random.Generator, labels: tuple[str, ...], low: int, high: int) -> Boxes:
    number = rng.integers(low, high + 1)
    return Boxes(boxes=tuple(box(rng, str(label)) for label in rng.choice(labels, number)))


def mask(rng: np.random.Generator, label: str) -> Mask:
    around = box(rng, label)
    angles = np.arange(8) * np.pi / 4 + 0.1
    return Mask(
        label=label,
        polygon=tuple(
            (
                float((around.x0 + around.x1 + (around.x1 - around.x0) * np.cos(angle)) / 2),
                float((around.y0 + around.y1 + (around.y1 - around.y0) * np.sin(angle)) / 2),
            )
            for angle in angles
        ),
    )


def labels(rng: np.random.Generator) -> Labels:
    there = rng.random(len(ORGANS)) < 0.5
    return Labels(
        present=tuple(name for name, yes in zip(ORGANS, there, strict=True) if yes),
        absent=tuple(name for name, yes in zip(ORGANS, there, strict=True) if not yes),
    )


def report(rng: np.random.Generator) -> Text:
    return Text(text=". ".join(rng.choice(FINDINGS, 3, replace=False)).capitalize() + ".")


class Kind(NamedTuple):
    """How to draw cases of a task."""

    question: str
    expects: Expectation
    draw: Draw


OPTIONS = Options(options=("benign", "malignant", "normal", "cyst"), style="letters")
SPACE = BoxSpace(labels=("red cell", "white cell"), limit=8)
KINDS = {
    "classification": Kind(
        "What is it?", OPTIONS, lambda rng: Choice(option=str(rng.choice(OPTIONS.options)))
    ),
    "multilabel": Kind("What is there?", LabelSet(labels=ORGANS), labels),
    "detection": Kind("Find the cells.", SPACE, lambda rng: boxes(rng, SPACE.labels, 0, 3)),
    "instance_detection": Kind(
        "List the cells.", SPACE, lambda rng: boxes(rng, SPACE.labels, 3, 8)
    ),
    "segmentation": Kind(
        "Outline the organs.",
        MaskSpace(labels=("heart",)),
        lambda rng: Masks(masks=(mask(rng, "heart"),)),
    ),
    "counting": Kind(
        "How many cells?", Range(high=40), lambda rng: Number(value=float(rng.integers(41)))
    ),
    "regression": Kind(
        "How wide is the heart?",
        Range(low=5, high=20, decimals=1, unit="cm"),
        lambda rng: Number(value=round(rng.uniform(5, 20), 1), unit="cm"),
    ),
    "report": Kind("Describe the image.", Free(), report),
    "vqa": Kind(
        "Is it normal?",
        Options(options=("yes", "no")),
        lambda rng: Choice(option=str(rng.choice(["yes", "no"]))),
    ),
    "grounding": Kind(
        "the heart", BoxSpace(labels=("heart",)), lambda rng: boxes(rng, ("heart",), 1, 1)
    ),
}


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """A case of one turn, on an image of 160 x 120 unless told."""

    def make(
        task: str,
        question: str,
        expects: Expectation,
        answer: Answer | None,
        dataset: str = "set",
        size: Size = SIZE,
    ) -> Case:
        turn = Turn(task=task, question=question, expects=expects, answer=answer)
        image = Image(path="a.png", width=size.width, height=size.height)
        record = Record(
            id="r",
            dataset=dataset,
            patient="p",
            study="s",
            split="train",
            images=(image,),
            turns=(turn,),
        )
        return Case(record, 0)

    return make


@pytest.fixture
def draw_cases(make_case: Callable[..., Case]) -> Callable[..., list[Case]]:
    """So many cases of a task, drawn from a seed."""

    def draw(task: str, number: int = 40, seed: int = 0) -> list[Case]:
        rng, kind = np.random.default_rng(seed), KINDS[task]
        answers = [kind.draw(rng) for _ in range(number)]
        return [make_case(task, kind.question, kind.expects, answer) for answer in answers]

    return draw


@pytest.fixture(params=["loc", "json", "json in percent"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Every dialect that a family may speak."""
    if request.param == "json in percent":
        return Dialect(name="json", box_format=PERCENT, box_key="box")
    return Dialect(name=request.param)


@pytest.fixture
def canvas() -> CanvasMap:
    """The whole image stretched onto a square."""
    return CanvasMap.fit(SIZE, Size(224, 224), "stretch")
