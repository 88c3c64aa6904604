"""What a form is: one kind of conversation, what it needs, and how it is made of a study."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from diascope.curation.conversations.study import Study
from diascope.curation.split import is_training
from diascope.records import Context, Image, Record, Turn


class Talk(NamedTuple):
    """A conversation before it is a record."""

    origin: Record
    """Whose patient, study, split and licence it has."""
    images: tuple[Image, ...]
    turns: tuple[Turn, ...]
    context: tuple[Context, ...] = ()


class Lack(NamedTuple):
    """Why no conversation was made: what the study does not tell."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Form:
    """One kind of conversation; a value that any module of this package exports as FORM."""

    name: str
    about: str
    """One line for a list of forms."""
    needs: str
    """What a study has to tell, in words."""
    make: Callable[[Study], Iterable[Talk | Lack]]
    """A pure function of the study."""
    m4cxr: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What M4CXR calls its data of this form, by the name of our source."""
    shuffled: bool = False
    """Whether the turns are independent: M4CXR shuffles such in training, and so do we."""
    of_chests: bool = True
    """Whether its words speak of a radiograph, so that other pictures are left out."""

    def conversations(self, study: Study, seed: int) -> Iterator[Record | Lack]:
        """The conversations of a study as records, and what was lacking for others.

        A pure function of study and seed; the seed is of the order of shuffled turns alone.
        """
        if self.of_chests and not study.is_chest:
            yield Lack("nothing says that it is a radiograph of a chest")
            return
        made: Counter[str] = Counter()
        for item in self.make(study):
            if isinstance(item, Lack):
                yield item
            else:
                yield self._record(item, made[item.origin.id], seed)
                made[item.origin.id] += 1

    def group(self, dataset: str) -> str:
        """The data set that its conversations about a data set are told as."""
        return f"{dataset}/{self.name}"

    def _record(self, talk: Talk, number: int, seed: int) -> Record:
        origin = talk.origin
        name = f"{self.group(origin.dataset)}/{origin.id}/{number}"
        shuffles = self.shuffled and is_training(origin.split)
        return origin.model_copy(
            update={
                "id": name,
                "dataset": self.group(origin.dataset),
                "images": talk.images,
                "turns": _shuffled(talk.turns, name, seed) if shuffles else talk.turns,
                "context": talk.context,
                "metadata": origin.metadata | {"form": self.name, "record": origin.id},
            }
        )


def _shuffled(turns: tuple[Turn, ...], name: str, seed: int) -> tuple[Turn, ...]:
    order = np.random.default_rng([seed, zlib.crc32(name.encode())]).permutation(len(turns))
    return tuple(turns[place] for place in order)
