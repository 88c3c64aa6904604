"""Phases of kind `labels`: a vision tower learns from labels alone, as CXR-LLaVA's encoder did.

A row of weights a label reads the tower's patches. What is unknown or uncertain is never in the
loss, so that sets which label different findings are learnt from together.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from diascope.metrics.auroc import auroc
from diascope.models.transformer import Transformer
from diascope.training.chosen import Wanted
from diascope.training.feed import Feed
from diascope.training.known import Confirm, Known
from diascope.training.lesson import Lesson, Shown, width_of
from diascope.training.lessonconfig import LabelsConfig
from diascope.training.loss import Learnt
from diascope.training.presence import asked_presence


class Looked(NamedTuple):
    """A batch of pictures."""

    logits: Tensor
    """[pictures, labels]"""
    known: Known


@dataclass(frozen=True, eq=False)
class LabelsLesson(Lesson):
    """Which labels a picture shows; of several pictures, the one that the turn asks about."""

    head: Confirm
    config: LabelsConfig

    def teach(self, shown: Sequence[Shown]) -> Learnt:
        """An example's loss is the mean over its known labels, and so are its other numbers."""
        return learnt(self._look(shown))

    def measured(self) -> dict[str, float]:
        """Besides the loss, `auroc`: the mean over labels held out both present and absent."""
        looked = [self._look(shown) for shown in self.held_out()]
        loss = sum(learnt(each).total.item() for each in looked) / len(self.cases)
        areas = [area for area in label_areas(looked) if not math.isnan(area)]
        return {"loss": loss, "auroc": float(np.mean(areas)) if areas else math.nan}

    def _look(self, shown: Sequence[Shown]) -> Looked:
        patches = self.model.look([each.canvases[each.case.turn.image] for each in shown])
        truths = [asked_presence(each.case, self.config) for each in shown]
        return Looked(self.head(patches.float()), Known.of(truths, self.head.names))


def learnt(looked: Looked) -> Learnt:
    """What a batch of pictures teaches."""
    logits, known = looked
    losses = known.per_picture(known.losses(logits), len(logits))
    total = losses.sum()
    with torch.no_grad():
        said = known.of_logits(logits)
        right = ((said > 0) == (known.truths > 0.5)).float()
        means = (known.per_picture(each, len(logits)) for each in (right, _entropy(said)))
        return Learnt(total, losses.detach(), *means)


def label_areas(looked: Sequence[Looked]) -> list[float]:
    """The area under the ROC curve of each label; nan where one is always there, or never."""
    told = ((each.known.columns, each.known.of_logits(each.logits), each.known) for each in looked)
    columns, scores, truths = (
        torch.cat(each).numpy()
        for each in zip(*((c, s, known.truths > 0.5) for c, s, known in told), strict=True)
    )
    num_labels = looked[0].logits.shape[1]
    chosen = (columns == number for number in range(num_labels))
    return [auroc(scores[where], truths[where]) for where in chosen]


def wanted(config: LabelsConfig) -> Wanted:
    """Whether a case says anything of what is asked."""
    return lambda case: bool(asked_presence(case, config))


def confirm(model: Transformer, feed: Feed, config: LabelsConfig) -> Confirm:
    """A head for every label that is named; each starts at how often it is there.

    From a bias of nought a rare label would learn for long that it is rare (Lin et al., ICCV 2017,
    section 4.1).
    """
    every = (case for cases in feed.groups.values() for case in cases)
    odds = prevalence(asked_presence(case, config) for case in every)
    head = Confirm(width_of(model), sorted(odds))
    with torch.no_grad():
        head.rows.bias.copy_(torch.tensor([math.log(odds[name]) for name in head.names]))
    return head


def prevalence(said: Iterable[dict[str, float]]) -> dict[str, float]:
    """Of each label the odds that it is there, one of each added to what is known."""
    counts: dict[str, Counter[float]] = {}
    for presence in said:
        for name, value in presence.items():
            counts.setdefault(name, Counter())[value] += 1
    return {name: (known[1.0] + 1) / (known[0.0] + 1) for name, known in counts.items()}


def _entropy(logits: Tensor) -> Tensor:
    """[known] of a yes or no, nats."""
    return binary_cross_entropy_with_logits(logits, logits.sigmoid(), reduction="none")
