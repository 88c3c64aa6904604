"""Which cases are drawn together: those about the same pictures, so that these are read once.

Families whose decoder looks back alone share all tokens of a picture between the questions about it
(see batching.pack); PaliGemma, whose pictures see the question, shares what its tower says of them.
Groups are what the mixture draws from: `by = "dataset"` brings all questions about a picture
together, `by = "task"` those of one task.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from diascope.mixture import Bundles
from diascope.records import Case


def bundled(groups: Mapping[str, Sequence[Case]], most: int) -> dict[str, Bundles]:
    """The cases of each group in bundles of at most `most`; none where cases are drawn singly."""
    if most == 1:
        return {}
    return {name: _bundles(cases, most) for name, cases in groups.items()}


def _bundles(cases: Sequence[Case], most: int) -> Bundles:
    about: dict[tuple[tuple[str, int | None], ...], list[int]] = defaultdict(list)
    for number, case in enumerate(cases):
        pictures = tuple((image.path, image.frame_index) for image in case.record.images)
        about[pictures].append(number)
    return [
        np.array(numbers[start : start + most], np.int64)
        for numbers in about.values()
        for start in range(0, len(numbers), most)
    ]
