from dataclasses import replace

import numpy as np
import pytest

from diascope.answers import Choice, Text
from diascope.errors import InputError
from diascope.expectations import Free, Options
from diascope.tasks import all_tasks, task
from diascope.tasks.task import asked, truth, weigh

TEN = {
    "classification", "multilabel", "detection", "instance_detection", "segmentation",
    "counting", "regression", "report", "vqa", "grounding",
}  # fmt: skip


def test_the_ten_tasks_are_found_and_cannot_be_changed():
    assert set(all_tasks()) == TEN
    assert all(name == found.name for name, found in all_tasks().items())
    with pytest.raises(TypeError):
        all_tasks()["mine"] = task("vqa")


def test_an_unknown_task_is_answered_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'segmentation'"):
        task("segmentaton")


def test_a_missing_column_is_zero():
    sums = weigh([{"n": 1.0, "a": 2.0}, {"n": 1.0}], np.array([1.0, 3.0]))
    assert sums == {"a": 2.0, "n": 4.0}


def test_sums_have_the_shape_of_the_resamples():
    sums = weigh([{"n": 1.0}, {"n": 1.0}], np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 0.5]]))
    np.testing.assert_array_equal(sums["n"], [2.0, 2.0, 0.5])


def test_each_row_weighs_one_unless_told(draw_cases):
    counting = replace(task("counting"), summarise_sums=lambda sums: {"n": sums["n"]})
    rows = [counting.measure(case, None) for case in draw_cases("counting", 3)]
    assert counting.summarise(rows) == {"n": 3.0}
    assert counting.summarise(rows, np.array([1.0, 0.0, 0.5])) == {"n": 1.5}


def test_nothing_to_summarise_is_an_error():
    with pytest.raises(ValueError, match="no rows"):
        task("vqa").summarise([])


@pytest.mark.parametrize("name", sorted(TEN))
def test_a_resample_equals_the_cases_drawn_in_it(name, draw_cases):
    """The bootstrap is the point value of the cases repeated: the promise of `summarise`."""
    chosen = task(name)
    cases = draw_cases(name, 6)
    replies = [cases[1].truth, None, *(case.truth for case in cases[2:])]
    rows = [chosen.measure(*pair) for pair in zip(cases, replies, strict=True)]
    weights = np.array([[1, 1, 1, 1, 1, 1], [2, 0, 0, 3, 0, 1], [0, 6, 0, 0, 0, 0]], dtype=float)
    together = chosen.summarise(rows, weights)
    for draw, each in enumerate(weights):
        repeated = [row for row, times in zip(rows, each, strict=True) for _ in range(int(times))]
        alone = chosen.summarise(repeated)
        for metric, value in together.items():
            assert value.shape == (3,)
            assert value[draw] == pytest.approx(alone[metric], nan_ok=True)
            assert isinstance(alone[metric], float)


@pytest.mark.parametrize("name", sorted(TEN))
def test_the_primary_metric_is_among_the_metrics(name, draw_cases):
    chosen = task(name)
    cases = draw_cases(name, 3)
    assert chosen.primary in chosen.summarise([chosen.measure(c, c.truth) for c in cases])


def test_a_wrong_kind_is_named_with_what_was_expected(make_case):
    case = make_case("classification", "What?", Free(), Text(text="cyst"))
    with pytest.raises(InputError, match="expects Options, not Free"):
        asked(case.turn, Options)
    with pytest.raises(InputError, match=r"r#0: .* is Text, not Choice"):
        truth(case, Choice)
    with pytest.raises(InputError, match="does not fit"):
        task("vqa").measure(make_case("vqa", "What?", Free(), Choice(option="a")), None)


def test_a_task_is_a_value():
    assert replace(task("vqa"), name="mine").name == "mine"
    with pytest.raises(AttributeError):
        task("vqa").name = "mine"
