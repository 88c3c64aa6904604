"""Asking a model about cases: turns in order, each after the replies to the turns before it."""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from diascope.batching import Example
from diascope.codecs.codec import Codec, ParseError
from diascope.errors import InputError
from diascope.expectations import Free
from diascope.generation.engine import Completion, Engine, Request
from diascope.generation.numbers import AskedNumber, number_reader
from diascope.generation.torch_engine import TorchEngine
from diascope.imaging.store import CanvasStore
from diascope.models.family import VisionLanguageModel
from diascope.models.numbers import number_codec
from diascope.predictionfile import Sampling
from diascope.predictions import Invalid, Outcome, Parsed, Prediction, Reading, Repaired
from diascope.records import Case
from diascope.tasks import task

_UNBOUNDED = 1 << 30


class Asking(NamedTuple):
    """How cases are asked."""

    constrained: bool = True
    sampling: Sampling = Sampling()
    seed: int = 0
    batch_size: int = 32
    text_budget: int = 256
    """Tokens at most for free text; what a grammar bounds has the budget of its longest reply."""
    numbers: Reading = "tokens"
    """Where numbers are read."""


@dataclass
class Interview:
    """A model, its cases, and what it has replied so far."""

    model: VisionLanguageModel
    canvases: CanvasStore
    asking: Asking
    engine: Engine
    replies: dict[str, str] = field(default_factory=dict)

    def ask(self, cases: Sequence[Case]) -> Iterator[Prediction]:
        """Answer cases whose earlier turns have been answered: in order, but for numbers that are
        not read from tokens as they come, which follow behind."""
        apart = [case for case in cases if self._reading(case) != "tokens"]
        written = [case for case in cases if self._reading(case) == "tokens"]
        requests = (self._request(case) for case in written)
        completions = self.engine.generate(requests, self.asking.sampling, self.asking.seed)
        yield from self._told(written, completions)
        if apart:
            yield from self._told(apart, self._numbers(apart))

    def _told(
        self, cases: Sequence[Case], completions: Iterable[Completion]
    ) -> Iterator[Prediction]:
        for case, completion in zip(cases, completions, strict=True):
            self.replies[case.id] = completion.text
            yield self._prediction(case, completion)

    def _reading(self, case: Case) -> Reading:
        """Where the answer to a case is read."""
        if self.asking.numbers == "tokens" or number_codec(self.model, case) is None:
            return "tokens"
        return self.asking.numbers

    def _numbers(self, cases: Sequence[Case]) -> Iterator[Completion]:
        reader = number_reader(self.model, self.asking.numbers, self.asking.batch_size)
        codecs = ((case, number_codec(self.model, case)) for case in cases)
        return reader.read(
            AskedNumber(self._request(case).example, codec)
            for case, codec in codecs
            if codec is not None
        )

    def _request(self, case: Case) -> Request:
        history = [self.replies[earlier.id] for earlier in case.record.cases()[: case.index]]
        example = self.model.render(case, self.canvases.of(case), history, None)
        grammar = self._codec(case).grammar()
        budget = grammar.longest() + 1
        if isinstance(case.turn.expects, Free):
            budget = min(budget, self.asking.text_budget)
        budget = min(budget, self._room(case, example))
        stream = zlib.crc32(case.id.encode())
        return Request(example, grammar if self.asking.constrained else None, budget, stream)

    def _room(self, case: Case, example: Example) -> int:
        """Tokens that are left for a reply; InputError where the question itself leaves none."""
        if self.model.limit is None:
            return _UNBOUNDED
        if example.length >= self.model.limit:
            raise InputError(
                f"{case.id} is {example.length:,} tokens long before its answer, the model reads "
                f"{self.model.limit:,} at most, and nothing is cut: leave it out, or show fewer "
                "images"
            )
        return self.model.limit - example.length

    def _codec(self, case: Case) -> Codec[Any]:
        canvas_map = self.model.canvas_map(case.image.size)
        return task(case.turn.task).codec(case.turn, self.model.dialect, canvas_map)

    def _prediction(self, case: Case, completion: Completion) -> Prediction:
        return Prediction(
            record=case.record.id,
            turn=case.index,
            task=case.turn.task,
            text=completion.text,
            outcome=read(self._codec(case), completion),
            logprobs=completion.logprobs,
            seed=self.asking.seed,
            constrained=self.asking.constrained,
            read_from=self._reading(case),
        )


def read(codec: Codec[Any], completion: Completion) -> Outcome:
    """What a reply says: exactly what the codec writes, or that between blanks, or nothing."""
    try:
        return Parsed(answer=codec.parse(completion.text))
    except ParseError as error:
        why = str(error) if completion.closed else f"cut off at the token budget: {error}"
    try:
        return Repaired(answer=codec.parse(completion.text.strip()), how="blanks around it removed")
    except ParseError:
        return Invalid(why=why)


def answers(
    model: VisionLanguageModel,
    cases: Sequence[Case],
    canvases: CanvasStore,
    asking: Asking = Asking(),  # noqa: B008 - frozen
    known: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Prediction]:
    """The replies as they are made: to all first turns, then to all second ones, and so on.

    The turns before an asked one are asked as well, since its question follows on their replies.
    `known` holds replies by the ids of their cases; those are not asked again.
    """
    interview = Interview(model, canvases, asking, TorchEngine(model, asking.batch_size))
    interview.replies |= known
    wanted = {case.id for case in cases}
    asked = {
        earlier.id: earlier
        for case in cases
        for earlier in case.record.cases()[: case.index + 1]
        if earlier.id not in known
    }
    for turn in sorted({case.index for case in asked.values()}):
        of_turn = [case for case in asked.values() if case.index == turn]
        yield from (reply for reply in interview.ask(of_turn) if reply.id in wanted)


def answer_cases(
    model: VisionLanguageModel,
    cases: Sequence[Case],
    canvases: CanvasStore,
    asking: Asking = Asking(),  # noqa: B008 - frozen
) -> list[Prediction]:
    """The replies to cases, in the order they were asked."""
    replies = {reply.id: reply for reply in answers(model, cases, canvases, asking)}
    return [replies[case.id] for case in cases]
