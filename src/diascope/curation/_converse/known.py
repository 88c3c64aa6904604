"""What a record knows: the words of its report, and the labels that it has for findings."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from diascope.answers import Answer, Findings, Labels, Status, Text
from diascope.curation._converse.findings import DEVICES, KINDS, NO_FINDING, WORDS, finding_of
from diascope.curation._converse.statements import statements
from diascope.expectations import FindingList
from diascope.metrics.labels import as_labels
from diascope.records import Record, Turn

_REPORT_ROLES = ("report", "findings", "impression")
"""Of context texts; a `prior report` is another study's."""
_STRENGTH: Mapping[Status, int] = {"present": 2, "uncertain": 1, "absent": 0}


class Known(NamedTuple):
    """What statements are held against."""

    labels: Mapping[str, Status]
    """By the names of the fourteen findings; what is not named is unknown."""
    denied: frozenset[str]
    """What the report itself denies."""


def report_of(record: Record) -> str:
    """The sections of the record's own report, one a line; empty where it has none."""
    told = [context.text for context in record.context if context.role in _REPORT_ROLES]
    written = [
        turn.answer.text
        for turn in record.turns
        if turn.task == "report" and isinstance(turn.answer, Text)
    ]
    return "\n".join(dict.fromkeys(text.strip() for text in (*told, *written) if text.strip()))


def known(record: Record) -> Known:
    """The labels of every turn that gives any, and the denials of the report."""
    denied = {each.finding for each in statements(report_of(record)) if each.status == "absent"}
    return Known(labels_of(record), frozenset(denied))


def labels_of(record: Record) -> dict[str, Status]:
    """The status of every finding that the record has a label for, or that follows from one."""
    labels: dict[str, Status] = {}
    for turn in record.turns:
        for label, status in _labelled(turn):
            finding = finding_of(label)
            if finding is not None:
                labels[finding] = _stronger(labels.get(finding, status), status)
    return _with_implied(labels)


def _labelled(turn: Turn) -> Iterator[tuple[str, Status]]:
    """Labels and statuses; a finding that a closed list of findings leaves out is absent."""
    answer: Answer | None = turn.answer
    if not isinstance(answer, Labels | Findings):
        return
    named = as_labels(answer)
    for status in _STRENGTH:
        yield from ((label, status) for label in getattr(named, status))
    if isinstance(turn.expects, FindingList):
        listed = {*named.present, *named.absent, *named.uncertain}
        yield from ((name, "absent") for name in turn.expects.names if name not in listed)


def _stronger(first: Status, second: Status) -> Status:
    return max(first, second, key=_STRENGTH.__getitem__)


def _with_implied(labels: dict[str, Status]) -> dict[str, Status]:
    """With what follows: `No Finding` denies all but devices, and a kind is a case of its genus."""
    implied = dict(labels)
    if labels.get(NO_FINDING) == "present":
        for name in WORDS.keys() - {DEVICES}:
            implied.setdefault(name, "absent")
    for genus, kinds in KINDS.items():
        if any(implied.get(kind) == "present" for kind in kinds):
            implied.setdefault(genus, "present")
    ill = [name for name, status in implied.items() if status == "present" and name in WORDS]
    if set(ill) - {DEVICES}:
        implied.setdefault(NO_FINDING, "absent")
    return implied
