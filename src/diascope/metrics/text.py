"""Words: exact match, token F1, BLEU-1 to 4 over a corpus, ROUGE-L.

Tokens are lower-case words and single punctuation marks, as in the M4CXR lineage of report
metrics. BLEU is that of a corpus with one reference each and no smoothing (Papineni et al. 2002);
it is 0 where no n-gram matches, so a corpus whose texts are shorter than n tokens has BLEU-n 0.
ROUGE-L is the mean over cases of the F measure of the longest common subsequence with beta 1.2,
which favours recall (Lin 2004; the value of pycocoevalcap). A reply of None is an empty text.
"""

import re
from collections import Counter

import numpy as np

from diascope.metrics.sums import Array, Row, Sums, mean, ratio

ORDERS = (1, 2, 3, 4)
BETA = 1.2


def normalise(text: str) -> str:
    """Lower case, single spaces, no space around and no full stop at the end."""
    return " ".join(text.lower().split()).rstrip(".").rstrip()


def tokens(text: str) -> list[str]:
    """Lower-case words and single punctuation marks, in order."""
    return re.findall(r"\w+|[^\w\s]", text.lower())


def row(truth: str, reply: str | None) -> Row:
    """One case: its own exact match, token F1 and ROUGE-L, and its counts for BLEU."""
    expected, said = tokens(truth), tokens(reply or "")
    exact = reply is not None and normalise(truth) == normalise(reply)
    own = {
        "n": 1.0,
        "exact_match": float(exact),
        "token_f1": 0.0 if reply is None else token_f1(expected, said),
        "rouge_l": rouge_l(expected, said),
    }
    return own | bleu_row(expected, said)


def token_f1(truth: list[str], reply: list[str]) -> float:
    """F1 of two bags of tokens in [0, 1], 1 when both are empty."""
    if not truth and not reply:
        return 1.0
    return 2 * (Counter(truth) & Counter(reply)).total() / (len(truth) + len(reply))


def rouge_l(truth: list[str], reply: list[str]) -> float:
    """F of the longest common subsequence with beta 1.2, in [0, 1]."""
    common = common_subsequence(truth, reply)
    if common == 0:
        return 0.0
    precision, recall = common / len(reply), common / len(truth)
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def common_subsequence(a: list[str], b: list[str]) -> int:
    """Length of the longest common subsequence, by bits of one integer (Hyyro 2004)."""
    places: dict[str, int] = {}
    for place, token in enumerate(a):
        places[token] = places.get(token, 0) | 1 << place
    every = (1 << len(a)) - 1
    open_places = every
    for token in b:
        matches = open_places & places.get(token, 0)
        open_places = ((open_places + matches) | (open_places - matches)) & every
    return len(a) - open_places.bit_count()


def bleu_row(truth: list[str], reply: list[str]) -> dict[str, float]:
    """Lengths, and n-grams of the reply: how many, and how many of them the truth has."""
    counts = {"truth_length": float(len(truth)), "reply_length": float(len(reply))}
    for order in ORDERS:
        said, expected = _ngrams(reply, order), _ngrams(truth, order)
        counts[f"matches_{order}"] = float((said & expected).total())
        counts[f"ngrams_{order}"] = float(said.total())
    return counts


def bleu(sums: Sums, order: int) -> Array:
    """Corpus BLEU up to n-grams of `order`, in [0, 1]."""
    lower = range(1, order + 1)
    precisions = [np.nan_to_num(ratio(sums[f"matches_{n}"], sums[f"ngrams_{n}"])) for n in lower]
    with np.errstate(divide="ignore"):
        geometric = np.exp(np.mean([np.log(precision) for precision in precisions], axis=0))
    missing = ratio(sums["truth_length"], sums["reply_length"]) - 1
    brevity = np.exp(-np.maximum(np.nan_to_num(missing, nan=np.inf), 0))
    return np.asarray(geometric * brevity)


def summary(sums: Sums) -> dict[str, Array]:
    """ROUGE-L, BLEU-1 to 4, token F1 and exact match."""
    means = {name: mean(sums, name) for name in ("rouge_l", "token_f1", "exact_match")}
    return means | {f"bleu_{order}": bleu(sums, order) for order in ORDERS}


def _ngrams(words: list[str], order: int) -> Counter[tuple[str, ...]]:
    starts = range(len(words) - order + 1)
    return Counter(tuple(words[start : start + order]) for start in starts)
