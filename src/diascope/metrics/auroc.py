"""Area under the ROC curve."""

import numpy as np
from numpy.typing import NDArray


def auroc(scores: NDArray[np.float32], truths: NDArray[np.bool_]) -> float:
    """The chance that a present one scores above an absent one, a tie counting half.

    nan where all are present or all are absent (Hanley and McNeil, Radiology 1982).
    """
    present, absent = scores[truths], np.sort(scores[~truths])
    if not len(present) or not len(absent):
        return float("nan")
    below = np.searchsorted(absent, present, "left") + np.searchsorted(absent, present, "right")
    return float(below.mean() / 2 / len(absent))
