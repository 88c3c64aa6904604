from pathlib import Path

import pytest

from diascope.batching import pack
from diascope.generation.answering import answer_cases
from diascope.imaging.store import CanvasStore
from diascope.models.tiny import from_scratch
from diascope.predictions import Invalid
from diascope.recordfile import RecordFile
from diascope.training._controller.asking import replies_to
from diascope.training._controller.probe import stratified
from diascope.training.feed import taught


def test_a_model_that_cannot_end_is_cut_to_twice_the_longest_truth(phantom: Path) -> None:
    model, records = from_scratch(0), RecordFile(phantom)
    store = CanvasStore(records.root, model.canvas_map)
    cases = stratified(records.cases("train", "detection"), 2)
    longest = max(len(taught(model, case, store.of(case)).suffix) for case in cases)
    replies = replies_to(model, cases, store)
    assert all(len(reply.logprobs) <= 2 * longest for reply in replies)
    assert not any(isinstance(reply.outcome, Invalid) for reply in replies)
    assert max(len(reply.logprobs) for reply in answer_cases(model, cases, store)) > 2 * longest


def test_replies_stand_in_the_order_asked_whatever_their_length(phantom: Path) -> None:
    model, records = from_scratch(0), RecordFile(phantom)
    store = CanvasStore(records.root, model.canvas_map)
    tasks = ("detection", "classification", "counting")
    cases = [case for task in tasks for case in stratified(records.cases("val", task), 2)]
    assert [reply.id for reply in replies_to(model, cases, store)] == [case.id for case in cases]
    assert replies_to(model, [], store) == []


def test_a_later_turn_is_asked_after_the_true_replies_before_it(
    phantom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked is, token by token, the beginning of what is taught."""
    model, records = from_scratch(0), RecordFile(phantom)
    store = CanvasStore(records.root, model.canvas_map)
    cases = [case for case in records.cases("train") if case.index > 0][:1]
    cases = [*cases[0].record.cases()[:2]]
    asked = []

    def note(engine: object, requests: list, sampling: object, seed: int) -> object:
        asked.extend(request.example for request in requests)
        return iter(())

    monkeypatch.setattr("diascope.generation.torch_engine.TorchEngine.generate", note)
    with pytest.raises(ValueError, match="zip"):
        replies_to(model, cases, store)
    lessons = [taught(model, case, store.of(case)) for case in cases]
    assert [example.prefix for example in asked] == [lesson.prefix for lesson in lessons]
    assert pack(lessons).num_examples == 2
