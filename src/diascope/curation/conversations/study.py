"""A study: all that the records of one examination say, and the study before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from diascope.imaging.augment_words import may_show_a_chest, words
from diascope.records import Image, Record, Turn

PRIOR = "prior"
"""The role of an image that another study is asked about with."""


class DataSet(NamedTuple):
    """What is true of a whole data set, and so the same for each of its studies."""

    name: str
    searched: frozenset[str]
    """The findings that somebody looked for in whole images."""
    located: frozenset[str]
    """The findings that are boxed or outlined in some image."""
    divided: bool
    """Whether its reports come in sections."""


class Shot(NamedTuple):
    """What makes two images one: the file, and the frame in it."""

    path: str
    frame: int | None


def shot(image: Image) -> Shot:
    """Which picture an image is, whatever part it plays."""
    return Shot(image.path, image.frame_index)


@dataclass(frozen=True)
class Study:
    """The records of one study in file order, at least one; all are of one patient and split."""

    records: tuple[Record, ...]
    data_set: DataSet
    prior: "Study | None" = None
    """The study before it, where the records tell of one that is there."""

    @cached_property
    def images(self) -> tuple[Image, ...]:
        """Each picture of the study once, lateral ones last."""
        found = {
            shot(image): image
            for record in reversed(self.records)
            for image in record.images
            if image.role != PRIOR
        }
        in_order = [found.pop(shot(image)) for image in self._shown() if shot(image) in found]
        return tuple(sorted(in_order, key=lambda image: image.role == "lateral"))

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """All that is asked of it."""
        return tuple(turn for record in self.records for turn in record.turns)

    @cached_property
    def is_chest(self) -> bool:
        """Whether anything that is said of it speaks of a chest, a radiograph or COVID-19."""
        said = [each for turn in self.turns for each in words(turn.model_dump())]
        said.append(self.data_set.name)
        return may_show_a_chest(said) or any("covid" in each.lower() for each in said)

    def showing(self, image: Image) -> "Study":
        """The study as far as its records have this image among theirs."""
        kept = (record for record in self.records if shot(image) in map(shot, record.images))
        return Study(tuple(kept), self.data_set, self.prior)

    def turns_in(self, image: Image) -> Iterator[Turn]:
        """The turns whose answers are measured in this image."""
        for record in self.records:
            for turn in record.turns:
                if shot(record.images[turn.image]) == shot(image):
                    yield turn

    def _shown(self) -> Iterator[Image]:
        for record in self.records:
            yield from record.images
