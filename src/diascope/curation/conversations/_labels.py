"""The labels that are known of a study, and the question about them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from diascope.answers import Findings, Labels
from diascope.curation.conversations.study import Study
from diascope.expectations import FindingList, LabelSet, Options
from diascope.metrics.labels import as_labels
from diascope.records import Turn
from diascope.sources import turns

_NOTHING = "no finding"
_NONE = "not found"
_CLASSES = "What does the radiograph show?"
"""Asked of sets that put each image into one of a few classes."""


class _Known(NamedTuple):
    """The names of which something is known, in the order of the set's own question.

    An order by what is known of them would tell the answer.
    """

    names: tuple[str, ...]
    labels: Labels


def findings_turn(study: Study, where: str) -> Turn | None:
    """Which of the known findings are there; None where nothing is known.

    Only what is known is asked, since an unknown label is not absent. Where no more is known than
    whether there is any finding, that is asked; where images are in classes, which one it is.
    """
    known = _known(study)
    if known is None:
        return _class_turn(study, where)
    asked = tuple(name for name in known.names if name.lower() != _NOTHING)
    return _list_turn(known.labels, asked, where) if asked else _any_turn(known.labels, where)


def in_lower_case(names: Sequence[str]) -> dict[str, str]:
    """How names are spelt in M4CXR: in lower case, unless two of them would become one."""
    lower = [name.lower() for name in names]
    return dict(zip(names, lower if len(set(lower)) == len(lower) else names, strict=True))


def listed(names: Sequence[str]) -> str:
    """The names at the end of a question; semicolons part them where one has a comma in it."""
    comma = "; " if any("," in name for name in names) else ", "
    return f"Findings: {comma.join(names)}"


def absent_names(study: Study) -> tuple[str, ...]:
    """The labels that are known to be absent."""
    known = _known(study)
    return known.labels.absent if known else ()


def _list_turn(labels: Labels, asked: tuple[str, ...], where: str) -> Turn:
    spelt = in_lower_case(asked)
    names = tuple(spelt.values())
    return Turn(
        task="multilabel",
        question=f"Which of the following findings are present in {where}? {listed(names)}",
        expects=LabelSet(labels=names, none=_NONE),
        answer=Labels(
            present=_kept(labels.present, spelt),
            absent=_kept(labels.absent, spelt),
            uncertain=_kept(labels.uncertain, spelt),
        ),
    )


def _kept(names: tuple[str, ...], spelt: dict[str, str]) -> tuple[str, ...]:
    return tuple(spelt[name] for name in names if name in spelt)


def _any_turn(labels: Labels, where: str) -> Turn | None:
    """M4CXR asks the converse of "no finding"; an uncertain one answers nothing."""
    if labels.uncertain:
        return None
    question = f"Are there any findings in {where}?"
    return turns.which(question, turns.YES_NO, "no" if labels.present else "yes")


def _class_turn(study: Study, where: str) -> Turn | None:
    """One of exclusive classes: that it is this one does not say that the others are absent."""
    for turn in study.turns:
        if turn.task == "classification" and turn.question == _CLASSES and turn.answer:
            options = turn.expects.options if isinstance(turn.expects, Options) else ()
            question = f"Which of the following is present in {where}? {listed(options)}"
            return turn.model_copy(update={"question": question, "image": 0})
    return None


def _known(study: Study) -> _Known | None:
    """The first labels that are told."""
    return next(_told(study.turns), None)


def _told(asked: Sequence[Turn]) -> Iterator[_Known]:
    """A findings list says of what it does not name that it is absent."""
    for turn in asked:
        match turn.expects, turn.answer:
            case LabelSet(labels=names), Labels() as labels:
                named = {*labels.present, *labels.absent, *labels.uncertain}
            case FindingList(names=names), Findings() as findings:
                labels = as_labels(findings)
                listed = {finding.name for finding in findings.findings}
                rest = tuple(name for name in names if name not in listed)
                labels = labels.model_copy(update={"absent": labels.absent + rest})
                named = set(names)
            case _:
                continue
        if known := tuple(name for name in names if name in named):
            yield _Known(known, labels)
