"""The narrow need: something that turns prompts into texts."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from diascope.predictionfile import Sampling


@dataclass(frozen=True)
class Prompt:
    """One text to be answered: what is asked, and at most how many tokens long the answer is."""

    text: str
    budget: int
    restricted: bool
    """Whether its words come from a record that must not leave the machine."""

    @property
    def sha256(self) -> str:
        """Of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Reply:
    """What was written; `closed` is False where the budget ran out before its end."""

    text: str
    closed: bool


class TextEngine(Protocol):
    """Whatever answers prompts by text, in the order asked."""

    @property
    def model(self) -> str:
        """What is told of where the words come from; equal for equal weights."""

    def admit(self, restricted: Iterable[bool]) -> None:
        """InputError where records so marked must not be put to it; nothing is sent yet."""

    def write(self, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> Iterator[Reply]:
        """One reply a prompt, in order; equal prompts under equal settings get equal replies."""


def reply_key(prompt: Prompt, model: str, sampling: Sampling, seed: int) -> str:
    """Thirty-two hex digits of all that decides a reply."""
    decides = [prompt.text, prompt.budget, model, sampling.temperature, sampling.top_p, seed]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:32]
