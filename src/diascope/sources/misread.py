"""Boxes that make no sense as a source reads them: a problem that keeps their numbers.

An audit evaluates the other conventions on the very numbers that the declared one fails on; without
them a data set that is read wrongly would look clean, since what is left of it is what fits.
"""

from diascope.geometry import BoxFormat
from diascope.sources.source import Problem

Four = tuple[float, float, float, float]


class MisreadBoxes(Problem):
    """The boxes of one answer, as the file has them."""

    dataset: str
    task: str
    format: BoxFormat
    """The convention that they were read by."""
    numbers: tuple[Four, ...]
    image: tuple[int, int]
    """Width and height, pixels."""
