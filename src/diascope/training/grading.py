"""How good each choice is at every token of a number: by the numbers that it leaves possible."""

import numpy as np

from diascope.batching import Graded
from diascope.models.numbers import NumberBook


def grade(book: NumberBook, value: float, sigma: float) -> Graded:
    """The choices at the tokens of a number that the book holds.

    `sigma`, a share of the range, is how wide the bell round the number is; 0 grades by distance
    alone, and nothing but the true token has mass.
    """
    distance = np.abs(book.values - value) / book.width
    mass = np.exp(-0.5 * (distance / sigma) ** 2) if sigma else (distance == 0).astype(float)
    places, tokens, masses, nearest = [], [], [], []
    for place, going in enumerate(book.path(book.row(value))):
        rows, starts = slice(going.starts[0], going.ends[-1]), going.starts - going.starts[0]
        kept = np.add.reduceat(mass[rows], starts)
        places.append(np.full(len(starts), place))
        tokens.append(going.tokens)
        masses.append(kept / kept.sum())
        nearest.append(np.minimum.reduceat(distance[rows], starts))
    shares = (np.concatenate(each).astype(np.float32) for each in (masses, nearest))
    return Graded(np.concatenate(places), np.concatenate(tokens), *shares)
