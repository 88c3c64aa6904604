"""The training loop: draw, step, look, publish; exact to the bit when it is resumed.

train(load(Path("recipe.toml"), [], TrainConfig), Path("runs/first"))
"""

import json
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from diascope.errors import InputError
from diascope.models import family
from diascope.models.devices import has_bfloat16, keep_freed_memory
from diascope.models.family import VisionLanguageModel
from diascope.training import checkpoint
from diascope.training.config import Duration, TrainConfig
from diascope.training.course import Leg, course
from diascope.training.evaluation import Evaluation, open_evaluation
from diascope.training.feed import Progress
from diascope.training.loss import learn
from diascope.training.moving import Movement
from diascope.training.optim import optimizer, set_learning_rate
from diascope.training.runfolder import RunFolder
from diascope.training.saving import save_model

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
    legs = course(model, config, drawing)
    folder = RunFolder.open(out, config, resume)
    folder.describe(legs)
    trainer = Trainer.of(config, model, legs, folder)
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
    if chosen.compose is not None:
        from diascope.models.composed import compose

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            return compose(chosen.compose, getattr(torch, chosen.dtype))
    path = config.resolve(chosen.path) if chosen.path else None
    return family(chosen.family).load(path, getattr(torch, chosen.dtype))


@dataclass
class Trainer:
    """A run in progress. `step` counts optimiser steps done; everything else follows from it."""

    config: TrainConfig
    model: VisionLanguageModel
    legs: Sequence[Leg]
    folder: RunFolder
    evaluation: Evaluation
    movement: Movement
    step: int = 0
    best: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        config: TrainConfig,
        model: VisionLanguageModel,
        legs: Sequence[Leg],
        folder: RunFolder,
    ) -> "Trainer":
        """A run at its beginning, or where its last checkpoint left it."""
        movement = Movement.of(model, config.plan, config.seed)
        evaluation = open_evaluation(model, legs[0].feed, config)
        trainer = cls(config, model, legs, folder, evaluation, movement)
        last = checkpoint.latest(folder.checkpoints)
        if last is not None:
            state = checkpoint.read_state(last)
            trainer.step, trainer.best = state["step"], state["best"]
            checkpoint.restore_weights(last, model.network)
        folder.forget_after(trainer.step)
        return trainer

    @property
    def num_steps(self) -> int:
        """Of the whole run."""
        return self.legs[-1].end

    def run(self) -> Iterator[dict[str, Any]]:
        """Step to the end; yields what was logged of each step."""
        for leg in self.legs:
            if self.step < leg.end:
                yield from self._run(leg)

    def finish(self) -> Path:
        """Save the best model, by the chosen task or else by the loss, and return its folder."""
        chosen = self.config.evaluation.task or "loss"
        best = self.folder.checkpoints / f"best-{chosen}"
        if best.is_dir():
            checkpoint.restore_weights(best, self.model.network)
        hidden = checkpoint.fresh(self.folder.model)
        save_model(self.model, hidden)
        self.folder.sign(hidden)
        checkpoint.publish(hidden, self.folder.model)
        return self.folder.model

    def _run(self, leg: Leg) -> Iterator[dict[str, Any]]:
        moving = self.movement.begin(leg.phase)
        moves = optimizer(moving, leg.optim)
        last = checkpoint.latest(self.folder.checkpoints)
        if last is not None and self.step > leg.start:
            self._go_on(last, leg, moves)
        while self.step < leg.end:
            logged = self._step(leg, moves)
            if self._due(leg, self.config.evaluation.every) and len(self.evaluation.cases):
                logged |= self._evaluate(leg)
            self.folder.log(logged)
            if self._due(leg, self.config.checkpoint_every) or self.step == leg.end:
                self._publish(leg, moves)
            yield logged

    def _go_on(self, last: Path, leg: Leg, moves: torch.optim.Optimizer) -> None:
        """Fill the optimiser, after a look at whether what moves is what has moved so far."""
        before, now = checkpoint.read_state(last)["moving"], self._table(leg)
        if before != now:
            told = f"{last}: what moves has changed: {before} then, {now} now"
            raise InputError(f"{told}; go on with the configuration that the run began with")
        checkpoint.restore_optimizer(last, moves)

    def _table(self, leg: Leg) -> list[list[Any]]:
        return [list(row) for row in self.movement.table(leg.phase)]

    def _step(self, leg: Leg, moves: torch.optim.Optimizer) -> dict[str, Any]:
        rate = leg.learning_rate(self.step)
        set_learning_rate(moves, rate)
        self.model.network.train()
        moves.zero_grad()
        total, ids = 0.0, []
        for part in range(leg.accumulate):
            start = leg.position(self.step, part)
            loss = self._loss(leg, start)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
            ids.append(leg.feed.ids(start, leg.batch_size))
        if not math.isfinite(total):
            raise FloatingPointError(f"the loss is {total} at step {self.step}: lower optim.lr")
        weights = [weight for group in moves.param_groups for weight in group["params"]]
        norm = torch.nn.utils.clip_grad_norm_(weights, leg.optim.clip)
        moves.step()
        self.step += 1
        known = {"loss": total, "lr": rate, "norm": norm.item(), "ids": "-".join(ids)}
        return {"step": self.step, "phase": leg.phase.name, **known}

    def _loss(self, leg: Leg, start: int) -> torch.Tensor:
        batch = leg.feed.batch(start, leg.batch_size)
        with (
            autocast(self.model.network, self.config.autocast),
            torch.random.fork_rng(devices=[]),
        ):
            # dropout is drawn anew at every pass, and alike by a run that was resumed
            torch.manual_seed(zlib.crc32(f"{self.config.seed} {leg.phase.name} {start}".encode()))
            return learn(self.model, batch, self.config.loss).total / leg.step_size

    def _due(self, leg: Leg, every: Duration) -> bool:
        return self.step % leg.steps(every, self.num_steps) == 0 or self.step == self.num_steps

    def _evaluate(self, leg: Leg) -> dict[str, float]:
        """Measure, and keep the weights that are the best so far by each measure."""
        with autocast(self.model.network, self.config.autocast):
            measured = self.evaluation.measure()
        for name, value in measured.items():
            first = name not in self.best and not math.isnan(value)
            if first or self.evaluation.better(name, value, self.best.get(name, math.nan)):
                self.best[name] = value
                target = self.folder.checkpoints / f"best-{name}"
                checkpoint.save_weights(target, self._weights(leg))
        return {f"val_{name}": value for name, value in measured.items()}

    def _publish(self, leg: Leg, moves: torch.optim.Optimizer) -> None:
        state = {"step": self.step, "best": self.best, "moving": self._table(leg)}
        target = self.folder.checkpoints / f"step-{self.step:08d}"
        checkpoint.save(target, self._weights(leg), moves, state)
        checkpoint.prune(self.folder.checkpoints, self.config.keep)

    def _weights(self, leg: Leg) -> dict[str, torch.Tensor]:
        """All that has moved so far: the rest is where the run found it."""
        moved = self.movement.moved(leg.phase)
        named = self.model.network.named_parameters()
        return {name: weight.detach() for name, weight in named if name in moved}


def autocast(network: torch.nn.Module, wanted: bool) -> torch.autocast:
    """bfloat16 arithmetic where the network's device computes in it; elsewhere it is slower."""
    device = next(network.parameters()).device.type
    able = device != "cpu" or has_bfloat16()
    return torch.autocast(device, dtype=torch.bfloat16, enabled=wanted and able)


def metrics(run: Path) -> list[dict[str, Any]]:
    """What a run has logged, a dictionary a step."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]
