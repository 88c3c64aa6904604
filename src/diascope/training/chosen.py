"""Some of the cases of a record file, chosen by what they say."""

from collections.abc import Callable, Mapping, Sequence
from typing import overload

import numpy as np

from diascope.records import Case

Wanted = Callable[[Case], bool]


class Chosen(Sequence[Case]):
    """Some of a sequence of cases, by position."""

    def __init__(self, cases: Sequence[Case], wanted: Wanted) -> None:
        """Reads every case once."""
        self._cases = cases
        self._places = np.array([n for n, case in enumerate(cases) if wanted(case)], np.int64)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Case: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Case]: ...
    def __getitem__(self, index: int | slice) -> Case | Sequence[Case]:
        if isinstance(index, slice):
            return [self._cases[place] for place in self._places[index].tolist()]
        return self._cases[int(self._places[index])]


def chosen(
    groups: Mapping[str, Sequence[Case]], wanted: Wanted | None
) -> dict[str, Sequence[Case]]:
    """The cases of each group that are wanted; None wants all, and an empty group is left out."""
    if wanted is None:
        return dict(groups)
    narrowed = {name: Chosen(cases, wanted) for name, cases in groups.items()}
    return {name: cases for name, cases in narrowed.items() if len(cases)}
