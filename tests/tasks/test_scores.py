"""What every task owes: gold is best, an invalid reply worst, shuffled gold chance."""

import numpy as np
import pytest

from diascope.answers import Answer, Box, Boxes, Choice, Number, Text
from diascope.codecs.dialect import Dialect
from diascope.expectations import BoxSpace, Free, Options, Range
from diascope.geometry import Size
from diascope.tasks import task
from diascope.tasks.chance import SHUFFLES, chance_level, dealt
from diascope.tasks.task import Task

NAMES = [
    "classification", "counting", "detection", "grounding", "instance_detection",
    "multilabel", "regression", "report", "segmentation", "vqa",
]  # fmt: skip
BEST = {"counting": 0.0, "regression": 0.0}
WORST = {"counting": 30.5, "regression": 11.2}  # mean distance to the farther bound, about
CEILING = {"detection": 1.0, "segmentation": 0.95, "grounding": 0.95}


def score(chosen: Task, cases, answers) -> float:
    rows = [chosen.measure(*pair) for pair in zip(cases, answers, strict=True)]
    return chosen.summarise(rows)[chosen.primary]


@pytest.mark.parametrize("name", NAMES)
def test_gold_scores_the_maximum(name, draw_cases):
    cases = draw_cases(name)
    assert score(task(name), cases, [c.truth for c in cases]) == BEST.get(name, 1.0)


@pytest.mark.parametrize("name", NAMES)
def test_an_invalid_reply_is_never_better_than_any_other(name, draw_cases):
    chosen, cases = task(name), draw_cases(name)
    worst = score(chosen, cases, [None] * len(cases))
    assert worst == pytest.approx(WORST.get(name, 0.0), abs=1.5 if name in WORST else 0)
    for case in cases[:10]:
        for other in cases[:10]:
            invalid, valid = (score(chosen, [case], [reply]) for reply in (None, other.truth))
            assert invalid >= valid if not chosen.higher_is_better else not invalid > valid


@pytest.mark.parametrize("name", NAMES)
def test_shuffled_gold_scores_near_chance(name, draw_cases):
    chosen, cases = task(name), draw_cases(name, 600)
    rng = np.random.default_rng(1)
    shuffled = [cases[i].truth for i in rng.permutation(len(cases))]
    slack = 0.06 * max(1.0, WORST.get(name, 1.0))
    level = chance_level(chosen, cases, seed=0)
    assert score(chosen, cases, shuffled) == pytest.approx(level, abs=slack)
    if name in SHUFFLED:
        assert level == pytest.approx(SHUFFLED[name], abs=slack)


# Of independent draws: MAE a third of the range, example F1 over all pairs of subsets of three.
SHUFFLED = {
    "counting": 40 / 3, "regression": 5.0, "multilabel": 0.419, "detection": 0.0,
    "instance_detection": 0.07, "segmentation": 0.1, "grounding": 0.1, "report": 0.6,
}  # fmt: skip


def test_chance_is_the_share_of_each_true_option(make_case):
    def case(task_name: str, options: str, option: str):
        expects = Options(options=tuple(options))
        return make_case(task_name, "?", expects, Choice(option=option))

    cases = [case("classification", "ab", "a"), case("classification", "ab", "a")]
    cases += [case("classification", "abcd", "c")]
    assert task("classification").chance(cases) == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert task("vqa").chance(cases) == pytest.approx((1 / 2 + 1 / 2 + 1 / 4) / 3)
    words = make_case("vqa", "?", Free(), Text(text="a"))
    assert task("vqa").chance([*cases, words]) is None
    assert task("vqa").chance([]) is None
    assert task("classification").chance([]) is None
    chosen = task("classification")
    assert chance_level(chosen, cases, seed=0) == chosen.chance(cases)
    assert chance_level(chosen, [], seed=0) is None


def test_chance_deals_every_case_the_truth_of_another(make_case):
    def case(number: float, high: float = 9.0):
        return make_case("counting", "?", Range(high=high), Number(value=number))

    cases = [case(0), case(3), case(6), case(5, high=7.0)]
    pairs = list(dealt(cases, seed=0))
    assert len(pairs) == SHUFFLES * 3  # the fourth is alone in what it expects
    assert all(reply != asked.truth for asked, reply in pairs)
    assert chance_level(task("counting"), [case(0), case(3)], seed=0) == 3.0
    assert chance_level(task("counting"), [case(0)], seed=0) is None


def test_places_are_dealt_in_shares_of_the_image(make_case):
    """The same place in images of two sizes: chance would be lower in the other image's pixels."""

    def case(width: int, height: int):
        box = Box(label="a", x0=width / 4, y0=0, x1=width / 2, y1=height / 2)
        expects = BoxSpace(labels=("a",), limit=1)
        return make_case("grounding", "?", expects, Boxes(boxes=(box,)), size=Size(width, height))

    assert chance_level(task("grounding"), [case(100, 80), case(300, 60)], seed=0) == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_gold_through_encode_and_parse_gives_the_ceiling(name, draw_cases, dialect, canvas):
    chosen, cases = task(name), draw_cases(name)
    replies: list[Answer] = []
    for case in cases:
        codec = chosen.codec(case.turn, dialect, canvas)
        text = codec.encode(chosen.order(case.truth))
        assert codec.grammar().matches(text)
        replies.append(codec.parse(text))
    value = score(chosen, cases, replies)
    if name in CEILING:
        assert value >= CEILING[name]
    else:
        assert value == BEST.get(name, 1.0)


def test_location_tokens_keep_boxes_and_polygons(draw_cases, canvas):
    for name, least in (("grounding", 0.98), ("segmentation", 0.95)):
        chosen, cases = task(name), draw_cases(name)
        codecs = [chosen.codec(case.turn, Dialect(name="loc"), canvas) for case in cases]
        kept = [codec.snap(chosen.order(c.truth)) for codec, c in zip(codecs, cases, strict=True)]
        assert score(chosen, cases, kept) >= least
