"""What is odd of questions and answers that are legal one by one.

An answer outside its options or its range, or two options spelt alike, is no oddity but an error:
such a record is left out (see `tasks.checks`). What is told here is kept, and a person should know:
a model may learn to answer from the form of the question, or cannot learn what contradicts itself.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from diascope.answers import Choice
from diascope.expectations import BoxSpace, LabelSet, Options
from diascope.geometry import Order
from diascope.records import Record, Turn
from diascope.sources.box_words import is_scaled, stated_orders
from diascope.values import Value

FEWEST = 20
"""Questions below which chance may be the reason."""
_NEVER = 30
"""Questions that must have offered an option which is never right."""
_SAME_PLACE, _NAMED = 0.95, 0.5
_SHORTEST_NAME = 3
_EXAMPLES = 5
_MOST_OPTIONS = 20
_SHORTEST_DIGEST = 8
# a point or comma within a number and a minus before one are no mere punctuation
_NO_MATTER = re.compile(
    r"[\s;:!?'\"()\[\]_]+|(?<!\d)[.,]|[.,](?!\d)|(?<=[^\W\d])-(?=[^\W\d])", re.UNICODE
)


class Anomaly(Value):
    """One oddity of the questions of one task of one data set."""

    what: str
    dataset: str
    task: str
    times: int
    of: int
    """Questions in which it could have been met."""
    records: tuple[str, ...] = ()
    """Ids of the first records that show it."""


class Anomalies:
    """Is given the records that are kept, one by one."""

    def __init__(self) -> None:
        self._seen: dict[_Group, _Seen] = defaultdict(_Seen)
        self._asked: dict[_Group, int] = defaultdict(int)
        self._options: dict[tuple[str, str], _Options] = defaultdict(_Options)
        self._answered: dict[bytes, bytes] = {}

    def add(self, record: Record) -> None:
        """Look at every question of a record whose images have their sha256."""
        for place, turn in enumerate(record.turns):
            for what, is_met in _odd(turn):
                self._note(what, record, turn, is_met)
            self._note(_CONTRADICTS, record, turn, self._contradicts(record, place))
            if isinstance(turn.expects, Options) and isinstance(turn.answer, Choice):
                self._options[record.dataset, turn.task].add(turn.expects, turn.answer)

    def found(self) -> tuple[Anomaly, ...]:
        """All that is odd, by data set and task."""
        noted = [
            Anomaly(
                what=group.what,
                dataset=group.dataset,
                task=group.task,
                times=seen.times,
                of=self._asked[group],
                records=tuple(seen.records),
            )
            for group, seen in self._seen.items()
            if _is_odd(group.what, seen.times, self._asked[group])
        ]
        told = [each for key, options in self._options.items() for each in options.found(*key)]
        return tuple(sorted(noted + told, key=lambda each: (each.dataset, each.task, each.what)))

    def _note(self, what: str, record: Record, turn: Turn, is_met: bool) -> None:
        group = _Group(what, record.dataset, turn.task)
        self._asked[group] += 1
        if is_met:
            self._seen[group].add(record.id)

    def _contradicts(self, record: Record, place: int) -> bool:
        """Whether the question was put to the same pictures before and answered otherwise."""
        turn = record.turns[place]
        if turn.answer is None:
            return False
        question = _digest(*_put(record, place))
        answer = _digest(turn.answer.model_dump_json())
        return self._answered.setdefault(question, answer) != answer


class _Group(NamedTuple):
    what: str
    dataset: str
    task: str


class _Seen:
    """How often something was met, and where first."""

    def __init__(self) -> None:
        self.times = 0
        self.records: list[str] = []

    def add(self, record: str) -> None:
        self.times += 1
        if len(self.records) < _EXAMPLES and record not in self.records:
            self.records.append(record)


class _Options:
    """Which options the questions of one task offer, and which of them are right."""

    def __init__(self) -> None:
        self._offered: Counter[str] = Counter()
        self._right: Counter[str] = Counter()
        self._places: dict[int, Counter[int]] = defaultdict(Counter)
        self._lists: dict[int, set[tuple[str, ...]]] = defaultdict(set)

    def add(self, expects: Options, answer: Choice) -> None:
        options = expects.options
        self._offered.update(options)
        self._right[answer.option] += 1
        self._places[len(options)][options.index(answer.option)] += 1
        if len(self._lists[len(options)]) < 2:
            self._lists[len(options)].add(options)

    def found(self, dataset: str, task: str) -> Iterator[Anomaly]:
        never = [
            (option, times)
            for option, times in self._offered.most_common()
            if times >= _NEVER and not self._right[option]
        ]
        for option, times in never[:_MOST_OPTIONS]:
            what = f"the option {option!r} is offered and never right"
            yield Anomaly(what=what, dataset=dataset, task=task, times=times, of=times)
        for count, places in sorted(self._places.items()):
            (place, times), asked = places.most_common(1)[0], places.total()
            # where all questions offer one list, a place is an option, and may well be frequent
            is_varied = len(self._lists[count]) > 1 and count > 1
            if is_varied and asked >= FEWEST and times >= _SAME_PLACE * asked:
                what = f"of {count} options, number {place + 1} is the answer"
                yield Anomaly(what=what, dataset=dataset, task=task, times=times, of=asked)


_ALIKE = "options differ in case, spaces or punctuation alone"
_TOLD = "the question names one option alone, the right one"
_ANNOUNCED = "the question announces another box convention than its record"
_CONTRADICTS = "the same question about the same picture has another answer elsewhere"


def _is_odd(what: str, times: int, of: int) -> bool:
    """A question that names one option may do so by chance; it is odd where that is the rule."""
    return what != _TOLD or (times >= FEWEST and times >= _NAMED * of)


def _odd(turn: Turn) -> Iterator[tuple[str, bool]]:
    """What could be odd of a question by itself, and whether it is."""
    match turn.expects:
        case Options(options=names) | LabelSet(labels=names):
            yield _ALIKE, len(set(map(_plain, names))) < len(set(names))
        case BoxSpace():
            yield _ANNOUNCED, _announces_another(turn.question, turn.expects)
    if isinstance(turn.expects, Options) and isinstance(turn.answer, Choice):
        named = [option for option in turn.expects.options if _says(turn.question, option)]
        if len(named) == 1:
            yield _TOLD, named == [turn.answer.option]


def _plain(name: str) -> str:
    """A name without what a reader does not look at; itself where nothing else is in it."""
    return _NO_MATTER.sub("", name.casefold()) or name


def _says(question: str, option: str) -> bool:
    if len(option) < _SHORTEST_NAME:
        return False
    return re.search(rf"(?<!\w){re.escape(option)}(?!\w)", question, re.IGNORECASE) is not None


def _announces_another(question: str, expects: BoxSpace) -> bool:
    orders = stated_orders(question)
    if not orders:
        return False
    if expects.format is None:
        return True  # the family writes its own convention, whatever the question says
    declared: frozenset[Order] = frozenset((expects.format.order,))
    in_pixels = expects.format.space == "pixels"
    return orders != declared or is_scaled(question) == in_pixels


def _put(record: Record, place: int) -> Iterator[str]:
    """All that a reply may depend on: pictures, texts, what was said before, the question."""
    turn = record.turns[place]
    yield from (f"{image.sha256} {image.frame_index}" for image in record.images)
    yield from (f"{context.role}: {context.text}" for context in record.context)
    yield from (earlier.question for earlier in record.turns[:place])
    yield from (turn.task, str(turn.image), turn.question, turn.expects.model_dump_json())


def _digest(*parts: str) -> bytes:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=_SHORTEST_DIGEST).digest()
