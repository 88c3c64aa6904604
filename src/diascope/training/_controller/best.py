"""Weights that were the best so far by some measure: written once, however many measures agree."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from diascope.curation.outfolder import link_or_copy
from diascope.training import checkpoint


def forget(checkpoints: Path) -> None:
    """Remove the best weights: what comes is measured otherwise."""
    for folder in checkpoints.glob("best-*"):
        shutil.rmtree(folder)


def keep(checkpoints: Path, names: Sequence[str], weights: Mapping[str, Tensor]) -> None:
    """Publish `best-NAME` for every name; on disk they are one file, where that can be.

    So tasks that are best at the same look cost the room of one, and all of them together no more
    than there are looks.
    """
    first, *others = (checkpoints / f"best-{name}" for name in names)
    checkpoint.save_weights(first, weights)
    for target in others:
        hidden = checkpoint.fresh(target)
        link_or_copy(first / checkpoint.WEIGHTS, hidden / checkpoint.WEIGHTS)
        checkpoint.publish(hidden, target)
