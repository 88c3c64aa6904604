"""Phases of kind `contrastive`: pictures and texts that belong together are drawn together.

A picture is the mean of the tower's patches through a layer norm and a matrix, a text is what its
tower makes of it (see `texttower`), and both are compared by their angle. The wrong ones are all
others of a forward pass: more of them are had by `batch_size`, not by `accumulate`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, normalize
from torch.nn.utils.rnn import pad_sequence

from diascope.models.transformer import Transformer
from diascope.records import Case
from diascope.training.captions import caption
from diascope.training.chosen import Wanted
from diascope.training.lesson import Lesson, Shown, width_of
from diascope.training.lessonconfig import ContrastiveConfig
from diascope.training.loss import Learnt
from diascope.training.losses.pairs import PAIR_LOSSES
from diascope.training.pairing import belonging, distinct, retrieved
from diascope.training.texttower import text_tower

MOST = math.log(100.0)
"""The logits are at most 100 times the cosine (arXiv 2103.00020, section 2.5)."""

START = {"clip": (math.log(1 / 0.07), 0.0), "siglip": (math.log(10.0), -10.0)}
"""Logarithm of the scale, and the bias, that the papers start from."""


class Alignment(nn.Module):
    """The head of a contrastive phase: the ways into the common space, a scale and a bias."""

    def __init__(self, width: int, text: nn.Module, config: ContrastiveConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.picture = nn.Linear(width, config.width, bias=False)
        self.text = text
        scale, bias = START[config.loss]
        self.scale = nn.Parameter(torch.tensor(scale))
        self.bias = nn.Parameter(torch.tensor(bias)) if config.loss == "siglip" else None

    def pictures(self, patches: Tensor, owners: Tensor) -> Tensor:
        """[examples, width], each of length 1; `owners` [pictures] says whose each picture is."""
        means = patches.float().mean(dim=1)
        counts = torch.bincount(owners)[:, None]
        pooled = means.new_zeros(len(counts), means.shape[1]).index_add(0, owners, means) / counts
        return normalize(self.picture(self.norm(pooled)).float(), dim=1)

    def texts(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """[examples, width], each of length 1."""
        return normalize(self.text(ids, lengths).float(), dim=1)

    def logits(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """[pictures, texts]"""
        with torch.no_grad():
            self.scale.clamp_(max=MOST)
        scaled = pictures @ texts.T * self.scale.exp()
        return scaled if self.bias is None else scaled + self.bias


class Pairs(NamedTuple):
    """Pictures and texts in the common space; row n of both is one example."""

    pictures: Tensor
    texts: Tensor
    cases: list[Case]


@dataclass(frozen=True, eq=False)
class ContrastiveLesson(Lesson):
    """Which text goes with which pictures; all pictures of a record are read as one."""

    head: Alignment
    config: ContrastiveConfig

    def teach(self, shown: Sequence[Shown]) -> Learnt:
        """An example's loss is that of its pictures among the texts and of its text among them."""
        return self._learnt(self._pair(shown))

    def measured(self) -> dict[str, float]:
        """Besides the loss, retrieval among all that are held out: the mean of both directions."""
        pairs = [self._pair(shown) for shown in self.held_out()]
        loss = sum(self._learnt(each).total.item() for each in pairs) / len(self.cases)
        pictures, texts, cases = zip(*pairs, strict=True)
        keys = self._keys([case for each in cases for case in each])
        rows, columns = (distinct(each) for each in keys)
        similarity = (torch.cat(pictures)[rows] @ torch.cat(texts)[columns].T).numpy()
        return {"loss": loss} | retrieved(similarity, belonging(*keys)[np.ix_(rows, columns)])

    def _pair(self, shown: Sequence[Shown]) -> Pairs:
        canvases = [canvas for each in shown for canvas in each.canvases]
        owners = [number for number, each in enumerate(shown) for _ in each.canvases]
        ids = [torch.tensor(self._ids(each.case)) for each in shown]
        return Pairs(
            self.head.pictures(self.model.look(canvases), torch.tensor(owners)),
            self.head.texts(
                pad_sequence(ids, batch_first=True, padding_value=self.model.pad_id),
                torch.tensor([len(each) for each in ids]),
            ),
            [each.case for each in shown],
        )

    def _learnt(self, pairs: Pairs) -> Learnt:
        logits = self.head.logits(pairs.pictures, pairs.texts)
        right = torch.from_numpy(belonging(*self._keys(pairs.cases)))
        losses = PAIR_LOSSES[self.config.loss](logits, right)
        total = losses.sum()
        with torch.no_grad():
            hit = right.gather(1, logits.argmax(dim=1, keepdim=True))[:, 0].float()
            said = log_softmax(logits, dim=1)
            return Learnt(total, losses.detach(), hit, -(said.exp() * said).sum(dim=1))

    def _keys(self, cases: Sequence[Case]) -> tuple[list[Any], list[Any]]:
        """What tells the pictures of each case, and its text, from all others."""
        images = [tuple((i.path, i.frame_index) for i in case.record.images) for case in cases]
        return images, [tuple(self._ids(case)) for case in cases]

    def _ids(self, case: Case) -> list[int]:
        text = str(caption(case, self.config))  # cases without one are never drawn
        return self.model.encode(text)[: self.config.text.tokens]


def wanted(config: ContrastiveConfig) -> Wanted:
    """Whether a case has a text for its pictures."""
    return lambda case: caption(case, config) is not None


def alignment(model: Transformer, config: ContrastiveConfig) -> Alignment:
    """A new head for a model's vision tower."""
    return Alignment(width_of(model), text_tower(model, config.text, config.width), config)
