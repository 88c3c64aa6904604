"""Paired differences between two sets of predictions."""

import pytest

from diascope.answers import Choice, Number
from diascope.errors import InputError
from diascope.scoring.compare import compare


def test_positive_means_that_the_first_is_better(predict, nodule):
    truth = predict("truth", {})
    far = {f"c{n}#1": Number(value=10) for n in (1, 2, 3, 4)}
    far |= {f"c{n}#2": nodule(170) for n in (1, 2, 3, 4)}
    wrong = predict("wrong", far | {"c1#0": Choice(option="B")})
    there, back = compare(truth, wrong), compare(wrong, truth)
    assert (there.first, there.second) == ("truth", "wrong")
    counting = there.task("counting")
    assert counting.difference.value == pytest.approx(6.25)
    assert counting.difference.low > 0
    assert counting.verdict == "better"
    assert back.task("counting").difference.value == pytest.approx(-6.25)
    assert back.task("counting").verdict == "worse"
    assert back.task("counting").difference.low == pytest.approx(-counting.difference.high)
    assert there.task("detection").difference.low > 0
    assert back.task("detection").difference.high < 0
    assert there.task("classification").difference.value == pytest.approx(0.25)
    assert there.task("classification").verdict == "unclear"
    assert (counting.n, counting.patients) == (4, 3)


def test_a_set_with_itself_differs_by_nothing(predict):
    folder = predict("some", {"c1#0": Choice(option="B")})
    for task in compare(folder, folder).tasks:
        assert task.difference.model_dump() == {"value": 0.0, "low": 0.0, "high": 0.0}
        assert task.verdict == "unclear"


def test_pairing_narrows_the_interval(predict):
    errors = {f"c{n}#1": Number(value=v) for n, v in ((1, 10), (2, 5), (3, 4), (4, 10))}
    almost = errors | {"c3#1": Number(value=5)}
    found = compare(predict("one", errors), predict("two", almost)).task("counting")
    wide = found.first.high - found.first.low
    assert found.difference.high - found.difference.low < wide / 2


def test_only_cases_that_both_were_asked_are_compared(predict):
    all_of_them = predict("all", {})
    few = predict("few", {"c2#0": None}, tasks=("classification",), limit=3)
    comparison = compare(all_of_them, few)
    assert [task.task for task in comparison.tasks] == ["classification"]
    found = comparison.tasks[0]
    assert found.n == 3
    assert found.second.value == pytest.approx(0.75)  # a missing reply is invalid, not left out


def test_other_records_cannot_be_compared(predict):
    other = predict("other", {}, records_sha256="0" * 64)
    with pytest.raises(InputError, match="is not the record file"):
        compare(predict("one", {}), other)


def test_sets_of_other_pixels_cannot_be_compared(predict):
    one = predict("one", {}, render_profile="0" * 16)
    other = predict("other", {}, render_profile="1" * 16)
    with pytest.raises(InputError, match="predict one of them again"):
        compare(one, other, resamples=10)
    assert compare(one, predict("old", {}), resamples=10).tasks
