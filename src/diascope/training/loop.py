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

from diascope.batching import Batch, pack
from diascope.errors import InputError
from diascope.models import family, number_head
from diascope.models.belonging import as_asked
from diascope.models.devices import has_bfloat16, keep_freed_memory
from diascope.models.family import VisionLanguageModel
from diascope.models.quantised import is_quantised, quantise
from diascope.training import checkpoint
from diascope.training._controller.best import forget, keep
from diascope.training._controller.opening import history_of, open_controller
from diascope.training._controller.tally import Tally
from diascope.training.adapter import has_adapter, save_adapter
from diascope.training.clipping import clip
from diascope.training.config import Duration, TrainConfig
from diascope.training.controller import Controller, Picture, undrawn
from diascope.training.course import Leg, course
from diascope.training.effort import Effort, Tell
from diascope.training.feed import Progress
from diascope.training.held import hold, release
from diascope.training.layout import Layout, open_layout
from diascope.training.lesson import Lesson
from diascope.training.lessons import refuse_several
from diascope.training.loss import Learnt, learn
from diascope.training.moving import Movement, statistics, to_train
from diascope.training.optim import optimizer, set_learning_rate
from diascope.training.processes import ALONE, Processes, agree, connected
from diascope.training.refusals import not_finite
from diascope.training.runfolder import RunFolder
from diascope.training.saving import save_model
from diascope.training.steptally import StepTally
from diascope.training.stopping import REQUEUE, Stop

Report = Callable[[int, int, dict[str, Any]], None]
"""Called after each step with the steps done, the steps in all, and what was logged."""


def train(
    config: TrainConfig,
    out: Path,
    resume: bool = False,
    report: Report = lambda done, total, logged: None,
    drawing: Progress = lambda done, total: None,
    picture: Picture = undrawn,
    tell: Tell | None = None,
) -> Path:
    """Run a configuration to its end and return the folder of the model it made.

    Each of the processes of a run (see `processes`) calls this alike. A run that is asked to stop
    (see `stopping`) writes a checkpoint and leaves by SystemExit.

    `drawing` is told of the canvases that are drawn into a cache first, where there is one;
    `picture` draws some replies whenever the run looks at itself. `tell` is told before each phase
    how much memory it will take, after which the longest batch is tried and split if need be.

    With `resume` the run in `out` goes on from its last whole checkpoint, with the same samples and
    the same losses as if it had never stopped. InputError for a folder or configuration that does
    not fit; a loss that is not finite stops the run and names the step and its samples.
    """
    keep_freed_memory()
    stop = Stop()
    with stop.listening(), connected() as processes:
        refuse_several(config, processes)
        model = start_model(config)
        legs = processes.in_turn(lambda: course(model, config, drawing))
        folder = RunFolder(out, config)
        processes.lead(lambda: RunFolder.open(out, config, resume).describe(legs))
        trainer = Trainer.of(config, model, legs, folder, picture, processes)
        trainer.tell = tell if processes.leads else None
        for logged in trainer.run(stop):
            report(logged["step"], trainer.num_steps, logged)
        return trainer.finish()


def start_model(config: TrainConfig) -> VisionLanguageModel:
    """The model a run starts from, with a number head where the loss asks for one."""
    model = as_asked(_start(config), config.model.dialect, config.model.fit)
    if config.model.quantise is not None:
        quantise(model, config.model.quantise)
    if config.loss.number_head > 0:
        if config.model.path:
            number_head.restore(model, config.resolve(config.model.path))
        number_head.attach(model, config.seed)
    return model


def _start(config: TrainConfig) -> VisionLanguageModel:
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
    controller: Controller
    movement: Movement
    layout: Layout
    """The weights that learn; `model` has them too where it is looked at and saved."""
    processes: Processes
    step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    tell: Tell | None = None

    @classmethod
    def of(
        cls,
        config: TrainConfig,
        model: VisionLanguageModel,
        legs: Sequence[Leg],
        folder: RunFolder,
        picture: Picture = undrawn,
        processes: Processes = ALONE,
    ) -> "Trainer":
        """A run at its beginning, or where its last checkpoint left it."""
        processes.lead(lambda: checkpoint.settle(folder.checkpoints))
        last = checkpoint.latest(folder.checkpoints)
        state: dict[str, Any] = {"step": 0, "best": {}}
        if last is not None:
            state = checkpoint.read_state(last)

        def ready(model: VisionLanguageModel) -> Movement:
            movement = Movement.of(model, config.plan, config.seed)
            if config.memory.frozen == "bfloat16":
                hold(model.network, movement.moved(config.plan[-1]))
            if last is not None:
                checkpoint.restore_weights(last, model.network)
            return movement

        movement = ready(model)
        controller = open_controller(model, legs, config, folder.path, picture)
        agree(
            processes, int(legs[0].feed.digest[:15], 16) ^ state["step"], "records and checkpoints"
        )
        layout = open_layout(
            movement, lambda: ready(start_model(config)), config.sharded, processes
        )
        trainer = cls(config, model, legs, folder, controller, movement, layout, processes)
        trainer.step, trainer.best = state["step"], state["best"]
        processes.lead(lambda: folder.forget_after(trainer.step))
        controller.history = history_of(folder.metrics)
        return trainer

    @property
    def num_steps(self) -> int:
        """Of the whole run."""
        return self.legs[-1].end

    def run(self, stop: Stop) -> Iterator[dict[str, Any]]:
        """Step to the end, or until asked to stop; yields what was logged of each step."""
        for leg in self.legs:
            if self.step < leg.end:
                yield from self._run(leg, stop)

    def finish(self) -> Path:
        """Save the best model, by the chosen task or mix or else by the loss; its folder."""
        self.processes.lead(self._save_model)
        rounded = is_quantised(self.model.network)
        return self.folder.adapter if rounded else self.folder.model

    def _save_model(self) -> None:
        best = self.folder.checkpoints / f"best-{self.config.evaluation.chooses}"
        weights = best if best.is_dir() else checkpoint.latest(self.folder.checkpoints)
        if weights is not None:
            checkpoint.restore_weights(weights, self.model.network)
        release(self.model.network)
        if has_adapter(self.movement):
            with self.folder.publishing(self.folder.adapter) as hidden:
                save_adapter(self.movement, hidden)
        if is_quantised(self.model.network):
            return  # merged into rounded matrices, updates would be rounded away
        with self.folder.publishing(self.folder.model) as hidden:
            save_model(self.model, hidden, self._probe())

    def _probe(self) -> Batch | None:
        """A few examples whose logits merging must not change; None where no answer is learnt."""
        answering = [leg for leg in self.legs if leg.lesson is None]
        if not answering:
            return None
        feed, few = answering[-1].feed, range(min(4, self.config.batch_size))
        return feed.of([feed.case(position) for position in few])

    def _run(self, leg: Leg, stop: Stop) -> Iterator[dict[str, Any]]:
        self.movement.begin(leg.phase)
        if leg.apart and self.step == leg.start:
            self.best = {}
            self.processes.lead(lambda: forget(self.folder.checkpoints))
        moves = optimizer(self.layout.begin(leg.phase), leg.optim)
        effort = self.processes.in_turn(lambda: self._effort(leg))
        last = checkpoint.latest(self.folder.checkpoints)
        if last is not None and self.step > leg.start:
            self._go_on(last, leg, moves)
        while self.step < leg.end:
            logged = self._step(leg, moves, effort)
            self._watch(leg, logged)
            stops = self.processes.least(-stop.asked) < 0
            due = self._due(leg, self.config.checkpoint_every)
            if due or stops or self.step == leg.end:
                self._publish(leg, moves)
                self.processes.lead(effort.note)
            yield logged
            if stops:
                raise SystemExit(REQUEUE)

    def _effort(self, leg: Leg) -> Effort:
        """What fits is found by the leading process, and read by the others from the run."""
        effort = Effort.of(self.movement, leg, self.config, self.folder.path)
        with self._cast():
            return effort.tried(self.tell) if self.processes.leads else effort

    def _watch(self, leg: Leg, logged: dict[str, Any]) -> None:
        """Look where a look is due, and log the step; the leading process does, for all."""
        answers = leg.lesson is None
        pulls = answers and self._due(leg, self.config.evaluation.gradients_every)
        has_cases = self.controller.has_cases if answers else leg.has_cases
        looks = has_cases and self._due(leg, self.config.evaluation.every)

        def watch() -> None:
            if pulls:
                weights = [each.weight for each in self.movement.moving(leg.phase)]
                logged.update(self.controller.gradients(weights, self._cast()))
            if looks:
                logged.update(self._evaluate(leg))
            logged.update(self.controller.note(logged))
            self.folder.log(logged)

        if pulls or looks:
            self.layout.refresh(self.model.network, self._moved(leg, self.layout.model))
            self.processes.lead(watch)
        elif self.processes.leads:
            watch()

    def _go_on(self, last: Path, leg: Leg, moves: torch.optim.Optimizer) -> None:
        """Fill the optimiser, after a look at whether what moves is what has moved so far."""
        before, now = checkpoint.read_state(last)["moving"], self._table(leg)
        if before != now:
            told = f"{last}: what moves has changed: {before} then, {now} now"
            raise InputError(f"{told}; go on with the configuration that the run began with")
        checkpoint.restore_optimizer(last, moves, self.layout.placed)

    def _table(self, leg: Leg) -> list[list[Any]]:
        return [list(row) for row in self.movement.table(leg.phase)]

    def _step(self, leg: Leg, moves: torch.optim.Optimizer, effort: Effort) -> dict[str, Any]:
        rate = leg.learning_rate(self.step)
        set_learning_rate(moves, rate)
        to_train(self.layout.model.network)
        moves.zero_grad()
        first, read = leg.position(self.step, 0), StepTally.of(leg.step_size)
        passes = self.layout.passes(first, leg.step_size, leg.batch_size)
        for positions in self.layout.split(passes, effort):
            learnt = self._learnt(leg, positions, effort)
            loss = learnt.total / leg.step_size
            loss.backward()  # type: ignore[no-untyped-call]
            read.add(loss.item(), learnt, [position - first for position in positions])
        self.layout.reduce(_weights(moves))
        learnt = read.together(self.processes)
        total, tally = learnt.total.item(), Tally()
        starts = [leg.position(self.step, part) for part in range(leg.accumulate)]
        ids = "-".join(leg.feed.ids(start, leg.batch_size) for start in starts)
        tally.add([task for start in starts for task in leg.tasks(start)], learnt)
        if not math.isfinite(total):
            raise self._not_finite(leg, learnt, f"the loss is {total}")
        norm = self.layout.norm(_weights(moves))
        if not math.isfinite(norm):
            raise self._not_finite(leg, learnt, f"the gradient's norm is {norm}")
        clip(_weights(moves), norm, leg.optim.clip)
        moves.step()
        self.step += 1
        known = {"loss": total, "lr": rate, "norm": norm, "ids": ids}
        tasks = {task: means._asdict() for task, means in tally.means().items()}
        return {"step": self.step, "phase": leg.phase.name, **known, "tasks": tasks}

    def _not_finite(self, leg: Leg, learnt: Learnt, told: str) -> FloatingPointError:
        first = leg.position(self.step, 0)
        positions = range(first, first + leg.step_size)
        return not_finite(leg.feed, positions, self.step, learnt.losses, told)

    def _learnt(self, leg: Leg, positions: range, effort: Effort) -> Learnt:
        named = f"{self.config.seed} {leg.phase.name} {positions.start}"
        with (
            self._cast(),
            torch.random.fork_rng(devices=[]),
        ):
            # dropout is drawn anew at every pass, and alike by a run that was resumed
            torch.manual_seed(zlib.crc32(named.encode()))
            if leg.lesson is not None:
                return leg.lesson.learn(positions)
            batch = effort.features.fill(pack(self.layout.examples(leg.feed, positions)))
            model, loss = self.layout.model, self.config.loss
            return self.layout.within(lambda: learn(model, batch, loss))

    def _cast(self) -> torch.autocast:
        return autocast(self.model.network, self.config.autocast)

    def _due(self, leg: Leg, every: Duration) -> bool:
        return self.step % leg.steps(every, self.num_steps) == 0 or self.step == self.num_steps

    def _evaluate(self, leg: Leg) -> dict[str, Any]:
        """Look, and keep the weights that are the best so far by each measure."""
        if leg.lesson is not None:
            return self._examine(leg, leg.lesson)
        with self.controller.watching(self.step):
            with self._cast():
                look = self.controller.look(self.step)
            names = self.controller.improved(look.measures, self.best)
            if names:
                self.best |= {name: look.measures[name] for name in names}
                keep(self.folder.checkpoints, names, self._moved(leg, self.model))
        return {**look.logged, "best": names}

    def _examine(self, leg: Leg, lesson: Lesson) -> dict[str, Any]:
        """Measure what has been learnt in place of answers; the least loss is the best."""
        with self._cast():
            measured = lesson.measure()
        if measured["loss"] < self.best.get("loss", math.inf):
            self.best["loss"] = measured["loss"]
            keep(self.folder.checkpoints, ["loss"], self._moved(leg, self.model))
        return {f"val_{name}": value for name, value in measured.items()}

    def _publish(self, leg: Leg, moves: torch.optim.Optimizer) -> None:
        state = {"step": self.step, "best": self.best, "moving": self._table(leg)}
        target = self.folder.checkpoints / f"step-{self.step:08d}"
        weights = self.layout.whole(self._moved(leg, self.layout.model))
        tensors = self.layout.whole(checkpoint.optimizer_tensors(moves))

        def publish() -> None:
            checkpoint.save(target, weights, tensors, state)
            checkpoint.prune(self.folder.checkpoints, self.config.keep)

        self.processes.lead(publish)

    def _moved(self, leg: Leg, model: VisionLanguageModel) -> dict[str, torch.Tensor]:
        """All that has moved so far: the rest is where the run found it."""
        moved = self.movement.moved(leg.phase)
        named = model.network.named_parameters()
        weights = {name: weight.detach() for name, weight in named if name in moved}
        return weights | statistics(model.network, moved)


def _weights(moves: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [weight for group in moves.param_groups for weight in group["params"]]


def autocast(network: torch.nn.Module, wanted: bool) -> torch.autocast:
    """bfloat16 arithmetic where the network's device computes in it; elsewhere it is slower."""
    device = next(network.parameters()).device.type
    able = device != "cpu" or has_bfloat16()
    return torch.autocast(device, dtype=torch.bfloat16, enabled=wanted and able)


def metrics(run: Path) -> list[dict[str, Any]]:
    """What a run has logged, a dictionary a step."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]
