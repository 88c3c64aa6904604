import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import _score_lcs
from sacrebleu.metrics import BLEU

from diascope.metrics.text import (
    BETA,
    bleu,
    common_subsequence,
    normalise,
    rouge_l,
    row,
    summary,
    token_f1,
    tokens,
)

WORDS = st.lists(st.sampled_from("abcd"), max_size=12)


def test_tokens_are_lower_case_words_and_punctuation():
    assert tokens("Heart size: 5.2 cm, NORMAL.") == [
        "heart",
        "size",
        ":",
        "5",
        ".",
        "2",
        "cm",
        ",",
        "normal",
        ".",
    ]


@pytest.mark.parametrize(
    ("written", "normal"),
    [("  Yes. ", "yes"), ("left\n  lung", "left lung"), ("no", "no"), ("2.5 cm.", "2.5 cm")],
)
def test_normalised(written, normal):
    assert normalise(written) == normal


def test_token_f1_by_hand():
    assert token_f1(tokens("a b b c"), tokens("b b d")) == pytest.approx(2 * 2 / 7)
    assert token_f1([], []) == 1.0
    assert token_f1(["a"], []) == 0.0


def test_rouge_l_by_hand():
    truth, reply = ["the", "heart", "is", "normal", "in", "size"], ["heart", "size", "is", "normal"]
    precision, recall = 3 / 4, 3 / 6
    expected = (1 + 1.44) * precision * recall / (recall + 1.44 * precision)
    assert rouge_l(truth, reply) == pytest.approx(expected)
    assert rouge_l(truth, truth) == 1.0
    assert rouge_l(truth, ["lung"]) == rouge_l([], ["lung"]) == rouge_l(truth, []) == 0.0


def longest(a: list[str], b: list[str]) -> int:
    """The textbook table."""
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            step = max(table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = table[i, j] + 1 if x == y else step
    return int(table[-1, -1])


@given(WORDS, WORDS)
def test_common_subsequence_equals_the_textbook_table(a, b):
    assert common_subsequence(a, b) == longest(a, b)


@given(WORDS.filter(bool), WORDS.filter(bool))
def test_rouge_l_has_the_precision_and_recall_of_rouge_score(truth, reply):
    oracle = _score_lcs(truth, reply)
    bottom = oracle.recall + BETA**2 * oracle.precision
    expected = (1 + BETA**2) * oracle.precision * oracle.recall / bottom if bottom else 0.0
    assert rouge_l(truth, reply) == pytest.approx(expected)


CORPUS = [
    (
        "The heart is normal in size, and the lungs are clear.",
        "The heart is normal in size and the lungs are clear.",
    ),
    ("No pleural effusion or pneumothorax is seen.", "There is no pleural effusion."),
    ("Stable right lower lobe opacity.", "Stable opacity in the right lower lobe, no effusion."),
]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("corpus", [CORPUS, CORPUS[1:], CORPUS[2:]], ids=["all", "two", "one"])
def test_bleu_equals_sacrebleu(total, corpus, order):
    sums = total([row(truth, reply) for truth, reply in corpus])
    split = [[" ".join(tokens(text)) for text in side] for side in zip(*corpus, strict=True)]
    metric = BLEU(tokenize="none", smooth_method="none", max_ngram_order=order, force=True)
    assert bleu(sums, order) == pytest.approx(metric.corpus_score(split[1], [split[0]]).score / 100)


def test_bleu_by_hand(total):
    sums = total([row("a b c d", "a b x")])
    shorter = np.exp(1 - 4 / 3)
    assert bleu(sums, 1) == pytest.approx(shorter * 2 / 3)
    assert bleu(sums, 2) == pytest.approx(shorter * (2 / 3 * 1 / 2) ** 0.5)
    assert bleu(sums, 3) == 0.0


def test_an_invalid_reply_is_zero_on_every_measure(total):
    sums = total([row("No effusion is seen.", None)])
    assert set(summary(sums)) == {
        "rouge_l",
        "token_f1",
        "exact_match",
        "bleu_1",
        "bleu_2",
        "bleu_3",
        "bleu_4",
    }
    assert all(value == 0.0 for value in summary(sums).values())
    assert sums["reply_length"] == 0.0
    both = total([row("No effusion is seen.", None), row("a b c d", "a b c d")])
    assert bleu(both, 4) == pytest.approx(np.exp(1 - 9 / 4))  # the missing words cost brevity


def test_every_metric_takes_a_bootstrap_axis(total):
    rows = [row(truth, reply) for truth, reply in CORPUS]
    one = summary(total(rows))
    sums = {name: np.array([value, 2 * value]) for name, value in total(rows).items()}
    for name, value in summary(sums).items():
        assert value.shape == (2,)
        assert value == pytest.approx(float(one[name]))
