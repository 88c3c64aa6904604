"""Eight records of every task are learnt by heart: what is taught is written and read back."""

import pytest
import torch

from diascope.answers import Answer
from diascope.batching import pack
from diascope.generation.answering import answer_cases
from diascope.imaging.store import CanvasStore
from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import load
from diascope.recordfile import RecordFile, write_records
from diascope.records import Case
from diascope.sources.phantom import PhantomSettings, generate
from diascope.tasks import all_tasks, task
from diascope.training.config import OptimConfig
from diascope.training.feed import taught
from diascope.training.loop import autocast
from diascope.training.loss import learn
from diascope.training.optim import everything, learning_rate, optimizer, set_learning_rate
from diascope.training.supervision import HARD

RECORDS, BATCH, EPOCHS = 8, 16, 60


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> RecordFile:
    folder = tmp_path_factory.mktemp("overfit")
    settings = PhantomSettings(seed=8, patients=40)
    write_records(folder / "records.jsonl", generate(folder, settings))
    return RecordFile(folder / "records.jsonl")


def eight(records: RecordFile, name: str) -> list[Case]:
    """Eight single questions about single images, no two about the same image."""
    chosen: dict[str, Case] = {}
    for case in records.cases(task=name):
        if len(case.record.images) == len(case.record.turns) == 1:
            chosen.setdefault(case.image.path, case)
    return list(chosen.values())[:RECORDS]


def overfit(model: PaliGemma, cases: list[Case], store: CanvasStore) -> None:
    """Epochs over batches of like length, until every reply is the taught one."""
    examples = sorted(
        (taught(model, case, store.of(case)) for case in cases),
        key=lambda example: len(example.prefix) + len(example.suffix),
    )
    config = OptimConfig(lr=1.5e-3, weight_decay=0.0)
    moves = optimizer(everything(model.network), config)
    batches = len(examples) // BATCH
    order = torch.Generator().manual_seed(0)
    for step in range(EPOCHS * batches):
        if step % batches == 0:
            places = torch.randperm(batches, generator=order).tolist()
            if step % (10 * batches) == 0 and all(written(model, cases, store)):
                return
        model.network.train()
        start = places[step % batches] * BATCH
        set_learning_rate(moves, learning_rate(config, step, EPOCHS * batches, 10))
        with autocast(model.network, True):
            batch = pack(examples[start : start + BATCH])
            loss = learn(model, batch, HARD).total / len(examples[start : start + BATCH])
        moves.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.network.parameters(), config.clip)
        moves.step()


def written(model: PaliGemma, cases: list[Case], store: CanvasStore) -> list[bool]:
    """Whether each reply is to the letter what was taught."""
    replies = answer_cases(model, cases, store)
    return [
        reply.text == model.target(case, case.truth)
        for reply, case in zip(replies, cases, strict=True)
    ]


def test_eight_records_of_every_task_are_learnt_by_heart(records: RecordFile) -> None:
    cases = [case for name in all_tasks() for case in eight(records, name)]
    assert len(cases) == RECORDS * len(all_tasks())
    model = load(None, torch.float32)
    store = CanvasStore(records.root, model.canvas_map)
    overfit(model, cases, store)
    replies = answer_cases(model, cases, store)
    for name in all_tasks():
        asked = task(name)
        rows = [
            asked.measure(case, reply.answer)
            for case, reply in zip(cases, replies, strict=True)
            if case.turn.task == name
        ]
        of_task = [case for case in cases if case.turn.task == name]
        gold = [asked.measure(case, snapped(model, case)) for case in of_task]
        reached, ceiling = asked.summarise(rows), asked.summarise(gold)
        assert reached[asked.primary] == pytest.approx(ceiling[asked.primary], abs=1e-9), name


def snapped(model: PaliGemma, case: Case) -> Answer:
    """What is left of the truth once it is written: the most that a reply can say."""
    asked = task(case.turn.task)
    codec = asked.codec(case.turn, model.dialect, model.canvas_map(case.image.size))
    return codec.snap(asked.order(case.truth))
