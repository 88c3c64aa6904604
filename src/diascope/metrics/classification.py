"""One class of several: accuracy and balanced accuracy."""

from diascope.metrics.sums import Array, Row, Sums, columns, mean, mean_defined, ratio


def row(truth: str, reply: str | None) -> Row:
    """One case; a reply of None is wrong for its true class."""
    hit = float(reply == truth)
    return {"n": 1.0, "hits": hit, f"cases:{truth}": 1.0, f"hits:{truth}": hit}


def accuracy(sums: Sums) -> Array:
    """The share of cases answered correctly."""
    return mean(sums, "hits")


def balanced_accuracy(sums: Sums) -> Array:
    """Mean recall over the classes that occur; one that does not occur counts neither way."""
    names = columns(sums, "cases:")
    return mean_defined([ratio(sums[f"hits:{name}"], sums[f"cases:{name}"]) for name in names])
