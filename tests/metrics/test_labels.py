import numpy as np
import pytest
from sklearn.metrics import f1_score

from diascope.answers import Finding, Findings, Labels
from diascope.metrics.labels import (
    as_labels,
    example_f1,
    macro_f1,
    mean_example_f1,
    micro_f1,
    row,
)

ASKED = ("a", "b", "c")


def labels(present: str, uncertain: str = "") -> Labels:
    absent = [name for name in ASKED if name not in present + uncertain]
    return Labels(present=tuple(present), absent=tuple(absent), uncertain=tuple(uncertain))


def test_by_hand(total):
    pairs = [("ab", "a"), ("", ""), ("c", ""), ("a", "bc")]
    sums = total([row(labels(truth), labels(reply), ASKED) for truth, reply in pairs])
    assert mean_example_f1(sums) == pytest.approx((2 / 3 + 1 + 0 + 0) / 4)
    assert micro_f1(sums) == pytest.approx(2 * 1 / (2 * 1 + 2 + 3))
    # a: one hit, one miss; b: one miss, one false; c: one miss, one false
    assert macro_f1(sums) == pytest.approx((2 / 3 + 0 + 0) / 3)


@pytest.mark.parametrize("seed", range(5))
def test_equals_sklearn(total, seed):
    rng = np.random.default_rng(seed)
    truth, reply = rng.random((2, 40, 3)) < 0.4
    names = [["".join(np.array(ASKED)[each]) for each in table] for table in (truth, reply)]
    rows = [row(labels(a), labels(b), ASKED) for a, b in zip(*names, strict=True)]
    sums = total(rows)
    samples = f1_score(truth, reply, average="samples", zero_division=1)
    assert mean_example_f1(sums) == pytest.approx(samples)
    assert micro_f1(sums) == pytest.approx(f1_score(truth, reply, average="micro"))
    macro = f1_score(truth, reply, average="macro", zero_division=np.nan)
    assert macro_f1(sums) == pytest.approx(macro)


def test_a_label_that_never_occurs_is_left_out_of_macro_f1(total):
    assert macro_f1(total([row(labels("a"), labels("a"), ASKED)])) == 1.0
    nothing = total([row(labels(""), labels(""), ASKED)])
    assert np.isnan(macro_f1(nothing))
    assert np.isnan(micro_f1(nothing))


def test_uncertain_and_unknown_truth_counts_neither_way():
    truth = Labels(present=("a",), uncertain=("b",))  # c is unknown
    reply = Labels(present=("a", "b", "c"))
    assert row(truth, reply, ASKED) == {"n": 1.0, "example_f1": 1.0, "tp:a": 1.0}


def test_a_label_that_is_not_asked_counts_neither_way():
    truth, reply = Labels(present=("a", "z"), absent=("b", "c")), labels("a")
    assert row(truth, reply, ASKED) == {"n": 1.0, "example_f1": 1.0, "tp:a": 1.0}


def test_a_possible_label_counts_as_present():
    scored = row(labels("a"), labels("", uncertain="ab"), ASKED)
    assert scored == {"n": 1.0, "example_f1": pytest.approx(2 / 3), "tp:a": 1.0, "fp:b": 1.0}


def test_an_invalid_reply_misses_every_true_label():
    assert row(labels("ac"), None, ASKED) == {
        "n": 1.0,
        "example_f1": 0.0,
        "fn:a": 1.0,
        "fn:c": 1.0,
    }
    assert row(labels(""), None, ASKED) == {"n": 1.0, "example_f1": 0.0}


def test_two_empty_sets_agree():
    assert example_f1((), ()) == 1.0
    assert example_f1((), ("a",)) == 0.0


def test_findings_are_labels_by_status():
    findings = Findings(
        findings=(
            Finding(name="x", status="absent"),
            Finding(name="y", status="present"),
            Finding(name="z", status="uncertain"),
        )
    )
    assert as_labels(findings) == Labels(present=("y",), absent=("x",), uncertain=("z",))
    assert as_labels(labels("a")) == labels("a")
