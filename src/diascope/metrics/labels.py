"""Label sets: example-, micro- and macro-averaged F1.

Rules. Only labels that the question asks and the truth names are scored: an unknown label counts
neither way, and so does one that the truth calls uncertain. A label that the reply calls uncertain
("possible x") counts as present. Two empty sets agree: example F1 is 1. A reply of None has
example F1 0 and misses every true label.
"""

from collections.abc import Collection

import numpy as np

from diascope.answers import Findings, Labels, Status
from diascope.metrics.sums import Array, Row, Sums, columns, f1, mean, mean_defined


def as_labels(answer: Labels | Findings) -> Labels:
    """A findings list as labels, by the status of each."""
    if isinstance(answer, Labels):
        return answer
    named: dict[Status, list[str]] = {"present": [], "absent": [], "uncertain": []}
    for finding in answer.findings:
        named[finding.status].append(finding.name)
    return Labels(
        present=tuple(named["present"]),
        absent=tuple(named["absent"]),
        uncertain=tuple(named["uncertain"]),
    )


def row(truth: Labels, reply: Labels | None, asked: Collection[str]) -> Row:
    """One case: its own F1, and tp, fp and fn of every label asked."""
    present = set(truth.present) & set(asked)
    scored = present | (set(truth.absent) & set(asked))
    said = set() if reply is None else scored & {*reply.present, *reply.uncertain}
    sums = {"n": 1.0, "example_f1": 0.0 if reply is None else example_f1(present, said)}
    kinds = {"tp": said & present, "fp": said - present, "fn": present - said}
    return sums | {f"{kind}:{label}": 1.0 for kind, names in kinds.items() for label in names}


def example_f1(truth: Collection[str], reply: Collection[str]) -> float:
    """F1 of one set against another in [0, 1], 1 when both are empty."""
    if not truth and not reply:
        return 1.0
    return 2 * len(set(truth) & set(reply)) / (len(set(truth)) + len(set(reply)))


def mean_example_f1(sums: Sums) -> Array:
    """Mean over the cases of each case's own F1."""
    return mean(sums, "example_f1")


def micro_f1(sums: Sums) -> Array:
    """F1 of the counts pooled over cases and labels."""
    return f1(*(_pooled(sums, kind) for kind in ("tp", "fp", "fn")))


def macro_f1(sums: Sums) -> Array:
    """Mean over labels of each label's F1; a label neither true nor replied is left out."""
    names = {name for kind in ("tp:", "fp:", "fn:") for name in columns(sums, kind)}
    each = [f1(*(_of(sums, f"{kind}:{name}") for kind in ("tp", "fp", "fn"))) for name in names]
    return mean_defined([np.full_like(sums["n"], np.nan), *each])


def _of(sums: Sums, column: str) -> Array:
    return sums.get(column, 0 * sums["n"])


def _pooled(sums: Sums, kind: str) -> Array:
    return sum((sums[f"{kind}:{name}"] for name in columns(sums, f"{kind}:")), 0 * sums["n"])
