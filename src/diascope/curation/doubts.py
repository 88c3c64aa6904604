"""What makes a picture doubtful, written into its record, so that the record can be left out later.

A line of the record's metadata is the number of an image, from 1, and what is doubtful of it.
"""

from collections.abc import Iterator, Sequence

from diascope.records import Image, Record
from diascope.values import Value

KEY = "doubts"


class Doubt(Value):
    """One reason for a person to look at images, and how many of them."""

    what: str
    images: int


def noted(record: Record, doubts: Sequence[Sequence[str]]) -> Record:
    """The record with the doubts about each of its images, in their order, and no others."""
    lines = [f"{number}: {each}" for number, told in enumerate(doubts, 1) for each in told]
    metadata = {name: value for name, value in record.metadata.items() if name != KEY}
    if lines:
        metadata[KEY] = "\n".join(lines)
    return record.model_copy(update={"metadata": metadata})


def doubted(record: Record) -> Iterator[tuple[Image, str]]:
    """The images of a record, with each doubt about them; a line about no image of it is none."""
    by_number = {str(number): image for number, image in enumerate(record.images, 1)}
    for line in record.metadata.get(KEY, "").splitlines():
        number, _, what = line.partition(": ")
        if number in by_number:
            yield by_number[number], what
