"""Families whose models chat: one causal decoder that reads pictures and turns in order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.answers import Answer
from diascope.batching import Canvas, Example, Span
from diascope.models.chat import Chat, Exchange, Prompt
from diascope.models.modelcard import Card
from diascope.models.transformer import Transformer
from diascope.records import Case
from diascope.tasks.transcript import given, question


@dataclass(frozen=True)
class ChatModel(Transformer):
    """Turns of one chat; what comes before the question may be shared by all about one image."""

    chat: Chat

    @property
    def eos_id(self) -> int:
        """The id that ends a reply."""
        return self.token_id(self.chat.closing)

    @property
    def card(self) -> Card:
        """With the text around what is said."""
        return super().card.model_copy(update={"chat": self.chat})

    def image_tokens(self, canvas: Canvas) -> int:
        """How many tokens a canvas becomes."""
        raise NotImplementedError

    def render(
        self, case: Case, canvases: Sequence[Canvas], history: Sequence[str], answer: Answer | None
    ) -> Example:
        """The turn as tokens; without an answer the suffix is left for the model to write."""
        prompt = self._prompt(case, canvases, history)
        suffix = (*self.encode(self.target(case, answer)), self.eos_id) if answer else ()
        return Example(
            prompt.tokens,
            suffix,
            tuple(canvases),
            self._both_ways(prompt),
            shared=prompt.images[-1].end if prompt.images else 0,
            positions=self._positions(prompt, canvases, len(suffix)),
        )

    def _prompt(self, case: Case, canvases: Sequence[Canvas], history: Sequence[str]) -> Prompt:
        record = case.record
        asked = [question(record, turn, self.dialect) for turn in record.turns[: case.index + 1]]
        asked[0] = "\n".join([*given(record), asked[0]])
        exchanges = [Exchange(*pair) for pair in zip(asked, history, strict=False)]
        counts = [self.image_tokens(canvas) for canvas in canvases]
        images = [[self.image_id] * count for count in counts]
        return self.chat.prompt(self.encode, images, exchanges, asked[-1])

    def _both_ways(self, prompt: Prompt) -> tuple[Span, ...]:
        """Nothing: a causal decoder reads pictures in order too."""
        return ()

    def _positions(
        self, prompt: Prompt, canvases: Sequence[Canvas], more: int
    ) -> NDArray[np.int64] | None:
        """None: tokens are counted."""
        return None
