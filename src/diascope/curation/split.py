"""Splits by patient, and what leaks from one split into another.

The split of a patient is a pure function of its name, the fractions and the seed, so that patients
who join later move nobody. Splits are ranked: train may leak into nothing, val not into a test; no
two splits that are spelt differently share a patient.
"""

import hashlib
from collections.abc import Mapping

from diascope.errors import InputError
from diascope.records import Record

FRACTIONS: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}
"""Shares of the patients where a source gives no splits."""

_RANKS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("val", "valid", "validation", "dev", "tune"), 1),
}
_MOST_PROTECTED = 2


def split_of(patient: str, fractions: Mapping[str, float], seed: int) -> str:
    """The split that a patient falls into; the shares of splits are those of patients."""
    digest = hashlib.blake2b(f"{seed}:{patient}".encode(), digest_size=8).digest()
    position, end = int.from_bytes(digest, "big") / 2**64, 0.0
    used = [name for name, share in fractions.items() if share > 0]
    for name in used:
        end += fractions[name]
        if position < end:
            return name
    return used[-1]


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
    images = {f"image {image.sha256}": "one of its images" for image in record.images}
    return {f"patient {record.patient}": "its patient"} | images
