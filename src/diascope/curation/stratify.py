"""Splits of patients that hold every task and label in the shares asked for.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011, algorithm 1), of
patients in place of examples: the rarest stratum is dealt first, each patient to the split that
lacks most of it. The order is that of keyed digests of names, so a second run deals alike; patients
whose split is known keep it and count, so data that is added later moves nobody.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping

from diascope.answers import Boxes, Choice, Findings, Labels, Masks
from diascope.records import Record, Turn


def strata(record: Record) -> frozenset[str]:
    """What a record must be spread by: its data set's tasks, and the labels in their answers."""
    return frozenset(
        f"{record.dataset}/{turn.task}{label}" for turn in record.turns for label in _labels(turn)
    )


def _labels(turn: Turn) -> Iterator[str]:
    yield ""
    match turn.answer:
        case Choice(option=option):
            yield f"/{option}"
        case Labels(present=present):
            yield from (f"/{label}" for label in present)
        case Findings(findings=found):
            yield from (f"/{finding.name}" for finding in found if finding.status == "present")
        case Boxes(boxes=boxes):
            yield from {f"/{box.label}" for box in boxes}
        case Masks(masks=masks):
            yield from {f"/{mask.label}" for mask in masks}


def dealt(
    patients: Mapping[str, Collection[str]],
    fractions: Mapping[str, float],
    seed: int,
    known: Mapping[str, str],
) -> dict[str, str]:
    """A split for every patient, given the strata of each; those in `known` keep theirs."""
    hands = _Hands(patients, fractions, known)
    order = sorted(patients.keys() - known.keys(), key=lambda name: _digest(name, seed))
    members: dict[str, list[str]] = defaultdict(list)
    for name in order:
        for stratum in patients[name]:
            members[stratum].append(name)
    chosen = {name: known[name] for name in patients if name in known}
    waiting = dict.fromkeys(order)
    left = {stratum: len(names) for stratum, names in members.items()}
    while left:
        rarest = min(left, key=lambda stratum: (left[stratum], stratum))
        for name in members[rarest]:
            if name in waiting:
                chosen[name] = hands.deal(patients[name], rarest)
                del waiting[name]
                for stratum in patients[name]:
                    left[stratum] -= 1
        left = {stratum: count for stratum, count in left.items() if count > 0}
    return chosen | {name: hands.deal((), None) for name in waiting}


class _Hands:
    """How much of every stratum, and how many patients, each split still lacks."""

    def __init__(
        self,
        patients: Mapping[str, Collection[str]],
        fractions: Mapping[str, float],
        known: Mapping[str, str],
    ) -> None:
        counts = Counter(stratum for strata in patients.values() for stratum in strata)
        self._splits = [split for split, share in fractions.items() if share > 0]
        self._lack = {
            split: {stratum: fractions[split] * count for stratum, count in counts.items()}
            for split in self._splits
        }
        self._room = {split: fractions[split] * len(patients) for split in self._splits}
        for name in patients.keys() & known.keys():
            self._take(known[name], patients[name])

    def deal(self, strata: Collection[str], rarest: str | None) -> str:
        """The split that lacks most of the rarest stratum; of those, the one with most room."""
        split = max(
            self._splits,
            key=lambda split: (
                round(self._lack[split][rarest], 9) if rarest is not None else 0.0,
                self._room[split],
            ),
        )
        self._take(split, strata)
        return split

    def _take(self, split: str, strata: Collection[str]) -> None:
        if split in self._room:
            self._room[split] -= 1
            for stratum in strata:
                self._lack[split][stratum] -= 1


def _digest(name: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
