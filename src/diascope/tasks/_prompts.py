"""Short words for the question: what it leaves unsaid of the options, labels and box convention."""

import re
from collections.abc import Sequence

from diascope.answers import Choice
from diascope.codecs.choice import ChoiceCodec
from diascope.expectations import Options
from diascope.geometry import BoxFormat
from diascope.records import Turn

_CORNERS = {
    "xyxy": "left, top, right, bottom",
    "yxyx": "top, left, bottom, right",
    "xywh": "left, top, width, height",
    "cxcywh": "centre x, centre y, width, height",
}
_UNITS = {
    "pixels": "in pixels",
    "canvas": "in pixels",
    "unit": "from 0 to 1",
    "percent": "from 0 to 100",
    "permille": "from 0 to 1000",
    "bins1024": "from 0 to 1023",
}


def says(text: str, words: str) -> bool:
    """Whether `words` stand in `text`, whatever their case, and not inside longer words."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None


def with_names(question: str, heading: str, names: Sequence[str]) -> str:
    """The question, and the names on a line of their own unless it has them all."""
    if all(says(question, name) for name in names):
        return question
    return f"{question}\n{heading}: {'; '.join(names)}"


def with_options(question: str, expects: Options) -> str:
    """The question, and its options unless it has them all, with their letters if it needs them."""
    if expects.style == "texts":
        return with_names(question, "options", expects.options)
    codec = ChoiceCodec(expects.options, "letters")
    letters = [codec.encode(Choice(option=option)) for option in expects.options]
    listed = list(zip(letters, expects.options, strict=True))
    if all(_lists(question, letter, option) for letter, option in listed):
        return question
    return f"{question}\n{', '.join(f'{letter}: {option}' for letter, option in listed)}"


def joined(word: str, labels: Sequence[str]) -> str:
    """big_vision's form: the word, then the labels."""
    return f"{word} {' ; '.join(labels)}"


def in_json(turn: Turn, labels: Sequence[str], form: str, format: BoxFormat) -> str:
    """The question, its labels if it leaves them out, and one sentence on the JSON expected."""
    question = with_names(turn.question, "labels", labels)
    return f"{question}\nReply in JSON: {form}, numbers {_UNITS[format.space]}."


def corners(format: BoxFormat) -> str:
    """The four numbers of a box in words, in order."""
    return f"[{_CORNERS[format.order]}]"


def _lists(question: str, letter: str, option: str) -> bool:
    listed = rf"(?<!\w){letter}\s*[.:)]\s*{re.escape(option)}(?!\w)"
    return re.search(listed, question, re.IGNORECASE) is not None
