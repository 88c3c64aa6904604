"""The ways that benchmarks.training compares, each in a process of its own that takes orders.

    python -m benchmarks.training_ways WAY WORDS WIDTH      # one order a line: steps size

A process of its own, so that what one way does to memory and allocator does not reach another, and
the system tells how much each has held at the most. An order resets the weights, learns that many
steps of so many turns, and answers with one line of JSON.
"""

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import torch
from benchmarks.training_work import PADDED, Shape, paligemma, turns
from torch import Tensor
from transformers import Trainer, TrainerCallback, TrainingArguments

from diascope.batching import Example, pack, pixels
from diascope.models.devices import has_bfloat16, keep_freed_memory
from diascope.models.paligemma import PaliGemma
from diascope.training.features import Features
from diascope.training.held import hold
from diascope.training.loop import autocast
from diascope.training.loss import learn
from diascope.training.memory import peak_bytes
from diascope.training.memoryconfig import MemoryConfig
from diascope.training.optim import everything, optimizer
from diascope.training.optimconfig import OptimConfig
from diascope.training.supervision import HARD

RATE, CLIP, TURNS = 1e-3, 1.0, 32
IGNORED = -100
Marks = list[tuple[float, float]]


def weighed(examples: Sequence[Example]) -> list[Example]:
    """So that the mean over examples is the mean over answered tokens that the peers take."""
    mean = sum(len(each.suffix) for each in examples) / len(examples)
    return [replace(each, weight=len(each.suffix) / mean) for each in examples]


class Ours:
    """The pieces of diascope's loop: packed rows, answered places, kept features."""

    def __init__(self, model: PaliGemma, held: bool) -> None:
        keep_freed_memory()
        self.model = model
        moving = {name for name, weight in model.network.named_parameters() if weight.requires_grad}
        if held:
            hold(model.network, moving)
        self.features = Features.of(model, moving, MemoryConfig(), None)

    def __call__(
        self, batches: Sequence[Sequence[Example]], mark: Callable[[], None]
    ) -> list[float]:
        """Losses of the steps; `mark` is called where each begins and the last ends."""
        moves = optimizer(everything(self.model.network), OptimConfig(lr=RATE, weight_decay=0.0))
        weights = [weight for group in moves.param_groups for weight in group["params"]]
        losses = []
        self.model.network.train()
        for batch in batches:
            mark()
            moves.zero_grad()
            with autocast(self.model.network, wanted=has_bfloat16()):
                row = self.features.fill(pack(weighed(batch)))
                loss = learn(self.model, row, HARD).total / len(batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, CLIP)
            moves.step()
            losses.append(loss.item())
        mark()
        return losses


def padded(model: PaliGemma, batch: Sequence[Example], width: int | None) -> dict[str, Tensor]:
    """What transformers' processor makes of the turns, padded on the right."""
    longest = width or max(each.length for each in batch)
    ids = torch.full((len(batch), longest), model.pad_id)
    types, mask = torch.zeros_like(ids), torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORED)
    for row, each in enumerate(batch):
        ids[row, : each.length] = torch.tensor(each.prefix + each.suffix)
        mask[row, : each.length] = 1
        types[row, len(each.prefix) : each.length] = 1
        labels[row, len(each.prefix) : each.length] = torch.tensor(each.suffix)
    pictures = pixels([each.canvases[0] for each in batch])
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "token_type_ids": types,
        "labels": labels,
        "pixel_values": pictures,
    }


class Marker(TrainerCallback):
    """Tells when a step begins and when all have ended."""

    def __init__(self, mark: Callable[[], None]) -> None:
        self.mark = mark
        self.losses: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """A step of the optimiser."""
        self.mark()

    def on_train_end(self, *_: Any, **__: Any) -> None:
        """Behind the last step."""
        self.mark()

    def on_log(self, *_: Any, logs: dict[str, float] | None = None, **__: Any) -> None:
        """Every step's loss."""
        if logs and "loss" in logs:
            self.losses.append(float(logs["loss"]))


class Peer:
    """transformers' Trainer or TRL's SFTTrainer, on the same tokens and pictures."""

    def __init__(self, model: PaliGemma, trl: bool, width: int | None, micro: int | None) -> None:
        self.model, self.trl, self.width, self.micro = model, trl, width, micro

    def __call__(
        self, batches: Sequence[Sequence[Example]], mark: Callable[[], None]
    ) -> list[float]:
        """Losses of the steps."""
        turns, size = [each for batch in batches for each in batch], len(batches[0])
        micro = self.micro or size
        told: dict[str, Any] = {
            "per_device_train_batch_size": micro,
            "gradient_accumulation_steps": size // micro,
            "max_steps": len(batches),
            "learning_rate": RATE,
            "lr_scheduler_type": "constant",
            "adam_beta2": OptimConfig().betas[1],
            "max_grad_norm": CLIP,
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": [],
            "remove_unused_columns": False,
            "disable_tqdm": True,
            "use_cpu": True,
            "dataloader_pin_memory": False,
        }
        marker = Marker(mark)
        with TemporaryDirectory() as folder:
            trainer = self._trainer(folder, told, turns, marker)
            trainer.train()
        return marker.losses

    def _trainer(self, folder: str, told: Any, turns: list[Example], marker: Marker) -> Trainer:
        def collate(rows: Sequence[Any]) -> dict[str, Tensor]:
            return padded(self.model, [turns[row["turn"]] for row in rows], self.width)

        rows: Any = [{"turn": number} for number in range(len(turns))]
        more: dict[str, Any] = {"data_collator": collate, "callbacks": [marker]}
        if not self.trl:
            arguments = TrainingArguments(folder, **told)
            return InOrder(self.model.network, arguments, train_dataset=rows, **more)
        from datasets import Dataset
        from trl import SFTConfig, SFTTrainer

        class InOrderTRL(SFTTrainer):  # type: ignore[misc]
            _get_train_sampler = InOrder._get_train_sampler

        told |= {"gradient_checkpointing": False, "max_length": None, "bf16": False}
        told |= {"dataset_kwargs": {"skip_prepare_dataset": True}}
        data = Dataset.from_list([{"turn": n, "input_ids": [0]} for n in range(len(turns))])
        words = self.model.tokenizer
        made: Trainer = InOrderTRL(
            self.model.network,
            SFTConfig(folder, **told),
            train_dataset=data,
            processing_class=words,
            **more,
        )
        return made


class InOrder(Trainer):
    """Takes the turns as they come, so that all ways learn from the same batches."""

    def _get_train_sampler(self, *_: Any) -> torch.utils.data.Sampler[int]:
        return torch.utils.data.SequentialSampler(self.train_dataset)  # type: ignore[arg-type]


def way(name: str, model: PaliGemma, micro: int | None) -> Callable[..., list[float]]:
    """By its name."""
    match name:
        case "ours" | "ours, held":
            return Ours(model, held="held" in name)
        case "padded":
            model.decoder.set_attn_implementation("sdpa")
            return Peer(model, trl=False, width=PADDED, micro=micro)
        case "dynamic":
            model.decoder.set_attn_implementation("sdpa")
            return Peer(model, trl=False, width=None, micro=micro)
        case "trl":
            model.decoder.set_attn_implementation("sdpa")
            return Peer(model, trl=True, width=None, micro=micro)
    raise SystemExit(f"no way is called {name}")


def _mark(marks: Marks) -> None:
    marks.append((time.process_time(), time.perf_counter()))


def obey() -> None:
    """Answer orders until there are no more."""
    name, words, width, micro = sys.argv[1], *map(int, sys.argv[2:5])
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    model = paligemma(Shape(words, width))
    examples = turns(model)
    work = way(name, model, micro or None)
    begun = {
        key: value.detach().clone()
        for key, value in model.network.named_parameters()
        if value.requires_grad
    }
    answer = sys.stdout
    sys.stdout = sys.stderr
    print(json.dumps({"ready": True}), file=answer, flush=True)
    for line in sys.stdin:
        steps, size = map(int, line.split())
        with torch.no_grad():
            for key, value in model.network.named_parameters():
                if key in begun:
                    value.copy_(begun[key])
        marks: Marks = []
        batches = [
            [examples[(step * size + place) % TURNS] for place in range(size)]
            for step in range(steps)
        ]
        losses = work(batches, partial(_mark, marks))
        told = {
            "losses": losses,
            "cpu": marks[-1][0] - marks[0][0],
            "wall": marks[-1][1] - marks[0][1],
            "peak": peak_bytes(model.network),
        }
        print(json.dumps(told), file=answer, flush=True)


if __name__ == "__main__":
    obey()
