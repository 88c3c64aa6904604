"""The words of a conversation up to one of its questions, as PaliGemma's kind of model reads them.

On lines of their own: the roles of several images, the texts that come with them, each earlier
question and its reply, and the question.
"""

from collections.abc import Sequence

from diascope.codecs.dialect import Dialect
from diascope.codecs.names import unspecial
from diascope.records import Case, Record, Turn
from diascope.tasks import task


def transcript(case: Case, dialect: Dialect, history: Sequence[str]) -> str:
    """All that is read before the reply; `history` has the replies to the questions before."""
    record = case.record
    lines = given(record)
    for earlier, reply in zip(record.turns, history, strict=False):
        lines += [question(record, earlier, dialect), reply]
    return "\n".join([*lines, question(record, case.turn, dialect)])


def given(record: Record) -> list[str]:
    """The roles of several images, and the texts that come with them; no <token> is spelt."""
    roles = [image.role for image in record.images]
    lines = [", ".join(roles)] if len(roles) > 1 else []
    lines += [f"{context.role}: {context.text}" for context in record.context]
    return [unspecial(line) for line in lines]


def question(record: Record, turn: Turn, dialect: Dialect) -> str:
    """What is asked, and of which image where there are several."""
    words = task(turn.task).prompt(turn, dialect)
    which = f" (image {turn.image + 1})" if len(record.images) > 1 else ""
    return unspecial(words + which)
