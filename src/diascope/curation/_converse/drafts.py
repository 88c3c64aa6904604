"""A reply read: turns that can be asked, or why there are none."""

import re
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError

from diascope.answers import Choice, Text
from diascope.codecs.free_text import FreeText
from diascope.curation._converse.prompts import Kind
from diascope.curation._converse.writing import Reply
from diascope.expectations import Free
from diascope.records import Turn
from diascope.sources import turns
from diascope.values import Value

REFINED_QUESTION = (
    "Write a report of this image alone, without measurements and without earlier studies."
)
_REPORT_CHARS = 4000
_QUESTION_CHARS = 300
_ANSWER_CHARS = 600
_MOST_TURNS = 20
_FENCE = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)

D = TypeVar("D", bound=Value)


class Unusable(ValueError):
    """Nothing of the reply can be used; the message is the reason, without any words of it."""


class _Exchange(Value):
    question: Annotated[str, Field(pattern=r"\S", max_length=_QUESTION_CHARS)]
    answer: Annotated[str, Field(pattern=r"\S", max_length=_ANSWER_CHARS)]


class _Refined(Value):
    report: Annotated[str, Field(pattern=r"\S", max_length=_REPORT_CHARS)]


class _Dialogue(Value):
    turns: Annotated[tuple[_Exchange, ...], Field(min_length=1, max_length=_MOST_TURNS)]


def drafts(kind: Kind, reply: Reply) -> tuple[Turn, ...]:
    """The turns of a reply, which nobody has checked yet; Unusable where it holds none."""
    if not reply.text.strip():
        raise Unusable("the reply is empty")
    if not reply.closed:
        raise Unusable("the reply is cut off")
    if kind == "refined":
        return (_report_turn(_read(_Refined, reply.text).report),)
    exchanges = _read(_Dialogue, reply.text).turns
    return tuple(_exchange_turn(each) for each in exchanges)


def words_of(turn: Turn) -> str:
    """The answer of a drafted turn."""
    match turn.answer:
        case Text(text=words) | Choice(option=words):
            return words
    raise ValueError(f"no draft answers with {type(turn.answer).__name__}")


def _read(kind: type[D], text: str) -> D:
    fenced = _FENCE.fullmatch(text.strip())
    try:
        return kind.model_validate_json(fenced[1] if fenced else text)
    except ValidationError as error:
        is_json = all(each["type"] != "json_invalid" for each in error.errors())
        raise Unusable(f"the reply is {'JSON of another form' if is_json else 'no JSON'}") from None


def _report_turn(text: str) -> Turn:
    return Turn(
        task="report",
        question=REFINED_QUESTION,
        expects=Free(max_chars=_REPORT_CHARS),
        answer=Text(text=_tidy(text, _REPORT_CHARS)),
    )


def _exchange_turn(exchange: _Exchange) -> Turn:
    """A bare yes or no, with a full stop or without, is a closed question."""
    answer = _tidy(exchange.answer, _ANSWER_CHARS)
    bare = answer.removesuffix(".")
    answer = bare if bare.lower() in turns.YES_NO else answer
    return turns.yes_no_or_words(_tidy(exchange.question, _QUESTION_CHARS), answer, _ANSWER_CHARS)


def _tidy(text: str, most: int) -> str:
    """The text as it can be written: no invisible character hides a word from the check."""
    return FreeText(most).snap(Text(text=text)).text
