"""Splits by patient, and what leaks from one split into another.

Where a source gives no splits, patients are dealt by stratum (see `stratify`). Splits are ranked:
train may leak into nothing, val not into a test; no two splits that are spelt differently share a
patient.
"""

from collections.abc import Callable, Iterable, Mapping
from sys import intern

from diascope.curation.prints import Named, named
from diascope.curation.stratify import dealt, strata
from diascope.errors import InputError
from diascope.records import Record

FRACTIONS: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}
"""Shares of the patients where a source gives no splits."""

_RANKS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("val", "valid", "validation", "dev", "tune"), 1),
}
_MOST_PROTECTED = 2


class Splitter:
    """The split of every record: its own, else that of its patient's others, else a dealt one."""

    def __init__(self, before: Mapping[str, str] | None = None) -> None:
        """`before` has the splits of patients in an earlier preparation, which they keep."""
        self._known = dict(before or {})
        self._strata: dict[str, set[str]] = {}

    def add(self, record: Record) -> None:
        """Learn from a record as its source gave it."""
        if record.split:
            kept = self._known.get(record.patient, record.split)
            self._known[record.patient] = most_protected(kept, record.split)
        else:
            self._strata.setdefault(record.patient, set()).update(map(intern, strata(record)))

    def deal(self, fractions: Mapping[str, float], seed: int) -> Callable[[Record], str]:
        """Once all are added: the split of any of them."""
        chosen = dealt(self._strata, fractions, seed, self._known)
        return lambda record: record.split or chosen[record.patient]


def checked(fractions: Mapping[str, float]) -> Mapping[str, float]:
    """The fractions; InputError unless they are shares that add up to 1."""
    whole = abs(sum(fractions.values()) - 1) <= 1e-9
    if not whole or not all(name and share >= 0 for name, share in fractions.items()):
        told = ", ".join(f"{name} {share:g}" for name, share in fractions.items())
        raise InputError(f"split fractions need names, and 0 or more that add up to 1, not {told}")
    return fractions


class Leaks:
    """In which splits every patient and every image occurs, the most protected one kept."""

    def __init__(self) -> None:
        self._highest: dict[str, str] = {}

    def add(self, record: Record) -> None:
        """Remember where the record's patient and images are."""
        for key in _keys(record):
            kept = self._highest.get(key, record.split)
            self._highest[key] = max(kept, record.split, key=_rank)

    def join(self, pairs: Iterable[tuple[Named, Named]]) -> None:
        """Pictures that are one are protected as the one of them that is protected most."""
        open_pairs = [(_image_key(first), _image_key(second)) for first, second in pairs]
        changed = True
        while changed:
            changed = False
            for pair in open_pairs:
                highest = max((self._highest[key] for key in pair), key=_rank)
                changed |= any(self._highest[key] != highest for key in pair)
                self._highest |= dict.fromkeys(pair, highest)

    def reason(self, record: Record) -> str | None:
        """Why the record must leave its split: a more protected one has its patient or an image."""
        for key, what in _keys(record).items():
            other = self._highest[key]
            if _rank(other) > _rank(record.split):
                return f"{what} is also in the split {other!r}, so not kept in {record.split!r}"
        return None


def most_protected(first: str, second: str) -> str:
    """Of two splits, the one that must not leak."""
    return max(first, second, key=_rank)


def is_training(split: str) -> bool:
    """Whether a split of this name is learnt from."""
    return _RANKS.get(split.lower()) == 0


def _rank(split: str) -> tuple[int, str]:
    """Of two splits that are protected alike, the later in the alphabet keeps what both have."""
    return _RANKS.get(split.lower(), _MOST_PROTECTED), split


def _keys(record: Record) -> dict[str, str]:
    images = {
        _image_key(named(image.sha256 or "", image.frame_index)): "one of its images"
        for image in record.images
    }
    return {f"patient {record.patient}": "its patient"} | images


def _image_key(name: Named) -> str:
    return f"image {name.sha256} {name.frame}"
