"""How the files of a data set on the Hugging Face Hub say their split and their number.

data/train-00000-of-00002-aaaaaaaaaaaaaaaa.parquet   (the hash may be absent)
train/0000.parquet, train/metadata.csv
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from diascope.sources.source import Problem

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
"""The words that `datasets` looks for in names (data_files.py, SPLIT_KEYWORDS), and ours."""
_SHARD = re.compile(r"(?P<split>.+?)-(?P<at>\d{5})-of-(?P<of>\d{5})(?:-[0-9a-f]+)?")


def split_of(file: str) -> str:
    """The split that a file's name or one of its folders says, the nearest first; '' for none."""
    path = PurePosixPath(file)
    shard = _SHARD.fullmatch(path.stem)
    words = [shard["split"] if shard else path.stem.split("-")[0], *reversed(path.parts[:-1])]
    return next((SPLITS[word.lower()] for word in words if word.lower() in SPLITS), "")


def in_order(files: Iterable[str]) -> list[str]:
    """Train first, then val, test and the others, each in order of name."""
    ranks = ("train", "val", "test", "")
    return sorted(files, key=lambda file: (ranks.index(split_of(file)), file))


def missing(files: Iterable[str]) -> Iterator[Problem]:
    """A Problem for every shard that its sisters count and the folder lacks."""
    found: dict[tuple[str, str, int], set[int]] = defaultdict(set)
    for file in files:
        path = PurePosixPath(file)
        if shard := _SHARD.fullmatch(path.stem):
            found[path.parent.as_posix(), shard["split"], int(shard["of"])].add(int(shard["at"]))
    for (place, split, of), there in found.items():
        lacking = sorted(set(range(of)) - there)
        for at in lacking:
            file = (PurePosixPath(place) / f"{split}-{at:05}-of-{of:05}.parquet").as_posix()
            yield Problem(file=file, reason="the shard is missing; fetch the rest of the set")
