import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from diascope.metrics.classification import accuracy, balanced_accuracy, row


def test_by_hand(total):
    sums = total([row("a", "a"), row("a", "b"), row("a", "a"), row("b", "c"), row("c", "c")])
    assert balanced_accuracy(sums) == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert accuracy(sums) == pytest.approx(3 / 5)


def test_an_invalid_reply_is_wrong_for_its_class(total):
    sums = total([row("a", "a"), row("a", None), row("b", "b")])
    assert balanced_accuracy(sums) == pytest.approx(0.75)


def test_a_class_that_does_not_occur_counts_neither_way(total):
    sums = total([row("a", "a"), row("b", "a")], weights=[2.0, 0.0])
    assert balanced_accuracy(sums) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_equals_sklearn(total, seed):
    rng = np.random.default_rng(seed)
    truth = rng.choice(list("abcd"), 60, p=[0.6, 0.2, 0.15, 0.05])
    reply = np.where(rng.random(60) < 0.5, truth, rng.choice(list("abcd"), 60))
    sums = total([row(*pair) for pair in zip(truth, reply, strict=True)])
    assert balanced_accuracy(sums) == pytest.approx(balanced_accuracy_score(truth, reply))
    assert accuracy(sums) == pytest.approx(accuracy_score(truth, reply))
