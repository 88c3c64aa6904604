"""How many tokens questions and answers have, for each family of models that may read them.

A family is here no more than two things, so that nothing of a model is loaded: a function that
gives the number of tokens of a text, and the dialect that it writes geometry in.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from diascope.codecs.dialect import Dialect
from diascope.errors import InputError
from diascope.geometry import CanvasMap, Size
from diascope.records import Case, Record
from diascope.tasks import task
from diascope.tasks.transcript import transcript
from diascope.values import Value

MOST_TOKENS = 512
"""Of a question and its answer; PaliGemma was pre-trained on no more (arXiv 2407.07726, 3.2)."""
_CANVAS = Size(224, 224)
_KEPT_TEXTS = 20_000
_NATIVE = "<loc0000>"
_SHIPPED = "tiny"


class Family(NamedTuple):
    """How a family of models reads and writes."""

    length: Callable[[str], int]
    """The number of tokens of a text, none of them added in front or behind."""
    dialect: Dialect


class Lengths(Value):
    """Tokens: the middle, the 99th percentile and the longest."""

    median: int
    high: int
    longest: int


class TokenBudget(Value):
    """What the questions of one task cost a family; image tokens come on top."""

    family: str
    task: str
    n: int
    """Questions."""
    question: Lengths
    """With all that is read before the reply: contexts, earlier questions and replies."""
    answer: Lengths | None
    """None where no answer is known."""
    limit: int
    over: int
    """Questions that have, with their answer, more tokens than the limit."""


def families(chosen: Iterable[str] = ()) -> dict[str, Family]:
    """The family whose tokenizer ships with the package, and those chosen, each as NAME=FOLDER.

    InputError for a choice that is no NAME=FOLDER, a name used twice, or no readable tokenizer.
    """
    found = {_SHIPPED: _family(_shipped())}
    for each in chosen:
        name, _, folder = each.partition("=")
        if not name or not folder:
            raise InputError(f"--tokenizer {each}: should be a name and a folder, as in gemma=DIR")
        if name in found:
            raise InputError(f"--tokenizer {each}: there is a family {name!r} already; rename it")
        found[name] = read_tokenizer(Path(folder))
    return found


def read_tokenizer(folder: Path) -> Family:
    """The family whose `tokenizer.json` lies in a folder, or is the path itself.

    It writes boxes in location tokens where its vocabulary has them, and in JSON where not.
    InputError where there is no such file or it holds no tokenizer.
    """
    path = folder / "tokenizer.json" if folder.is_dir() else folder
    try:
        return _family(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: cannot be opened ({error.strerror}); name the folder of a model that has a "
            "tokenizer.json"
        ) from None
    except ValueError:
        raise InputError(
            f"{path}: holds no tokenizer that works on bytes, as those of language models do; name "
            "the tokenizer.json that the makers of the model ship"
        ) from None


class TokenCounter:
    """Reads records one by one; what it keeps grows with the longest text alone."""

    def __init__(self, families: Mapping[str, Family], limit: int = MOST_TOKENS) -> None:
        self._families = {
            name: family._replace(length=lru_cache(_KEPT_TEXTS)(family.length))
            for name, family in families.items()
        }
        self._limit = limit
        self._counts: dict[tuple[str, str], _Counts] = {}

    def add(self, record: Record) -> None:
        """Count the tokens of every question and answer of a record."""
        for name, family in self._families.items():
            for case, question, answer in _sizes(record, family):
                counts = self._counts.setdefault((name, case.turn.task), _Counts())
                counts.add(question, answer, self._limit)

    def budgets(self) -> tuple[TokenBudget, ...]:
        """One of each family and task."""
        return tuple(
            counts.budget(name, task_name, self._limit)
            for (name, task_name), counts in sorted(self._counts.items())
        )


class _Counts:
    """How often each number of tokens was met, in one task of one family."""

    def __init__(self) -> None:
        self._questions: Counter[int] = Counter()
        self._answers: Counter[int] = Counter()
        self._over = 0

    def add(self, question: int, answer: int | None, limit: int) -> None:
        self._questions[question] += 1
        if answer is not None:
            self._answers[answer] += 1
        self._over += question + (answer or 0) > limit

    def budget(self, family: str, task_name: str, limit: int) -> TokenBudget:
        return TokenBudget(
            family=family,
            task=task_name,
            n=self._questions.total(),
            question=_lengths(self._questions),
            answer=_lengths(self._answers) if self._answers else None,
            limit=limit,
            over=self._over,
        )


def _shipped() -> str:
    # by its path, since importing the package that it lies in would import torch
    place = files("diascope").joinpath("models", "assets", _SHIPPED, "tokenizer.json")
    return place.read_text("utf-8")


def _family(text: str) -> Family:
    """ValueError unless the text is that of a tokenizer.json."""
    # the grammar engine reads the same format as tokenizers, whose package comes with torch's
    from llguidance import LLTokenizer

    if not text.lstrip().startswith("{"):
        raise ValueError("no JSON object")  # the engine would take it for the name of a file
    tokenizer = LLTokenizer(text)

    def length(words: str) -> int:
        return len(tokenizer.tokenize_str(words))

    return Family(length, Dialect(name="loc" if length(_NATIVE) == 1 else "json"))


def _sizes(record: Record, family: Family) -> Iterator[tuple[Case, int, int | None]]:
    """Every question with its number of tokens and that of its answer, where it has one."""
    history: list[str] = []
    for case in record.cases():
        reply = _reply(case, family.dialect)
        words = transcript(case, family.dialect, history)
        yield case, family.length(words), None if reply is None else family.length(reply)
        history.append(reply or "")


def _reply(case: Case, dialect: Dialect) -> str | None:
    """The true answer as the family is taught to write it."""
    if case.turn.answer is None:
        return None
    asked = task(case.turn.task)
    canvas = CanvasMap.fit(case.image.size, _CANVAS, "stretch")
    return asked.codec(case.turn, dialect, canvas).encode(asked.order(case.turn.answer))


def _lengths(counts: Counter[int]) -> Lengths:
    return Lengths(median=_rank(counts, 0.5), high=_rank(counts, 0.99), longest=max(counts))


def _rank(counts: Counter[int], share: float) -> int:
    """The smallest number that at least this share of all are not above."""
    below, wanted = 0, share * counts.total()
    for number in sorted(counts):
        below += counts[number]
        if below >= wanted:
            break
    return number
