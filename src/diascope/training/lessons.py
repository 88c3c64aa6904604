"""Opens what a phase of another kind than answers teaches."""

from collections.abc import Sequence

import torch

from diascope.errors import InputError
from diascope.models.family import VisionLanguageModel
from diascope.models.transformer import Transformer
from diascope.recordfile import RecordFile, spread
from diascope.records import Case
from diascope.training import contrastive, heads, labels
from diascope.training.chosen import Chosen, Wanted
from diascope.training.config import TrainConfig
from diascope.training.contrastive import ContrastiveLesson, alignment
from diascope.training.feed import Feed
from diascope.training.labels import LabelsLesson, confirm
from diascope.training.lesson import Lesson
from diascope.training.lessonconfig import ContrastiveConfig, LabelsConfig
from diascope.training.phases import Phase
from diascope.training.processes import Processes

_HELD_OUT = 256
"""Cases measured on, where the run leaves it open."""


def wanted_by(phase: Phase) -> Wanted | None:
    """Which cases a phase can learn from; None where it is not for it to choose."""
    match phase.kind:
        case "labels":
            return labels.wanted(phase.labels or LabelsConfig())
        case "contrastive":
            return contrastive.wanted(phase.contrastive or ContrastiveConfig())
        case "answers":
            return None


def refuse_several(config: TrainConfig, processes: Processes) -> None:
    """InputError where several processes would learn what all examples of a pass teach together."""
    for phase in config.plan:
        if phase.kind != "answers" and processes.size > 1:
            told = f"phase {phase.name!r}: kind {phase.kind!r} is learnt by one process"
            raise InputError(f"{told}, not {processes.size}; give it a run of its own, before")


def open_lesson(
    model: VisionLanguageModel, number: int, feed: Feed, config: TrainConfig
) -> Lesson | None:
    """The lesson of the phase of that number, its head hung on the network; None for answers.

    InputError for a family whose vision tower cannot learn alone.
    """
    phase = config.plan[number]
    wanted = wanted_by(phase)
    if wanted is None:
        return None
    if not isinstance(model, Transformer):
        raise InputError(f"phase {phase.name!r}: {config.model.family!r} learns answers alone")
    records, chosen = RecordFile(config.resolve(config.data.records)), config.evaluation
    held_out = spread(Chosen(records.cases(chosen.split), wanted), chosen.limit or _HELD_OUT)
    size = phase.batch_size or config.batch_size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed + number)
        lesson = _lesson(phase, model, feed, held_out, size)
    heads.attach(model.network, number, lesson.head)
    return lesson


def _lesson(
    phase: Phase, model: Transformer, feed: Feed, held_out: Sequence[Case], size: int
) -> LabelsLesson | ContrastiveLesson:
    if phase.kind == "labels":
        asked = phase.labels or LabelsConfig()
        return LabelsLesson(model, feed, held_out, size, confirm(model, feed, asked), asked)
    paired = phase.contrastive or ContrastiveConfig()
    return ContrastiveLesson(model, feed, held_out, size, alignment(model, paired), paired)
