"""What a phase takes: tried before its first step, kept within what there is, written down.

memory.json of a run holds for each phase what was told, what was found to fit, and what was taken:
{"train": {"forecast": {"peak": 1200000000, ...}, "max_tokens": null, "peak": 1150000000}}
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch

from diascope.batching import pack
from diascope.models.transformer import Transformer
from diascope.predictionfile import write_atomically
from diascope.training.config import TrainConfig
from diascope.training.course import Leg
from diascope.training.features import Features
from diascope.training.fitting import Piece, largest, longest, pieces
from diascope.training.forecast import Walked, moments_of
from diascope.training.loss import learn
from diascope.training.memory import peak_bytes
from diascope.training.moving import Movement

Tell = Callable[[str], None]
NAME = "memory.json"


@dataclass(frozen=True)
class Effort:
    """Of one phase."""

    leg: Leg
    config: TrainConfig
    movement: Movement
    features: Features
    run: Path
    most: int | None
    """Tokens that a forward pass reads at once; None sets no bound."""

    @classmethod
    def of(cls, movement: Movement, leg: Leg, config: TrainConfig, run: Path) -> "Effort":
        """Before anything was tried: as the run was told, or as it has found before."""
        found = read_memory(run).get(leg.phase.name, {})
        most = found.get("max_tokens", config.memory.max_tokens)
        return cls(leg, config, movement, _features(movement, leg, config), run, most)

    def split(self, passes: Iterable[range]) -> Iterator[range]:
        """The positions of forward passes, cut where one would read too much at once.

        A lesson reads no row of tokens, and may compare all examples of a pass: it is never cut.
        """
        for positions in passes:
            if self.most is None or self.leg.lesson is not None:
                yield positions
                continue
            start = 0
            for piece in pieces(self.leg.feed.examples(positions), self.most):
                yield positions[start : start + len(piece)]
                start += len(piece)

    def tried(self, tell: Tell | None) -> "Effort":
        """With the bound that was found to fit, told of, after the longest batch was learnt from.

        Nothing is kept of what it taught: what does not fit shows before anything was learnt.
        Nothing is tried where nobody is told and no limit was set. Autocast is as it is around
        this. InputError where the limit does not allow a single example.
        """
        limit = self.config.memory.limit_gb
        untold = tell is None and limit is None
        if untold or self.leg.lesson is not None or self.config.sharded:
            return self
        batch = pieces(longest(self.leg.feed, self.leg.batch_size), self.most)[0]
        piece = largest(batch, self._walked(), limit)
        fits = self.most is not None or len(piece.examples) == len(batch)
        made = replace(self, most=self.most if fits else piece.num_tokens)
        if tell is not None:
            tell(f"{self.leg.phase.name}: {piece}")
        made.rehearse(piece)
        made.note(forecast=_told(piece), max_tokens=made.most)
        return made

    def rehearse(self, piece: Piece) -> None:
        """Learn from it for nothing: no weight, statistic or random number is other than before."""
        network = self.movement.model.network
        network.eval()
        batch = self.features.fill(pack(piece.examples))
        learn(self.movement.model, batch, self.config.loss).total.backward()  # type: ignore[no-untyped-call]
        for weight in network.parameters():
            weight.grad = None

    def note(self, **found: Any) -> None:
        """Write down what was found, beside what was held at the most until now."""
        known = read_memory(self.run)
        of_phase = known.get(self.leg.phase.name, {}) | found
        of_phase["peak"] = peak_bytes(self.movement.model.network)
        told = json.dumps(known | {self.leg.phase.name: of_phase}, indent=2)
        write_atomically(self.run / NAME, told + "\n")

    def _walked(self) -> Walked:
        leg, model = self.leg, cast("Transformer", self.movement.model)
        moving = _moving(self.movement, leg)
        half = torch.is_autocast_enabled(next(model.network.parameters()).device.type)
        kept = self.features.stage
        return Walked(model, moving, moments_of(leg.optim), leg.accumulate, half, kept)


def read_memory(run: Path) -> dict[str, Any]:
    """What `Effort.note` has written, by the names of the phases."""
    path = run / NAME
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _features(movement: Movement, leg: Leg, config: TrainConfig) -> Features:
    """None are kept of pictures that are altered, of lessons, or by weights that are shared out."""
    model, memory = cast("Transformer", movement.model), config.memory
    if leg.feed.altered is not None or leg.lesson is not None or config.sharded:
        memory = memory.model_copy(update={"features_gb": 0.0})
    folder = config.resolve(memory.features) if memory.features else None
    return Features.of(model, _moving(movement, leg), memory, folder)


def _moving(movement: Movement, leg: Leg) -> frozenset[str]:
    return frozenset(each.name for each in movement.moving(leg.phase))


def _told(piece: Piece) -> dict[str, int] | None:
    told = piece.forecast
    return None if told is None else {"peak": told.peak, **asdict(told)}
