"""The training loop: draw, step, look, publish; exact to the bit when it is resumed.

train(load(Path("recipe.toml"), [], TrainConfig), Path("runs/first"))
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from diascope.errors import InputError
from diascope.models import family
from diascope.models.devices import has_bfloat16, keep_freed_memory
from diascope.models.family import VisionLanguageModel
from diascope.training import checkpoint
from diascope.training.config import TrainConfig
from diascope.training.evaluation import Evaluation, open_evaluation
from diascope.training.feed import Feed, Progress, open_feed
from diascope.training.loss import batch_loss
from diascope.training.optim import freeze, learning_rate, optimizer, set_learning_rate
from diascope.training.runfolder import RunFolder

Report = Callable[[int, int, dict[str, Any]], None]
"""Called after each step with the steps done, the steps in all, and what was logged."""


def train(
    config: TrainConfig,
    out: Path,
    resume: bool = False,
    report: Report = lambda done, total, logged: None,
    drawing: Progress = lambda done, total: None,
) -> Path:
    """Run a configuration to its end and return the folder of the model it made.

    `drawing` is told of the canvases that are drawn into a cache first, where there is one.

    With `resume` the run in `out` goes on from its last whole checkpoint, with the same samples and
    the same losses as if it had never stopped. InputError for a folder or configuration that does
    not fit; a loss that is not finite stops the run and names the step.
    """
    keep_freed_memory()
    model = start_model(config)
    feed = open_feed(model, config.data, config.resolve(config.data.records), config.seed, drawing)
    folder = RunFolder.open(out, config, resume)
    folder.describe(feed)
    trainer = Trainer.of(config, model, feed, folder)
    for logged in trainer.run():
        report(logged["step"], trainer.num_steps, logged)
    return trainer.finish()


def start_model(config: TrainConfig) -> VisionLanguageModel:
    """The model a run starts from."""
    chosen = config.model
    if chosen.scratch:
        if chosen.family != "tiny":
            raise InputError(f"model.scratch: family {chosen.family!r} cannot start from nothing")
        from diascope.models.tiny import from_scratch

        return from_scratch(config.seed)
    path = config.resolve(chosen.path) if chosen.path else None
    return family(chosen.family).load(path, getattr(torch, chosen.dtype))


@dataclass
class Trainer:
    """A run in progress. `step` counts optimiser steps done; everything else follows from it."""

    config: TrainConfig
    model: VisionLanguageModel
    feed: Feed
    folder: RunFolder
    evaluation: Evaluation
    optimizer: torch.optim.Optimizer
    num_steps: int
    step: int
    best: dict[str, float]

    @classmethod
    def of(
        cls, config: TrainConfig, model: VisionLanguageModel, feed: Feed, folder: RunFolder
    ) -> "Trainer":
        """A run at its beginning, or where its last checkpoint left it."""
        freeze(model.network, config.optim)
        moves = optimizer(model.network, config.optim)
        num_steps = config.duration.in_steps(config.step_size, feed.num_cases)
        evaluation = open_evaluation(model, feed, config)
        trainer = cls(config, model, feed, folder, evaluation, moves, num_steps, 0, {})
        last = checkpoint.latest(folder.checkpoints)
        if last is not None:
            state = checkpoint.restore(last, model.network, moves)
            trainer.step, trainer.best = state["step"], state["best"]
        folder.forget_after(trainer.step)
        return trainer

    def run(self) -> Iterator[dict[str, Any]]:
        """Step to the end; yields what was logged of each step."""
        while self.step < self.num_steps:
            logged = self._step()
            if self._due(self.config.evaluation.every.in_steps) and len(self.evaluation.cases):
                logged |= self._evaluate()
            self.folder.log(logged)
            if self._due(self.config.checkpoint_every.in_steps):
                self._publish()
            yield logged

    def finish(self) -> Path:
        """Save the best model, by the chosen task or else by the loss, and return its folder."""
        chosen = self.config.evaluation.task or "loss"
        best = self.folder.checkpoints / f"best-{chosen}"
        if best.is_dir():
            checkpoint.restore_weights(best, self.model.network)
        hidden = checkpoint.fresh(self.folder.model)
        self.model.save(hidden)
        self.folder.sign(hidden)
        checkpoint.publish(hidden, self.folder.model)
        return self.folder.model

    def _step(self) -> dict[str, Any]:
        config, size = self.config, self.config.batch_size
        rate = self._set_learning_rate()
        self.model.network.train()
        self.optimizer.zero_grad()
        total, ids = 0.0, []
        for part in range(config.accumulate):
            start = self.step * config.step_size + part * size
            loss = self._loss(start) / config.accumulate
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
            ids.append(self.feed.ids(start, size))
        if not math.isfinite(total):
            raise FloatingPointError(f"the loss is {total} at step {self.step}: lower optim.lr")
        norm = torch.nn.utils.clip_grad_norm_(self.model.network.parameters(), config.optim.clip)
        self.optimizer.step()
        self.step += 1
        known = {"loss": total, "lr": rate, "norm": norm.item(), "ids": "-".join(ids)}
        return {"step": self.step, **known}

    def _loss(self, start: int) -> torch.Tensor:
        batch = self.feed.batch(start, self.config.batch_size)
        with autocast(self.model.network, self.config.autocast):
            return batch_loss(self.model, batch, self.config.location_sigma)

    def _set_learning_rate(self) -> float:
        optim = self.config.optim
        warmup = optim.warmup.in_steps(self.config.step_size, self.feed.num_cases, self.num_steps)
        rate = learning_rate(optim, self.step, self.num_steps, warmup)
        set_learning_rate(self.optimizer, rate)
        return rate

    def _due(self, in_steps: Callable[[int, int, int], int]) -> bool:
        every = in_steps(self.config.step_size, self.feed.num_cases, self.num_steps)
        return self.step % every == 0 or self.step == self.num_steps

    def _evaluate(self) -> dict[str, float]:
        """Measure, and keep the weights that are the best so far by each measure."""
        with autocast(self.model.network, self.config.autocast):
            measured = self.evaluation.measure()
        for name, value in measured.items():
            first = name not in self.best and not math.isnan(value)
            if first or self.evaluation.better(name, value, self.best.get(name, math.nan)):
                self.best[name] = value
                checkpoint.save_weights(
                    self.folder.checkpoints / f"best-{name}", self.model.network
                )
        return {f"val_{name}": value for name, value in measured.items()}

    def _publish(self) -> None:
        state = {"step": self.step, "best": self.best}
        target = self.folder.checkpoints / f"step-{self.step:08d}"
        checkpoint.save(target, self.model.network, self.optimizer, state)
        checkpoint.prune(self.folder.checkpoints, self.config.keep)


def autocast(network: torch.nn.Module, wanted: bool) -> torch.autocast:
    """bfloat16 arithmetic where the network's device computes in it; elsewhere it is slower."""
    device = next(network.parameters()).device.type
    able = device != "cpu" or has_bfloat16()
    return torch.autocast(device, dtype=torch.bfloat16, enabled=wanted and able)


def metrics(run: Path) -> list[dict[str, Any]]:
    """What a run has logged, a dictionary a step."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]
