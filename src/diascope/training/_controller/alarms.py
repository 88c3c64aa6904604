"""When to worry about a task: it overfits, or its replies are all the same."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy import stats

from diascope.training._controller.budget import ENOUGH
from diascope.training._controller.history import Seen
from diascope.training._controller.replies import Worth

SURE = 0.001
"""How often a rise of the loss by chance alone may ring, at one look at one task."""
_FEWEST_PATIENTS = 5
_SHARE_MARGIN = 0.3


class Alarm(NamedTuple):
    """One task to worry about; it names no case and quotes no reply."""

    task: str
    kind: Literal["overfits", "collapses"]
    about: str

    def __str__(self) -> str:
        return f"{self.task} {self.kind}: {self.about}"


class Rise(NamedTuple):
    """How much higher a loss is than it was, on the same cases."""

    mean: float
    """Over patients."""
    chance: float
    """How often so much or more would be seen were there none."""
    patients: int


Losses = Callable[[int], Sequence[float] | None]
"""The losses at the look of a step, one a case; None where they are not known any more."""


def overfits(
    task: str, looks: Sequence[Seen], losses: Losses, patients: Sequence[str]
) -> Alarm | None:
    """Since its best look the loss has risen where it is not learnt, and fallen where it is.

    The rise is judged on the same cases, patient by patient (a paired t-test, one-sided), so that
    a loss that is noisy over few cases does not ring.
    """
    now, best = looks[-1], min(looks, key=lambda seen: seen.val.get(task, np.inf))
    before, after = losses(best.step), losses(now.step)
    learnt = task in now.train and task in best.train and now.train[task] < best.train[task]
    if best is now or not learnt or not before or not after:
        return None
    rise = risen(before, after, patients)
    if rise is None or rise.chance > SURE:
        return None
    about = (
        f"since step {best.step} its validation loss has risen by {rise.mean:.3g} on "
        f"{rise.patients} patients (chance {rise.chance:.1g}) while its training loss fell from "
        f"{best.train[task]:.3g} to {now.train[task]:.3g}"
    )
    return Alarm(task, "overfits", about)


def risen(before: Sequence[float], after: Sequence[float], patients: Sequence[str]) -> Rise | None:
    """The mean rise, one patient one vote; None for too few patients to tell."""
    rises: dict[str, list[float]] = defaultdict(list)
    for patient, was, is_ in zip(patients, before, after, strict=True):
        rises[patient].append(is_ - was)
    means = np.array([np.mean(each) for each in rises.values()])
    if len(means) < _FEWEST_PATIENTS:
        return None
    mean, error = means.mean(), means.std(ddof=1) / np.sqrt(len(means))
    score = mean / error if error > 0 else np.inf * np.sign(mean)
    chance = float(stats.t.sf(score, len(means) - 1)) if mean > 0 else 1.0
    return Rise(float(mean), chance, len(means))


def collapses(task: str, worth: Worth) -> Alarm | None:
    """Far more of the replies are the same than of the truths.

    By the margin of the scorecard's own alarm, and on enough replies to tell.
    """
    if worth.n < ENOUGH or worth.alike <= worth.true_alike + _SHARE_MARGIN * worth.n:
        return None
    about = f"{worth.alike} of {worth.n} replies are the same, of the truths {worth.true_alike}"
    return Alarm(task, "collapses", about)
