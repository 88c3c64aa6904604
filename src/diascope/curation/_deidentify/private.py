"""Private elements: none is kept but those that the options name, by creator and place."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from diascope.curation._deidentify.options import PrivateAttribute

if TYPE_CHECKING:
    from pydicom import Dataset

_BLOCKS = range(0x10, 0x100)


def safe_tags(dataset: "Dataset", safe: Iterable[PrivateAttribute]) -> frozenset[int]:
    """The private tags of a dataset that the options name, and those of their creators."""
    tags = set()
    for attribute in safe:
        for block in _blocks(dataset, attribute):
            group = attribute.group << 16
            tags |= {group | block, group | block << 8 | attribute.element}
    return frozenset(tags)


def _blocks(dataset: "Dataset", attribute: PrivateAttribute) -> Iterable[int]:
    """The blocks that the attribute's creator has reserved (PS3.5 7.8.1)."""
    for block in _BLOCKS:
        tag = attribute.group << 16 | block
        if tag in dataset and str(dataset[tag].value).strip() == attribute.creator:
            yield block
