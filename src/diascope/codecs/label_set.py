"""The labels that are present or possible, in the label set's order; all others are absent."""

from dataclasses import dataclass
from functools import cached_property

from diascope.answers import Labels
from diascope.codecs.grammar import Grammar
from diascope.codecs.names import check_known
from diascope.codecs.subset import Subset

_POSSIBLE = "possible "


@dataclass(frozen=True)
class LabelSetCodec:
    """`a; b; possible c`, or `none` where no label is present or uncertain."""

    labels: tuple[str, ...]
    none: str

    def __post_init__(self) -> None:
        _ = self._subset

    def grammar(self) -> Grammar:
        """Some labels in order, each as it is or as possible, or `none`."""
        return self._subset.grammar()

    def encode(self, answer: Labels, /) -> str:
        """The labels that are present or uncertain; absent and unknown ones are not written."""
        known = self.snap(answer)
        spelt = {label: label for label in known.present}
        spelt |= {label: _POSSIBLE + label for label in known.uncertain}
        return self._subset.write(tuple(spelt[label] for label in self.labels if label in spelt))

    def parse(self, text: str, /) -> Labels:
        """Every label of the set: present, uncertain, or else absent."""
        spelt = set(self._subset.read(text))
        return self._sorted(spelt, {label for label in self.labels if _POSSIBLE + label in spelt})

    def snap(self, answer: Labels, /) -> Labels:
        """The labels in order; what the answer does not say is absent."""
        check_known(answer.present + answer.absent + answer.uncertain, self.labels)
        return self._sorted(set(answer.present), set(answer.uncertain))

    def _sorted(self, present: set[str], uncertain: set[str]) -> Labels:
        return Labels(
            present=tuple(label for label in self.labels if label in present),
            absent=tuple(label for label in self.labels if label not in present | uncertain),
            uncertain=tuple(label for label in self.labels if label in uncertain),
        )

    @cached_property
    def _subset(self) -> Subset:
        return Subset(tuple((label, _POSSIBLE + label) for label in self.labels), self.none)
