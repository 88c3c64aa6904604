"""Asking a model that is still learning: replies cut to what the truth could need.

A model that has not learnt to end writes until its budget is over, hundreds of tokens where the
truth has ten, and a look would take longer than the learning between two looks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from diascope.generation.answering import Asking, Interview
from diascope.generation.engine import Completion, Engine, Request
from diascope.generation.torch_engine import TorchEngine
from diascope.imaging.store import CanvasStore
from diascope.models.family import VisionLanguageModel
from diascope.predictionfile import Sampling
from diascope.predictions import Prediction
from diascope.records import Case
from diascope.training.feed import taught

_ROOM = 2
"""How many times as long as the longest truth a reply may be."""


@dataclass(frozen=True)
class Bounded:
    """An engine whose replies have `longest` tokens at most; a grammar closes them within that."""

    engine: Engine
    longest: int

    def generate(
        self, requests: Iterable[Request], sampling: Sampling, seed: int
    ) -> Iterator[Completion]:
        """One completion a request, in order; all requests are made before the first reply."""
        cut = [replace(each, budget=min(each.budget, self.longest)) for each in requests]
        return self.engine.generate(cut, sampling, seed)


def replies_to(
    model: VisionLanguageModel, cases: Sequence[Case], canvases: CanvasStore
) -> list[Prediction]:
    """The replies in order, each after the true replies to the turns before it."""
    examples = (taught(model, case, canvases.of(case)) for case in cases)
    longest = _ROOM * max((len(example.suffix) for example in examples), default=0)
    asking = Asking()
    engine = Bounded(TorchEngine(model, asking.batch_size), longest)
    earlier = (turn for case in cases for turn in case.record.cases()[: case.index])
    history = {turn.id: model.target(turn, turn.truth) for turn in earlier}
    interview = Interview(model, canvases, asking, engine, history)
    replies = {reply.id: reply for reply in interview.ask(cases)}
    return [replies[case.id] for case in cases]
