"""Records that ask a question of somebody's, and in which way."""

from diascope.curation.conversations.study import PRIOR
from diascope.records import Record

_DIALOGUES = ("radialog",)
"""Sets whose records are dialogues even where they have one turn."""


def is_question(record: Record) -> bool:
    """Whether it is one question about images of one study."""
    return not (is_dialogue(record) or is_difference(record)) and _in_words(record)


def is_dialogue(record: Record) -> bool:
    """Whether its turns follow on each other."""
    several = len(record.turns) > 1 or record.dataset in _DIALOGUES
    return several and _in_words(record) and not is_difference(record)


def is_difference(record: Record) -> bool:
    """Whether it is a question about an image and one of another study."""
    roles = [image.role for image in record.images]
    return len(roles) == 2 and roles.count(PRIOR) == 1 and _in_words(record)


def _in_words(record: Record) -> bool:
    """Questions and answers; reports may stand between them."""
    tasks = {turn.task for turn in record.turns}
    return "vqa" in tasks and tasks <= {"vqa", "report"}
