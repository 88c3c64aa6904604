"""One entry of RaDialog's files: what it asks about which image, and what it only tells.

An answer that may be a wrong report becomes a text that comes with the image: the first of a
correction (CO), and in release 1.0.0, which does not tell what an entry is, every one but the last.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from diascope.answers import Text
from diascope.expectations import Free
from diascope.records import Context, Turn
from diascope.sources import turns
from diascope.sources.folder import Unreadable

_YES_NO, _CORRECTION, _REPORT = "CPbQA", "CO", "RG"
_SPEAKERS = ("human", "gpt")
_MARK = re.compile(r"^\s*<image>\.?\s*|Image information: <IMG>\.\s*")
"""Where the picture goes in a question."""
_MOST_CHARS = 4000


class Entry(NamedTuple):
    """What is told before the picture is asked about, and what is asked then."""

    dicom: str
    context: tuple[Context, ...]
    turns: tuple[Turn, ...]
    task: str


class _Exchange(NamedTuple):
    """A question and its answer."""

    asked: str
    answer: str


def conversation(entry: Any) -> Entry:
    """An entry of release 1.1.0; Unreadable where it has another form, or no answer to learn from.

    KeyError or TypeError where a field is missing or of another kind.
    """
    task = entry["task_type"]
    exchanges = _exchanges(entry["conversations"])
    told = 1 if task == _CORRECTION else 0
    if len(exchanges) <= told:
        raise Unreadable(f"a conversation of {len(exchanges)} answers, with none to learn from")
    return Entry(
        dicom=PurePosixPath(entry["image"]).stem,
        context=tuple(_told(exchanges[:told])),
        turns=tuple(_turn(task, exchange) for exchange in exchanges[told:]),
        task=task,
    )


def _exchanges(messages: Sequence[Any]) -> list[_Exchange]:
    speakers = tuple(message["from"] for message in messages)
    if not speakers or speakers != _SPEAKERS * (len(speakers) // 2):
        raise Unreadable("its speakers are not human and gpt by turns")
    words = [message["value"] for message in messages]
    return [
        _Exchange(_MARK.sub("", asked), answer)
        for asked, answer in zip(words[::2], words[1::2], strict=True)
    ]


def prompt(entry: Any) -> Entry:
    """An entry of release 1.0.0, whose instruction holds all that was said before the last answer.

    Errors as for `conversation`.
    """
    if entry["input"]:
        raise Unreadable("its 'input' is not empty, and nothing says where it belongs")
    _, _, talk = entry["instruction"].partition("USER:")
    *earlier, last = [_spoken(part) for part in talk.split("</s>USER:")]
    if not last.asked or last.answer:
        raise Unreadable("its instruction does not end in a question of the user")
    exchange = _Exchange(last.asked, entry["output"])
    return Entry(entry["dicom"], tuple(_told(earlier)), (_turn("", exchange),), task="")


def _spoken(part: str) -> _Exchange:
    asked, _, answer = part.partition("ASSISTANT:")
    return _Exchange(_MARK.sub("", asked).strip(), answer.strip())


def _told(exchanges: Sequence[_Exchange]) -> Iterator[Context]:
    """An earlier exchange that later questions speak of; its answer may be wrong."""
    for exchange in exchanges:
        yield Context(role="earlier question", text=exchange.asked)
        yield Context(role="earlier answer", text=exchange.answer)


def _turn(task: str, exchange: _Exchange) -> Turn:
    if not exchange.answer:
        raise Unreadable("an answer is empty")
    if task == _YES_NO:
        return turns.question(exchange.asked, exchange.answer, turns.YES_NO)
    return Turn(
        task="report" if task == _REPORT else "vqa",
        question=exchange.asked,
        expects=Free(max_chars=_MOST_CHARS),
        answer=Text(text=exchange.answer),
    )
