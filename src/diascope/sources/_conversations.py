"""Conversations about images as trainers of chat models keep them: who said what, in turns.

`<image>` marks the place of a picture. Marks at the ends of a question only say that a picture
comes with it, and go. Where one stands inside a sentence, all of them keep their places.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from diascope.records import Context, Turn
from diascope.sources import turns
from diascope.sources.folder import Unreadable

MARK = "<image>"
_SYSTEM, _USER, _ASSISTANT = "system", "user", "assistant"
ROLES = {
    "system": _SYSTEM,
    "human": _USER,
    "user": _USER,
    "gpt": _ASSISTANT,
    "assistant": _ASSISTANT,
}
_ENDS = re.compile(rf"^(?:\s*{MARK})+|(?:{MARK}\s*)+$")
_OPTIONS = re.compile(
    r"\s*Please choose from the following (?:\w+ )?options: \[(?P<options>[^\[\]]+)\]\.?\s*$"
)
_MOST_CHARS = 4000


class Message(NamedTuple):
    """What one of ROLES said, `<image>` where a picture goes."""

    role: str
    text: str


class Conversation(NamedTuple):
    """What is told first, and what is asked."""

    context: tuple[Context, ...]
    turns: tuple[Turn, ...]


def message(said: Any, role_key: str, text_key: str, roles: Mapping[str, str] = ROLES) -> Message:
    """Of an object with two keys; Unreadable where it has others or an unknown role."""
    if not isinstance(said, dict) or not isinstance(said.get(text_key), str):
        raise Unreadable(f"a turn has no {text_key!r} with words in it")
    role = said.get(role_key)
    if not isinstance(role, str) or role not in roles:
        raise Unreadable(f"a turn is of an unknown {role_key!r}: {str(role)[:40]!r}")
    return Message(roles[role], said[text_key])


def conversation(messages: Sequence[Message], num_images: int, marked: bool) -> Conversation:
    """The questions and their answers; Unreadable where they do not alternate or nothing is asked.

    As many pictures are marked as there are; `marked` says that there must be marks at all.
    """
    if not num_images:
        raise Unreadable("it has no image: a conversation in words alone is not read")
    marks = sum(said.text.count(MARK) for said in messages)
    if marks != num_images and (marks or marked):
        raise Unreadable(f"it has {num_images} images and {marks} marks {MARK}")
    told = [said.text.strip() for said in messages[:1] if said.role == _SYSTEM]
    context = tuple(Context(role=_SYSTEM, text=text) for text in told if text)
    return Conversation(context, tuple(_turns(messages[len(told) :])))


def _turns(messages: Sequence[Message]) -> Iterator[Turn]:
    roles = [said.role for said in messages]
    if not roles or roles != [_USER, _ASSISTANT] * (len(roles) // 2):
        raise Unreadable("turns of the user and of the assistant do not alternate, or one lacks")
    for asked, answer in zip(messages[::2], messages[1::2], strict=True):
        yield _turn(_words(asked.text), answer.text.strip())


def _turn(asked: str, answer: str) -> Turn:
    """Closed where the question lists its options and the answer is one, or is yes or no."""
    if not asked or not answer:
        raise Unreadable("a turn has no words")
    if listed := _OPTIONS.search(asked):
        options = tuple(dict.fromkeys(each.strip() for each in listed["options"].split(",")))
        if answer in options and len(options) > 1:
            return turns.question(asked[: listed.start()], answer, options)
    return turns.yes_no_or_words(asked, answer, _MOST_CHARS)


def _words(text: str) -> str:
    bare = _ENDS.sub("", text.strip()).strip()
    return text.strip() if MARK in bare else bare


class Kin:
    """Who images are of, where nothing says so: those of one conversation are of one patient.

    The patient goes by the first of their names in order, without its suffix.
    """

    def __init__(self, together: Iterable[Sequence[str]]) -> None:
        self._above: dict[str, str] = {}
        for first, *others in filter(None, together):
            for other in others:
                low, high = sorted((self.of(first), self.of(other)))
                if low != high:
                    self._above[high] = low

    def of(self, name: str) -> str:
        """The patient of an image."""
        key = str(PurePosixPath(name).with_suffix("")) if PurePosixPath(name).name else name
        while key in self._above:
            key = self._above[key]
        return key
