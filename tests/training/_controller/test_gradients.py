from pathlib import Path

import pytest
import torch

from diascope.models.tiny import from_scratch
from diascope.recordfile import RecordFile
from diascope.training._controller.gradients import gradient_norms
from diascope.training._controller.probe import stratified
from diascope.training.config import DataConfig
from diascope.training.feed import open_feed
from diascope.training.loss import learn
from diascope.training.supervision import LossConfig

LOSS = LossConfig()
CAST = torch.autocast("cpu", enabled=False)


def test_norms_are_those_of_each_tasks_own_step_and_leave_nothing(phantom: Path) -> None:
    model, records = from_scratch(0), RecordFile(phantom)
    feed = open_feed(model, DataConfig(records=str(phantom)), phantom, 0)
    probe = {task: stratified(records.cases("train", task), 2) for task in ("vqa", "detection")}
    weights = [weight for name, weight in model.network.named_parameters() if "lm_head" not in name]
    norms = gradient_norms(model, feed, LOSS, probe, weights, CAST)
    assert all(weight.grad is None for weight in weights)
    for task, cases in probe.items():
        mean = learn(model, feed.of(cases), LOSS).total / len(cases)
        own = torch.autograd.grad(mean, weights, allow_unused=True)
        squares = sum((each**2).sum() for each in own if each is not None)
        assert norms[task] == pytest.approx(squares.sqrt().item(), rel=1e-4)


def test_only_what_moves_is_measured(phantom: Path) -> None:
    model, records = from_scratch(0), RecordFile(phantom)
    feed = open_feed(model, DataConfig(records=str(phantom)), phantom, 0)
    probe = {"vqa": stratified(records.cases("train", "vqa"), 1)}
    every = list(model.network.parameters())
    whole = gradient_norms(model, feed, LOSS, probe, every, CAST)["vqa"]
    for weight in every[1:]:
        weight.requires_grad_(False)
    part = gradient_norms(model, feed, LOSS, probe, every[:1], CAST)["vqa"]
    assert 0 < part < whole
