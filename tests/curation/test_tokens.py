"""Token budgets: what a family reads and writes, counted without it, is what it would count."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

import diascope
from diascope.answers import Text
from diascope.codecs.dialect import Dialect
from diascope.curation.tokens import Family, TokenCounter, families, read_tokenizer
from diascope.errors import InputError
from diascope.expectations import Free
from diascope.recordfile import RecordFile
from diascope.records import Context, Image, Record, Turn

LETTERS = {"letters": Family(len, Dialect(name="loc"))}


def report(text: str | None, question: str = "Write.") -> Turn:
    answer = None if text is None else Text(text=text)
    return Turn(task="report", question=question, expects=Free(), answer=answer)


def record(*turns: Turn, **changes: Any) -> Record:
    values: dict[str, Any] = {"id": "r", "dataset": "d", "patient": "p", "study": "s"}
    image = Image(path="a.png", width=30, height=20)
    return Record(**(values | {"split": "train", "images": (image,), "turns": turns} | changes))


def test_the_middle_the_99th_percentile_and_the_longest() -> None:
    counter = TokenCounter(LETTERS, limit=100)
    for number in range(1, 101):
        counter.add(record(report("x" * number)))
    (budget,) = counter.budgets()
    assert (budget.family, budget.task, budget.n) == ("letters", "report", 100)
    assert budget.question.median == budget.question.longest == len("Write.")
    assert budget.answer is not None
    assert (budget.answer.median, budget.answer.high, budget.answer.longest) == (50, 99, 100)
    assert budget.over == 6, "those of 95 letters and more, beside the question's six"


def test_a_question_costs_all_that_is_read_before_its_reply() -> None:
    counter = TokenCounter(LETTERS)
    contexts = (Context(role="prior", text="Normal."),)
    counter.add(record(report("Yes.", "First?"), report(None, "Second?"), context=contexts))
    (budget,) = counter.budgets()
    assert budget.question.longest == len("prior: Normal.\nFirst?\nYes.\nSecond?")
    assert budget.answer is not None
    assert budget.answer.longest == len("Yes.")


def test_answers_that_nobody_knows_have_no_length() -> None:
    counter = TokenCounter(LETTERS)
    counter.add(record(report(None), split="val"))
    assert counter.budgets()[0].answer is None


def test_tiny_reads_as_many_tokens_as_are_counted(phantom: Path) -> None:
    from diascope.models.tiny import from_scratch

    model, counter = from_scratch(0), TokenCounter(families())
    seen: list[tuple[int, int]] = []
    for each in RecordFile(phantom):
        counter.add(each)
        history: list[str] = []
        for case in each.cases():
            example = model.render(case, (), history, case.truth)
            # the family adds BOS and a newline to what it reads, and EOS to what it writes
            seen.append((len(example.prefix) - 2, len(example.suffix) - 1))
            history.append(model.target(case, case.truth))
    budgets = counter.budgets()
    assert sum(budget.n for budget in budgets) == len(seen)
    assert max(budget.question.longest for budget in budgets) == max(q for q, _ in seen)
    longest = [budget.answer.longest for budget in budgets if budget.answer]
    assert max(longest) == max(a for _, a in seen)
    assert {budget.family for budget in budgets} == {"tiny"}


@given(st.text(max_size=200))
def test_the_count_is_that_of_the_tokenizer(text: str) -> None:
    from diascope.models.tiny import tokenizer

    words = tokenizer()(text, add_special_tokens=False)["input_ids"]
    assert families()["tiny"].length(text) == len(words)


def test_a_vocabulary_with_location_tokens_writes_them(tmp_path: Path) -> None:
    assert families()["tiny"].dialect == Dialect(name="loc")
    plain = Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]))
    plain.decoder = decoders.ByteLevel()
    plain.save(str(tmp_path / "tokenizer.json"))
    found = families([f"mine={tmp_path}"])["mine"]
    assert found.dialect == Dialect(name="json")
    assert found.length("aabb") == 3
    assert read_tokenizer(tmp_path / "tokenizer.json").length("a") == 1


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        ("gemma", "should be a name and a folder"),
        ("=x", "should be a name and a folder"),
        ("tiny=x", "a family 'tiny' already"),
        ("gemma=nowhere", "cannot be opened"),
    ],
)
def test_a_choice_that_is_none(chosen: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        families([chosen])


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", "/etc/hostname", '{"model": 1}'])
def test_a_file_that_is_no_tokenizer(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(InputError, match="holds no tokenizer"):
        read_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="holds no tokenizer"):
        read_tokenizer(tmp_path)


def test_the_name_of_another_file_is_no_tokenizer(tmp_path: Path) -> None:
    shipped = Path(diascope.__file__).parent / "models" / "assets" / "tiny" / "tokenizer.json"
    assert read_tokenizer(shipped).length("a") == 1
    (tmp_path / "tokenizer.json").write_text(str(shipped))
    with pytest.raises(InputError, match="holds no tokenizer"):
        read_tokenizer(tmp_path)


def test_no_torch_is_loaded() -> None:
    program = (
        "import sys; from diascope.curation.tokens import families; families(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
