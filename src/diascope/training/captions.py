"""Texts that go with pictures: reports as they are, labels as a line of words."""

from diascope.answers import Choice, Findings, Labels, Text
from diascope.metrics.labels import as_labels
from diascope.records import Case
from diascope.training.lessonconfig import ContrastiveConfig
from diascope.training.presence import presence


def caption(case: Case, config: ContrastiveConfig) -> str | None:
    """The text that a case gives its pictures, or None.

    A label that is unknown is in no text: `effusion, possible edema, no nodule` says nothing of a
    fracture.
    """
    match case.turn.answer:
        case Text(text=text) if case.turn.task == "report" and "reports" in config.texts:
            return text.strip() or None
        case Labels() | Findings() | Choice() if "labels" in config.texts:
            return _spelt(case) or None
    return None


def _spelt(case: Case) -> str:
    said, answer = presence(case), case.turn.answer
    present = [name for name, value in said.items() if value]
    if isinstance(answer, Choice):
        return ", ".join(present)
    uncertain = as_labels(answer).uncertain if isinstance(answer, Labels | Findings) else ()
    absent = [f"no {name}" for name, value in said.items() if not value]
    return ", ".join([*present, *(f"possible {name}" for name in uncertain), *absent])
