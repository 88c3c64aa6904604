"""The course of a run: its phases in steps, each with the feed that it learns from."""

from collections.abc import Sequence
from dataclasses import dataclass

from diascope.models.family import VisionLanguageModel
from diascope.training.config import TrainConfig
from diascope.training.feed import Feed, Progress, open_feed
from diascope.training.lesson import Lesson
from diascope.training.lessons import open_lesson, wanted_by
from diascope.training.optim import learning_rate
from diascope.training.optimconfig import Duration, OptimConfig
from diascope.training.phases import Phase
from diascope.training.refusals import refuse_overlong
from diascope.training.targets import supervised


@dataclass(frozen=True)
class Leg:
    """One phase, in steps of the run."""

    phase: Phase
    optim: OptimConfig
    feed: Feed
    start: int
    """Steps of the run before it."""
    num_steps: int
    batch_size: int
    accumulate: int
    lesson: Lesson | None = None
    """What is learnt in place of answers."""
    apart: bool = False
    """Whether its losses compare with none before it."""

    @property
    def end(self) -> int:
        """Steps of the run when it ends."""
        return self.start + self.num_steps

    @property
    def step_size(self) -> int:
        """Examples an optimiser step."""
        return self.batch_size * self.accumulate

    def position(self, step: int, part: int) -> int:
        """Where in its mixture a forward pass of a step of the run begins."""
        return (step - self.start) * self.step_size + part * self.batch_size

    def tasks(self, start: int) -> list[str]:
        """The tasks of the examples of the forward pass that begins at a place of the mixture.

        What is no answer is a task of its own, the kind of the phase.
        """
        if self.lesson is not None:
            return [self.phase.kind] * self.batch_size
        places = range(start, start + self.batch_size)
        return [self.feed.case(place).turn.task for place in places]

    @property
    def has_cases(self) -> bool:
        """Whether its lesson has any to be measured on."""
        return self.lesson is not None and len(self.lesson.cases) > 0

    def steps(self, duration: Duration, whole: int) -> int:
        """A duration in steps; a percentage is of `whole`."""
        return duration.in_steps(self.step_size, self.feed.num_cases, whole)

    def learning_rate(self, step: int) -> float:
        """Of a step of the run."""
        warmup = self.steps(self.optim.warmup, self.num_steps)
        return learning_rate(self.optim, step - self.start, self.num_steps, warmup)


def course(
    model: VisionLanguageModel, config: TrainConfig, drawing: Progress = lambda done, total: None
) -> Sequence[Leg]:
    """The legs of a run, one behind the other; phases draw in orders of their own."""
    legs: list[Leg] = []
    records = config.resolve(config.data.records)
    for number, phase in enumerate(config.plan):
        data = config.data.model_copy(update={"mixture": phase.mixture or config.data.mixture})
        seed, wanted = config.seed + number, wanted_by(phase)
        drawn = open_feed(model, data, records, seed, drawing, wanted)
        feed = supervised(drawn, config.loss) if wanted is None else drawn
        if wanted is None:
            refuse_overlong(feed)
        lesson = open_lesson(model, number, feed, config)
        apart = lesson is not None or (number > 0 and legs[-1].lesson is not None)
        size = phase.batch_size or config.batch_size
        accumulate = phase.accumulate or config.accumulate
        num_steps = phase.duration.in_steps(size * accumulate, feed.num_cases)
        start = legs[-1].end if legs else 0
        optim = phase.optim or config.optim
        leg = Leg(phase, optim, feed, start, num_steps, size, accumulate, lesson, apart)
        legs.append(leg)
    return legs
