"""What a question and its answer say together of the fourteen findings.

An answer speaks for itself where it names a finding. Else the question's finding takes the answer's
yes or no, or its doubt. A question of another kind than yes or no supposes what it names ("where is
the nodule?"), unless it only asks after it ("what about an effusion?", "any effusion?").
"""

import re

from diascope.answers import Status
from diascope.curation._converse.statements import Statement, hedges, statements

_POLAR = re.compile(
    r"^(?:is|are|was|were|does|do|did|has|have|can|could|should|would|any|there)\b", re.IGNORECASE
)
_ASKS_AFTER = re.compile(
    r"\b(?:any|whether|if|about|evidence|signs?|presence|status|possible)\b", re.IGNORECASE
)
_YES = re.compile(r"^(?:yes|yeah|correct|indeed)\b", re.IGNORECASE)
_NO = re.compile(
    r"^(?:no\s*(?:[,.;:!]|$)|no (?:there|it|they|this|that)\b|no (?:evidence|signs?)[.\s]*$|"
    r"none\b|not\b|negative\b|absent\b|there (?:is|are) (?:none|not)\b)",
    re.IGNORECASE,
)


class LeftOpen(ValueError):
    """The answer does not tell what the question asks; the message is the finding's name."""


def exchanged(question: str, answer: str) -> tuple[Statement, ...]:
    """Every statement of the answer, and what it makes of the question's findings.

    LeftOpen where the question asks after a finding and the answer neither names it nor says yes,
    no or perhaps.
    """
    own = statements(answer)
    named = {each.finding for each in own}
    asked = [each for each in statements(question) if each.finding not in named]
    return (*own, *(Statement(each.finding, _status(each, question, answer)) for each in asked))


def _status(asked: Statement, question: str, answer: str) -> Status:
    words = answer.strip()
    if _YES.match(words):
        return asked.status
    if _NO.match(words) and asked.status != "absent":
        return "absent"
    if hedges(words):
        return "uncertain"
    if _POLAR.match(question.strip()) or _ASKS_AFTER.search(question):
        raise LeftOpen(asked.finding)
    return asked.status
