"""Times the train step, prediction and scoring against the plain way, on the same work in one run.

    python -m benchmarks.spine            # measure; writes results/spine.json, docs/benchmarks.md
    python -m benchmarks.spine --page     # write the page again from the result file

The plain ways: transformers' own model class with its image processor reading the files at every
step (bilinear, as we draw) and the loss over all logits; transformers' generate; a bootstrap that
computes the metric of every resample afresh with scikit-learn. Each pair first shows that both give
the same result; the cases run in shuffled rounds, and what counts is the median of the ratios of
CPU time.
"""

import argparse
import copy
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from transformers import SiglipImageProcessorPil

from diascope.batching import Example, pixels
from diascope.environment import commit, versions
from diascope.generation.engine import Request
from diascope.generation.torch_engine import TorchEngine
from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import load
from diascope.predictionfile import Sampling
from diascope.recordfile import RecordFile, write_records
from diascope.records import Case
from diascope.sources.phantom import PhantomSettings, generate
from diascope.tasks import task
from diascope.training.config import DataConfig, OptimConfig
from diascope.training.feed import Feed, open_feed, taught
from diascope.training.loop import autocast
from diascope.training.loss import learn
from diascope.training.optim import everything, optimizer
from diascope.training.supervision import HARD

HERE = Path(__file__).parent
RESULT, PAGE = HERE / "results" / "spine.json", HERE.parent / "docs" / "benchmarks.md"
ROUNDS, SIZE = 7, 16
IGNORED = -100


class Times(NamedTuple):
    """Seconds of one call."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Times:
    """One call of the work."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Times(time.perf_counter() - wall, time.process_time() - cpu)


def rounds(cases: dict[str, Callable[[], object]]) -> dict[str, list[Times]]:
    """Every case once a round, in an order shuffled anew, after one call that is not counted."""
    times: dict[str, list[Times]] = {name: [] for name in cases}
    for work in cases.values():
        work()
    order = random.Random(0)  # noqa: S311
    for _ in range(ROUNDS):
        for name in order.sample(list(cases), len(cases)):
            times[name].append(timed(cases[name]))
    return times


def row(name: str, times: list[Times], peer: list[Times], items: int) -> dict[str, Any]:
    """A case as it is reported."""
    ratios = [there.cpu / here.cpu for here, there in zip(times, peer, strict=True)]
    walls = [there.wall / here.wall for here, there in zip(times, peer, strict=True)]
    return {
        "case": name,
        "items_per_cpu_second": items / statistics.median(each.cpu for each in times),
        "ratio_cpu": statistics.median(ratios),
        "ratio_cpu_low": min(ratios),
        "ratio_cpu_high": max(ratios),
        "ratio_wall": statistics.median(walls),
    }


def plain_network(model: PaliGemma) -> Any:
    """The same weights as transformers loads them, attention included."""
    network = copy.deepcopy(model.network)
    network.model.language_model.set_attn_implementation("sdpa")
    return network


def padded(examples: Sequence[Example], pad_id: int, left: bool = False) -> dict[str, Any]:
    """Rows as transformers' collators make them."""
    longest = max(example.length for example in examples)
    rows: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": []}
    rows |= {"token_type_ids": [], "labels": []}
    for example in examples:
        given, said = len(example.prefix), len(example.suffix)
        more = longest - example.length
        ends = {"input_ids": pad_id, "attention_mask": 0, "token_type_ids": 1, "labels": IGNORED}
        own = {
            "input_ids": [*example.prefix, *example.suffix],
            "attention_mask": [1] * example.length,
            "token_type_ids": [0] * given + [1] * said,
            "labels": [IGNORED] * given + [*example.suffix],
        }
        for name, row in own.items():
            filling = [ends[name]] * more
            rows[name].append(filling + row if left else row + filling)
    return {name: torch.tensor(each) for name, each in rows.items()}


def plain_batch(
    feed: Feed, cases: Sequence[Case], processor: SiglipImageProcessorPil
) -> dict[str, Any]:
    """A batch as the processor makes it: files read, RGB, resized and normalised each time."""
    images = [
        Image.open(feed.canvases.root / image.path).convert("RGB")
        for case in cases
        for image in case.record.images
    ]
    examples = [taught(feed.model, case, feed.canvases.of(case)) for case in cases]
    seen = processor(images, return_tensors="pt")["pixel_values"]
    return padded(examples, feed.model.pad_id) | {"pixel_values": seen}


def train_steps(model: PaliGemma, records: Path) -> list[dict[str, Any]]:
    """One optimiser step on the same sixteen cases."""
    feed = open_feed(model, DataConfig(records=str(records)), records, seed=0)
    size = {"height": 128, "width": 128}
    processor = SiglipImageProcessorPil(size=size, resample=Image.Resampling.BILINEAR)
    network = plain_network(model)
    ours_moves, plain_moves = (
        optimizer(everything(each), OptimConfig(lr=1e-9)) for each in (model.network, network)
    )

    def step(loss: torch.Tensor, moves: torch.optim.Optimizer) -> float:
        moves.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        moves.step()
        return loss.item()

    drawn = [feed.case(position) for position in range(SIZE)]

    def plain() -> float:
        return step(network(**plain_batch(feed, drawn, processor)).loss, plain_moves)

    def ours(mixed: bool) -> float:
        with autocast(model.network, mixed):
            return step(learn(model, feed.of(drawn), HARD).total / SIZE, ours_moves)

    network.train()
    model.network.train()
    gate = loss_gap(model, network, feed, drawn, processor)
    if gate > 1e-5:
        raise SystemExit(f"train step: the two ways differ by {gate} in loss; nothing is timed")
    cases = {
        "plain transformers, float32": plain,
        "diascope, float32": lambda: ours(False),
        "diascope, bfloat16": lambda: ours(True),
    }
    times = rounds(cases)
    peer = times["plain transformers, float32"]
    return [row(name, each, peer, SIZE) | {"gate": gate} for name, each in times.items()]


def loss_gap(
    model: PaliGemma,
    network: Any,
    feed: Feed,
    cases: Sequence[Case],
    processor: SiglipImageProcessorPil,
) -> float:
    """How far the losses of the two ways are apart, both as the mean over tokens."""
    batch = feed.of(cases)
    flat = (batch.loss_weights > 0).float()
    tokens = replace(batch, loss_weights=flat * batch.num_examples / flat.sum())
    with torch.no_grad():
        ours = learn(model, tokens, HARD).total.item() / batch.num_examples
        plain = network(**plain_batch(feed, cases, processor)).loss.item()
    return abs(ours - plain)


def predictions(model: PaliGemma, records: Path) -> list[dict[str, Any]]:
    """Greedy replies to the same 64 questions, three kinds of them."""
    file = RecordFile(records)
    feed = open_feed(model, DataConfig(records=str(records)), records, seed=0)
    kinds = ("vqa", "counting", "grounding", "detection")
    cases = [case for kind in kinds for case in file.cases(task=kind)[:16]]
    examples = [model.render(case, feed.canvases.of(case), (), None) for case in cases]
    budget = 24
    grammars = [
        task(case.turn.task)
        .codec(case.turn, model.dialect, model.canvas_map(case.image.size))
        .grammar()
        for case in cases
    ]
    engine = TorchEngine(model, batch_size=SIZE)

    network = plain_network(model).eval()

    def plain() -> list[str]:
        parts = [examples[start : start + SIZE] for start in range(0, len(cases), SIZE)]
        return [text for part in parts for text in plain_replies(model, network, part, budget)]

    def ours(constrained: bool) -> list[str]:
        requests = [
            Request(example, grammar if constrained else None, budget)
            for example, grammar in zip(examples, grammars, strict=True)
        ]
        return [reply.text for reply in engine.generate(requests, Sampling(), 0)]

    model.network.eval()
    same = sum(a == b for a, b in zip(plain(), ours(False), strict=True)) / len(cases)
    if same < 1:
        raise SystemExit(f"prediction: only {same:.0%} of the free replies agree; nothing is timed")
    runs = {
        "transformers generate, free": plain,
        "diascope, free": lambda: ours(False),
        "diascope, constrained": lambda: ours(True),
    }
    times = rounds(runs)
    peer = times["transformers generate, free"]
    return [row(name, each, peer, len(cases)) | {"gate": same} for name, each in times.items()]


def plain_replies(
    model: PaliGemma, network: Any, examples: Sequence[Example], budget: int
) -> list[str]:
    """transformers' generate on a batch padded on the left."""
    batch = padded(examples, model.pad_id, left=True)
    del batch["labels"]
    batch["pixel_values"] = pixels([canvas for each in examples for canvas in each.canvases])
    with torch.no_grad():
        written = network.generate(**batch, max_new_tokens=budget, do_sample=False)
    start = batch["input_ids"].shape[1]
    return [until_end(model, line[start:].tolist()) for line in written]


def until_end(model: PaliGemma, tokens: list[int]) -> str:
    """The text before EOS."""
    end = tokens.index(model.eos_id) if model.eos_id in tokens else len(tokens)
    return model.text(tokens[:end])


def scoring(_: PaliGemma, records: Path) -> list[dict[str, Any]]:
    """Balanced accuracy and its interval from 200 resamples of the patients of 2,000 replies."""
    from sklearn.metrics import balanced_accuracy_score

    rng = np.random.default_rng(0)
    cases = [case for case in RecordFile(records).cases(task="classification")]
    cases = [cases[index] for index in rng.integers(len(cases), size=2000)]
    asked = task("classification")
    predictor = asked.baseline(cases[:400])
    true = np.array([case.truth.option for case in cases])
    said = np.array([predictor(case).option for case in cases])
    patients = np.array([case.record.patient for case in cases])
    names, places = np.unique(patients, return_inverse=True)
    resamples = 200
    weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)

    def plain() -> list[float]:
        members = [np.flatnonzero(places == patient) for patient in range(len(names))]
        values = []
        for counts in weights:
            chosen = np.concatenate(
                [np.tile(members[patient], count) for patient, count in enumerate(counts) if count]
            )
            values.append(balanced_accuracy_score(true[chosen], said[chosen]))
        return values

    def ours() -> list[float]:
        rows = [asked.measure(case, predictor(case)) for case in cases]
        return list(asked.summarise(rows, weights[:, places].astype(float))["balanced_accuracy"])

    gap = float(np.abs(np.array(plain()) - np.array(ours())).max())
    if gap > 1e-9:
        raise SystemExit(f"scoring: the two ways differ by {gap}; nothing is timed")
    times = rounds({"scikit-learn, resample by resample": plain, "diascope": ours})
    peer = times["scikit-learn, resample by resample"]
    return [row(name, each, peer, resamples) | {"gate": gap} for name, each in times.items()]


SUITES: dict[str, tuple[str, Callable[[PaliGemma, Path], list[dict[str, Any]]], str]] = {
    "train step": ("examples", train_steps, "difference in loss"),
    "prediction": ("replies", predictions, "share of equal replies"),
    "scoring": ("resamples", scoring, "largest difference"),
}


def measure() -> dict[str, Any]:
    """Every suite, on one thread, on a phantom drawn for it."""
    import warnings

    warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")
    torch.set_num_threads(1)
    model = load(None, torch.float32)
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records.jsonl"
        settings = PhantomSettings(seed=3, patients=120)
        write_records(records, generate(Path(folder), settings))
        suites = {name: suite(model, records) for name, (_, suite, _) in SUITES.items()}
    return {"suites": suites, "versions": versions(), "commit": commit(), "rounds": ROUNDS}


def page(result: dict[str, Any]) -> str:
    """The page of a result file."""
    lines = [
        "# Benchmarks",
        "",
        "Generated by `python -m benchmarks.spine` from `benchmarks/results/spine.json`.",
        f"One thread, {result['rounds']} rounds in shuffled order after a warm-up. A ratio is the",
        "median over rounds of the peer's CPU time by ours, lowest and highest round behind it;",
        "more than 1 is faster than the peer. The two ways are compared before they are timed.",
    ]
    for name, rows in result["suites"].items():
        items, _, gate = SUITES[name]
        lines += ["", f"## {name.capitalize()}", ""]
        lines += [f"| | {items}/CPU-s | ratio, CPU | lowest to highest | ratio, wall | {gate} |"]
        lines += ["|---|---|---|---|---|---|"]
        lines += [_line(each) for each in rows]
    known = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return "\n".join([*lines, "", f"Versions: {known}. Commit {result['commit']}.", ""])


def _line(each: dict[str, Any]) -> str:
    return (
        f"| {each['case']} | {each['items_per_cpu_second']:.1f} | {each['ratio_cpu']:.2f} | "
        f"{each['ratio_cpu_low']:.2f} to {each['ratio_cpu_high']:.2f} | {each['ratio_wall']:.2f} | "
        f"{each['gate']:.2g} |"
    )


def main() -> None:
    """Measure unless only the page is wanted, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write the page from the result file")
    if not parser.parse_args().page:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(measure(), indent=2) + "\n")
    PAGE.write_text(page(json.loads(RESULT.read_text())))
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
