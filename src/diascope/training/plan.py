"""What a run would do, told before anything is read but records and configurations.

For each phase its steps, what moves of every part, how often each group is drawn, and what it takes
of memory and time. No weights are needed: a model that is not there is drawn up from its published
configuration. Where there are no records yet, shares are those of the weights, and an example is
taken to have a picture and so many words.

for line in plan(load(recipe("m4cxr"), [], TrainConfig)): print(line)
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from diascope.batching import Canvas, Example, pack
from diascope.errors import InputError
from diascope.imaging.augment import Augmentation
from diascope.imaging.handover import refuse_records
from diascope.mixture import Mixture, MixtureConfig, describe
from diascope.models import blueprint, family, number_head
from diascope.models.chatting import ChatModel
from diascope.models.devices import has_bfloat16
from diascope.models.transformer import Transformer
from diascope.recordfile import RecordFile
from diascope.records import Case
from diascope.training.chosen import chosen
from diascope.training.config import ModelConfig, TrainConfig
from diascope.training.evaluation import refuse_unknown
from diascope.training.features import stage
from diascope.training.feed import taught
from diascope.training.forecast import Forecast, Walked, moments_of, stand_in
from diascope.training.lessons import wanted_by
from diascope.training.loop import start_model
from diascope.training.moving import Movement, Row
from diascope.training.phases import Phase

DRAWN = 256
"""Examples of a phase that are looked at for their lengths."""
TYPICAL = 16
"""Of these, the first of the mixture are walked through for the time."""
WORDS = 64
"""Of a question, and of an answer, where there are no records."""
SHARE_HERE, SHARE_GRAPHICS = 0.5, 0.4
"""Of what a device can multiply at the most, what training is taken to make of it."""
H100 = 989e12
"""Operations a second of an H100 SXM in bfloat16, dense (NVIDIA's data sheet)."""
_SIDE = 1024


@dataclass(frozen=True)
class Stage:
    """One phase, as far as it can be told before it begins."""

    phase: Phase
    step_size: int
    num_steps: int | None
    """None where it lasts epochs of records that are not there."""
    groups: Sequence[str]
    """What is drawn, a line a group."""
    table: Sequence[Row]
    """Empty where nothing is known of the model."""
    typical: Forecast | None
    """A forward and backward pass of `num_typical` examples."""
    longest: Forecast | None
    """The largest pass that was seen."""
    num_typical: int

    def lines(self) -> Iterator[str]:
        """What there is to say of it."""
        steps = "unknown number of" if self.num_steps is None else f"{self.num_steps:,}"
        yield f"{self.phase.name}: {steps} steps of {self.step_size}"
        yield from (f"  {row.part}: {row.how}, {_moving(row)}" for row in self.table)
        if self.table:
            moving, total = (sum(getattr(row, of) for row in self.table) for of in _COUNTS)
            yield f"  moves {moving:,} of {total:,} numbers ({moving / total:.2%})"
        yield from (f"  {group}" for group in self.groups)
        if self.longest is not None:
            yield f"  {self.longest}"
        if self.typical is not None:
            yield f"  {self._time(self.typical.flops / self.num_typical)}"

    def _time(self, flops: float) -> str:
        here, there = SHARE_HERE * products_per_second(), SHARE_GRAPHICS * H100
        told = f"time: {flops:.2g} operations an example"
        if self.num_steps is None:
            return f"{told}; how many there are is not known"
        whole = flops * self.num_steps * self.step_size
        return (
            f"{told}, {whole:.2g} in all: {_duration(whole / here)} on this processor at "
            f"{SHARE_HERE:.0%} of its products, {_duration(whole / there)} on one H100 at "
            f"{SHARE_GRAPHICS:.0%}; looks at validation cases come on top"
        )


_COUNTS = ("moving", "total")


def plan(config: TrainConfig) -> list[str]:
    """The lines of a dry run; InputError for what could not be trained if all of it were there."""
    absent = list(missing(config))
    records = None
    if config.resolve(config.data.records).is_file():
        records = RecordFile(config.resolve(config.data.records))
        refuse_records(records.path)
        refuse_unknown(records, config.evaluation)
    family(config.model.family)
    model = drawn_up(config)
    movement = None if model is None else Movement.of(model, config.plan, config.seed)
    lines = [f"not here yet: {path}" for path in absent]
    for number in range(len(config.plan)):
        lines += _stage(config, number, records, movement).lines()
    return lines


def missing(config: TrainConfig) -> Iterator[str]:
    """The folders and files that the run would need, and that are not there."""
    compose = config.model.compose
    parts = (compose.vision, compose.language) if compose else ()
    for path in (config.model.path, *(part.path for part in parts)):
        if path is not None and blueprint.lacking(path):
            yield path
    if not config.resolve(config.data.records).is_file():
        yield config.data.records


def drawn_up(config: TrainConfig) -> Transformer | None:
    """The model without its weights; with them where it ships, None where nothing is known."""
    chosen_model, dtype = config.model, getattr(torch, config.model.dtype)
    if chosen_model.compose is not None:
        model: Transformer = blueprint.composed_blueprint(chosen_model.compose, dtype)
    elif chosen_model.path is None or chosen_model.family not in blueprint.FAMILIES:
        return _started(config)
    else:
        model = blueprint.blueprint(chosen_model.family, chosen_model.path, dtype)
    if config.loss.number_head > 0:
        number_head.attach(model, config.seed)
    return model


def _started(config: TrainConfig) -> Transformer | None:
    ships = config.model == ModelConfig(scratch=config.model.scratch, dtype=config.model.dtype)
    here = config.model.path is not None and not blueprint.lacking(config.model.path)
    if not (ships or here):
        return None
    made = start_model(config)
    return made if isinstance(made, Transformer) else None


def _stage(
    config: TrainConfig, number: int, records: RecordFile | None, movement: Movement | None
) -> Stage:
    phase = config.plan[number]
    size = phase.batch_size or config.batch_size
    step_size = size * (phase.accumulate or config.accumulate)
    told = phase.mixture or config.data.mixture
    drawn = None if records is None else _drawn(records, config, phase, config.seed + number)
    num_steps = _num_steps(phase, step_size, drawn)
    examples = [] if movement is None or phase.kind != "answers" else _examples(movement, drawn)
    longest = sorted(examples, key=lambda example: -example.length)[:size]
    typical = examples[:TYPICAL] if drawn is not None else longest
    most = likely = None
    if examples and movement is not None:
        walked = _walked(config, phase, movement)
        most = likely = walked.forecast(pack(longest))
        if drawn is not None or walked.kept:
            # every picture is looked at once, whatever is kept of it then
            likely = replace(walked, accumulate=1, kept=None).forecast(pack(typical))
    return Stage(
        phase,
        step_size,
        num_steps,
        _groups(told, drawn, (num_steps or 0) * step_size),
        () if movement is None else movement.table(phase),
        likely,
        most,
        len(typical),
    )


@dataclass(frozen=True)
class _Drawn:
    """The cases that a phase draws from, and how."""

    groups: Mapping[str, Sequence[Case]]
    mixture: Mixture

    @property
    def num_cases(self) -> int:
        return sum(map(len, self.groups.values()))

    def cases(self, count: int) -> list[Case]:
        draws = (self.mixture.at(position) for position in range(count))
        return [self.groups[draw.group][draw.sample] for draw in draws]


def _drawn(records: RecordFile, config: TrainConfig, phase: Phase, seed: int) -> _Drawn:
    told = phase.mixture or config.data.mixture
    groups = chosen(records.groups(told.by, config.data.split), wanted_by(phase))
    sizes = {name: len(cases) for name, cases in groups.items()}
    return _Drawn(groups, Mixture(sizes, told, seed))


def _num_steps(phase: Phase, step_size: int, drawn: _Drawn | None) -> int | None:
    if drawn is None and phase.duration.epochs is not None:
        return None
    return phase.duration.in_steps(step_size, 0 if drawn is None else drawn.num_cases)


def _groups(told: MixtureConfig, drawn: _Drawn | None, num_samples: int) -> Sequence[str]:
    if drawn is not None:
        return describe(drawn.mixture, num_samples)
    if told.kind != "fixed":
        return (f"{told.kind} by {told.by}: shares follow from the records",)
    total = sum(told.weights.values())
    weights = {name: weight for name, weight in told.weights.items() if weight > 0}
    return [f"{name}: {weight / total:.1%} of draws" for name, weight in weights.items()]


def _examples(movement: Movement, drawn: _Drawn | None) -> list[Example]:
    model = movement.model
    if not isinstance(model, Transformer):
        return []
    if drawn is None:
        return [stand_in(model, 1, _tokens_per_image(model), WORDS, WORDS)] * DRAWN
    blank = lru_cache(maxsize=None)(_blank)

    def example(case: Case) -> Example:
        images = case.record.images
        seen = (blank(model.canvas_map(image.size).canvas, image.path) for image in images)
        return taught(model, case, tuple(seen))

    return [example(case) for case in drawn.cases(DRAWN)]


def _blank(size: tuple[int, int], path: str) -> Canvas:
    """One for each picture: two of a row that are one array count once."""
    return np.zeros((size[1], size[0]), np.uint8)


def _tokens_per_image(model: Transformer) -> int:
    blank = _blank(model.canvas, "")
    if isinstance(model, ChatModel):
        return model.image_tokens(blank)
    vision = model.network.config.vision_config
    return int((vision.image_size // vision.patch_size) ** 2)


def _walked(config: TrainConfig, phase: Phase, movement: Movement) -> Walked:
    optim = phase.optim or config.optim
    names = {each.name for each in movement.moving(phase)}
    accumulate = phase.accumulate or config.accumulate
    half = config.autocast and has_bfloat16()
    model = movement.model
    if not isinstance(model, Transformer):
        raise InputError("of this family no forecast can be made")
    keeps = config.memory.features_gb > 0 and not config.sharded
    kept = stage(model, names) if keeps and config.data.augmentation == Augmentation() else None
    return Walked(model, names, moments_of(optim), accumulate, half, kept)


def products_per_second() -> float:
    """Operations a second of this machine's own products of matrices, the best of a few."""
    one = torch.ones(_SIDE, _SIDE, dtype=torch.bfloat16 if has_bfloat16() else torch.float32)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        one @ one
        times.append(time.perf_counter() - start)
    return 2 * _SIDE**3 / min(times)


def _moving(row: Row) -> str:
    if row.moving in (0, row.total):
        return f"{row.total:,}"
    return f"{row.moving:,} of {row.total:,}"


def _duration(seconds: float) -> str:
    for length, name in ((365 * 86400, "years"), (86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return f"{seconds:.0f} seconds" if seconds >= 1 else "less than a second"
