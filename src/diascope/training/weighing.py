"""How much an example weighs: by its length, its task, and how rare its answer is.

All of it is arithmetic on the case and its own tokens, with constants found once, so that no weight
hangs on who else is in the batch: accumulation and several processes change nothing. Weights are 1
in the mean over what is drawn.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from diascope.expectations import Options
from diascope.records import Case
from diascope.training.supervision import LossConfig


class Question(NamedTuple):
    """A task and its options."""

    task: str
    options: tuple[str, ...]


class Kind(NamedTuple):
    """A question and one answer to it."""

    question: Question
    answer: str


class Drawn(NamedTuple):
    """A case, and the tokens of its answer, the closing one included."""

    case: Case
    num_tokens: int


@dataclass(frozen=True)
class Weighing:
    """Weights of examples before they are scaled, and the scale."""

    config: LossConfig
    tasks: Mapping[str, float]
    kinds: Mapping[Kind, float]
    scale: float = 1.0

    @classmethod
    def of(cls, drawn: Sequence[Drawn], config: LossConfig) -> Self:
        """From a sample of what the mixture draws."""
        tasks = Counter(each.case.turn.task for each in drawn)
        kinds = Counter(filter(None, (kind(each.case) for each in drawn)))
        balanced = {name: len(drawn) / (len(tasks) * count) for name, count in tasks.items()}
        made = cls(config, balanced, _class_weights(kinds, config.class_beta))
        mean = np.mean([made.weight(*each) for each in drawn])
        return replace(made, scale=1 / float(mean))

    def weight(self, case: Case, num_tokens: int) -> float:
        """Of an example; a task or an answer that the sample had not weighs as if it were 1."""
        length = float(num_tokens) if self.config.per == "token" else 1.0
        task = self.tasks.get(case.turn.task, 1.0) if self.config.balance_tasks else 1.0
        asked = kind(case)
        rarity = self.kinds.get(asked, 1.0) if asked is not None else 1.0
        return self.scale * length * task * rarity


def kind(case: Case) -> Kind | None:
    """What a case counts as; None where it is answered otherwise than by one of some options."""
    expects, truth = case.turn.expects, case.turn.answer
    if not isinstance(expects, Options) or truth is None or truth.kind != "choice":
        return None
    return Kind(Question(case.turn.task, expects.options), truth.option)


def _class_weights(counts: Mapping[Kind, int], beta: float) -> dict[Kind, float]:
    """Inverse effective numbers; the answers to one question weigh 1 in the mean over its cases."""
    raw = {each: (1 - beta) / (1 - beta**count) for each, count in counts.items()}
    cases: dict[Question, int] = defaultdict(int)
    summed: dict[Question, float] = defaultdict(float)
    for each, count in counts.items():
        cases[each.question] += count
        summed[each.question] += count * raw[each]
    return {
        each: weight * cases[each.question] / summed[each.question] for each, weight in raw.items()
    }
