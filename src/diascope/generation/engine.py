"""An engine answers requests; it knows tokens and grammars, and nothing of tasks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from diascope.batching import Example
from diascope.codecs.grammar import Grammar
from diascope.predictionfile import Sampling


@dataclass(frozen=True)
class Request:
    """One reply to write: what is given, what it must match, how long it may be."""

    example: Example
    grammar: Grammar | None
    """None lets the model write what it likes."""
    budget: int
    """Tokens at most, the closing one included."""
    stream: int = 0
    """Names the random stream it draws from, so that a reply does not hang on who else is asked."""


@dataclass(frozen=True)
class Completion:
    """What was written, and the natural log-probability of each token, the closing one included.

    Under a grammar the probabilities are those among the tokens it allows.
    """

    text: str
    logprobs: tuple[float, ...]
    closed: bool
    """False when the budget ran out before the reply was closed."""


class Engine(Protocol):
    """Whatever turns requests into completions, in the order asked."""

    def generate(
        self, requests: Iterable[Request], sampling: Sampling, seed: int
    ) -> Iterator[Completion]:
        """One completion a request, in order."""
