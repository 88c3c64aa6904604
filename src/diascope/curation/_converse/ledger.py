"""What was kept and what was refused: a line for each refusal, and the counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from diascope.curation._converse.prompts import Kind, template_sha256
from diascope.values import Value


class Refusal(Value):
    """One turn, or one whole reply, that was not kept; without a word of it."""

    record: str
    kind: Kind
    turn: int | None
    """Its place in the reply, from 0; None where the whole reply is meant."""
    reason: str


class Tally(Value):
    """What came of one kind."""

    kind: Kind
    template_sha256: str
    asked: int
    """Records whose report was put to the model."""
    records: int
    """Records made, of one turn or more."""
    kept: int
    """Turns."""
    refused: int
    """Turns and whole replies."""
    reasons: dict[str, int]
    """How many were refused for what, the most frequent first."""


@dataclass
class _Counts:
    asked: int = 0
    records: int = 0
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class Ledger:
    """Writes refusals to a file and counts everything. A context manager."""

    def __init__(self, path: Path, kinds: Iterable[Kind]) -> None:
        self._counts = {kind: _Counts() for kind in kinds}
        self._file: IO[bytes] = path.open("wb")

    def keep(self, kind: Kind, num_turns: int) -> None:
        """One reply is read, and so many of its turns are kept."""
        counts = self._counts[kind]
        counts.asked += 1
        counts.records += num_turns > 0
        counts.kept += num_turns

    def refuse(self, refusal: Refusal) -> None:
        """List one refusal."""
        self._counts[refusal.kind].reasons[refusal.reason] += 1
        self._file.write(refusal.model_dump_json().encode() + b"\n")

    def tallies(self) -> tuple[Tally, ...]:
        """The counts of every kind."""
        return tuple(
            Tally(
                kind=kind,
                template_sha256=template_sha256(kind),
                asked=counts.asked,
                records=counts.records,
                kept=counts.kept,
                refused=counts.reasons.total(),
                reasons=dict(counts.reasons.most_common()),
            )
            for kind, counts in self._counts.items()
        )

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()
