"""Times a training step against the usual ways, on the same model, turns and optimiser, in one run.

    python -m benchmarks.training             # measure; writes results/training.json and its page
    python -m benchmarks.training --page      # write docs/training_speed.md from the result file

Peers: transformers' Trainer padded to 1,656 tokens, as the FLARE study's notebook does it; the same
with dynamic padding; TRL's SFTTrainer with dynamic padding, where it is installed. All of them have
the loss over full logits but TRL, which computes answered places alone. Every way works in a
process of its own on one thread, and every time from the same weights: a way whose losses are not
those of the others, step by step, is no way, and the run stops. Rounds are shuffled; what counts is
the median over rounds of the ratios of CPU time.
"""

import argparse
import importlib.util
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from benchmarks import training_page
from benchmarks.training_work import LARGE, SIZE, SMALL, Shape, gemma, paligemma, questions, turns

from diascope.batching import Batch, pack
from diascope.environment import commit, versions
from diascope.models.devices import has_bfloat16, keep_freed_memory
from diascope.training.features import Features
from diascope.training.forecast import Walked
from diascope.training.loss import learn
from diascope.training.memoryconfig import MemoryConfig
from diascope.training.supervision import HARD

HERE = Path(__file__).parent
RESULT = HERE / "results" / "training.json"
MOST_GAP, MOST_GAP_HELD, MOST_GRADIENT_GAP = 1e-4, 1e-2, 1e-5
GATE_STEPS = 20


@dataclass(frozen=True)
class Order:
    """What a way is told in a round."""

    way: str
    steps: int
    micro: int = 0
    """Turns a forward pass; 0 is all of a step."""
    size: int = SIZE


class Worker:
    """A process that takes orders."""

    def __init__(self, order: Order, shape: Shape) -> None:
        told = [order.way, shape.words, shape.width, order.micro]
        self.process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "benchmarks.training_ways", *map(str, told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            text=True,
        )
        self._answer()

    def ask(self, steps: int, size: int) -> dict[str, Any]:
        """Learn, and tell."""
        print(steps, size, file=self.process.stdin, flush=True)
        return self._answer()

    def end(self) -> None:
        """Let it go."""
        self.process.communicate()

    def _answer(self) -> dict[str, Any]:
        line = next(iter(self.process.stdout or ()), "")
        if not line:
            raise SystemExit(f"{self.process.args}: it has ended; nothing is told of it")
        told: dict[str, Any] = json.loads(line)
        return told


def compared(shape: Shape, orders: Sequence[Order], rounds: int) -> list[dict[str, Any]]:
    """Every way in shuffled rounds, its losses held against those of the first."""
    workers = {order.way: Worker(order, shape) for order in orders}
    answers: dict[str, list[dict[str, Any]]] = {order.way: [] for order in orders}
    # pictures are looked at for the first time, and losses told that all others must have
    sizes = {order.size for order in orders}
    known = {size: workers["ours"].ask(4, size)["losses"] for size in sizes}
    chance = random.Random(0)  # noqa: S311
    for _ in range(rounds):
        for order in chance.sample(list(orders), len(orders)):
            answers[order.way].append(workers[order.way].ask(order.steps, order.size))
    for worker in workers.values():
        worker.end()
    return [_row(order, answers, known[order.size]) for order in orders]


def _row(
    order: Order, answers: dict[str, list[dict[str, Any]]], known: Sequence[float]
) -> dict[str, Any]:
    own, ours = answers[order.way], answers["ours"]
    gap = max(abs(a - b) for each in own for a, b in zip(each["losses"], known, strict=False))
    if gap > (MOST_GAP_HELD if "held" in order.way else MOST_GAP):
        raise SystemExit(f"{order.way}: its losses are {gap} off; nothing is told of it")
    count = order.steps * order.size
    rates = [count / each["cpu"] for each in own]
    base = [len(each["losses"]) * SIZE / each["cpu"] for each in ours]
    ratios = [b / a for a, b in zip(rates, base, strict=True)]
    return {
        "way": order.way,
        "per_cpu_second": statistics.median(rates),
        "per_second": statistics.median(count / each["wall"] for each in own),
        "ours_times": [min(ratios), statistics.median(ratios), max(ratios)],
        "spread": max(rates) / min(rates),
        "peak": max(each["peak"] for each in own),
        "gap": gap,
    }


def gate(shape: Shape) -> float:
    """How far the losses of twenty steps are from those of the Trainer with dynamic padding."""
    ours, peer = (Worker(Order(way, GATE_STEPS), shape) for way in ("ours", "dynamic"))
    told = [each.ask(GATE_STEPS, 2)["losses"] for each in (ours, peer)]
    for worker in (ours, peer):
        worker.end()
    gap = max(abs(a - b) for a, b in zip(*told, strict=True))
    if gap > MOST_GAP:
        raise SystemExit(f"the losses of {GATE_STEPS} steps are {gap} apart; nothing is timed")
    return gap


def cpu(work: Callable[[], object], rounds: int) -> list[float]:
    """CPU seconds of each round, after one that is not counted."""
    work()
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return found


def matrix_peak() -> float:
    """Floating-point operations a CPU second of the best product of two large matrices."""
    kind = torch.bfloat16 if has_bfloat16() else torch.float32
    one, other = torch.randn(2, 2048, 2048).to(kind)
    return 2 * 2048**3 / min(cpu(lambda: one @ other, 8))


def utilisation(rounds: int) -> dict[str, Any]:
    """Useful arithmetic of a step at width 768, by what a product of matrices reaches."""
    model = paligemma(Shape(SMALL, 768))
    moving = {name for name, weight in model.network.named_parameters() if weight.requires_grad}
    features = Features.of(model, moving, MemoryConfig(), None)
    batch = pack(turns(model)[:SIZE])
    told = Walked(model, moving, kept="seen").forecast(batch)
    if told is None:
        raise SystemExit("the step cannot be walked through")

    def step() -> None:
        learn(model, features.fill(batch), HARD).total.backward()  # type: ignore[no-untyped-call]

    peaks, seconds = [matrix_peak()], cpu(step, rounds)
    peaks.append(matrix_peak())
    return {
        "flops": told.flops,
        "peak": max(peaks),
        "share": told.flops / statistics.median(seconds) / max(peaks),
        "type": "bfloat16" if has_bfloat16() else "float32",
    }


def shared(count: int, rounds: int) -> dict[str, Any]:
    """Questions about one picture that share it, against the same with the picture repeated."""
    model = gemma(Shape(SMALL))
    moving = {name for name, weight in model.network.named_parameters() if weight.requires_grad}
    features = Features.of(model, moving, MemoryConfig(), None)
    asked = questions(model, count)
    together, apart = pack(asked), pack([replace(each, shared=0) for each in asked])
    gap = _gradient_gap(*(_gradients(model, features.fill(row)) for row in (together, apart)))
    if gap > MOST_GRADIENT_GAP:
        raise SystemExit(f"{count} questions: gradients are {gap} apart; nothing is timed")

    def step(row: Batch) -> None:
        learn(model, features.fill(row), HARD).total.backward()  # type: ignore[no-untyped-call]

    ratios = []
    for _ in range(rounds):
        slow, fast = (min(cpu(lambda row=row: step(row), 2)) for row in (apart, together))  # type: ignore[misc]
        ratios.append(slow / fast)
    found = [min(ratios), statistics.median(ratios), max(ratios)]
    return {"questions": count, "times": found, "gradient_gap": gap}


def _gradients(model: Any, row: Batch) -> list[torch.Tensor]:
    weights = [weight for weight in model.network.parameters() if weight.requires_grad]
    return list(torch.autograd.grad(learn(model, row, HARD).total, weights))


def _gradient_gap(one: Sequence[torch.Tensor], other: Sequence[torch.Tensor]) -> float:
    """Of all weights together, as a share of the gradient."""
    apart = sum(float((a - b).double().square().sum()) for a, b in zip(one, other, strict=True))
    return float((apart / sum(float(b.double().square().sum()) for b in other)) ** 0.5)


def measure(rounds: int) -> dict[str, Any]:
    """Everything; minutes on one core."""
    before = os.getloadavg()[0]
    keep_freed_memory()
    torch.set_num_threads(1)
    trl = [Order("trl", 4)] if importlib.util.find_spec("trl") else []
    small = [
        Order("ours", 4),
        Order("ours, held", 4),
        Order("padded", 1),
        Order("dynamic", 4),
        *trl,
    ]
    large = [Order("ours", 1), Order("padded", 1, micro=1, size=2), Order("dynamic", 1, micro=2)]
    found = {
        "gate": gate(Shape(SMALL)),
        "small": compared(Shape(SMALL), small, rounds),
        "large": compared(Shape(LARGE), large, max(1, rounds - 1)),
        "utilisation": utilisation(rounds),
        "shared": [shared(count, rounds) for count in (4, 10)],
    }
    known = dict(versions())
    if trl:
        known["trl"] = importlib.import_module("trl").__version__
    return found | {
        "rounds": rounds,
        "versions": known,
        "commit": commit(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
        "load": [before, os.getloadavg()[0]],
    }


def _processor() -> str:
    names = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return names[0].partition(":")[2].strip() if names else platform.processor()


def main() -> None:
    """Measure and write, or write the page alone."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    asked.add_argument("--page", action="store_true", help="write the page from the result file")
    asked.add_argument("--rounds", type=int, default=5)
    told = asked.parse_args()
    if not told.page:
        RESULT.write_text(json.dumps(measure(told.rounds), indent=2) + "\n")
    training_page.write()


if __name__ == "__main__":
    main()
