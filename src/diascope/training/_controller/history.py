"""What the run has logged of each task, look by look; it is read out of metrics.jsonl again."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Seen(NamedTuple):
    """One look."""

    step: int
    val: Mapping[str, float]
    """Loss by task on cases that are not learnt from."""
    train: Mapping[str, float]
    """Mean loss by task of the examples learnt from since the look before."""


@dataclass
class History:
    """Lines of metrics, in order."""

    looks: list[Seen] = field(default_factory=list)
    _sums: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))

    def add(self, line: Mapping[str, Any]) -> None:
        """One step, and the look behind it where there was one."""
        for task, means in line.get("tasks", {}).items():
            self._sums[task][0] += means["loss"] * means["n"]
            self._sums[task][1] += means["n"]
        if "val" in line:
            val = {task: each["loss"] for task, each in line["val"].items()}
            train = {task: total / n for task, (total, n) in self._sums.items()}
            self.looks.append(Seen(line["step"], val, train))
            self._sums.clear()
