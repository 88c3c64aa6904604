"""What a model replied: the raw text and what could be read in it, one JSONL line a turn."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from diascope.answers import Answer
from diascope.values import Value


class Parsed(Value):
    """The text is exactly what the codec writes for this answer."""

    kind: Literal["parsed"] = "parsed"
    answer: Answer


class Repaired(Value):
    """The text held the answer in another shape; `how` says what was done to read it."""

    kind: Literal["repaired"] = "repaired"
    answer: Answer
    how: str


class Invalid(Value):
    """The text is no answer, and why; scored as the worst case, counted, never dropped."""

    kind: Literal["invalid"] = "invalid"
    why: str


Reading = Literal["tokens", "median", "head"]
"""Where a number is read: from the tokens as they come, from the middle of what the tokens may
become, or from a head of its own."""
Outcome = Annotated[Parsed | Repaired | Invalid, Field(discriminator="kind")]


class Prediction(Value):
    """The reply to one turn of one record."""

    record: str
    turn: int
    task: str
    text: str
    outcome: Outcome
    logprobs: tuple[FiniteFloat, ...] = ()
    """Natural log-probability of each generated token, the closing one included."""
    seed: int = 0
    constrained: bool = True
    read_from: Reading = "tokens"
    """Anything but a number is read from the tokens."""
    provenance: str = ""
    """Digest of the provenance file that lies beside the predictions."""

    @property
    def id(self) -> str:
        """The id of the case that was answered."""
        return f"{self.record}#{self.turn}"

    @property
    def answer(self) -> Answer | None:
        """The answer, or None when the reply is invalid."""
        return None if isinstance(self.outcome, Invalid) else self.outcome.answer
