"""What the words of a FLARE question tell: its task, options, labels, boxes, unit and target.

Every function raises Unreadable, with the reason, where the words leave open what must be known.
"""

import re
from collections.abc import Collection, Iterable

from diascope.errors import nearest
from diascope.geometry import BoxFormat
from diascope.sources._flare.layout import normalised
from diascope.sources.box_words import is_scaled, order_of, stated_orders
from diascope.sources.folder import Unreadable

_TASKS = {
    "classification": "classification",
    "multi label classification": "multilabel",
    "multilabel classification": "multilabel",
    "detection": "detection",
    "instance detection": "instance_detection",
    "counting": "counting",
    "regression": "regression",
    "report generation": "report",
}
_WITH_COMMAS = ("Endodontic Treatment, Restorative Treatment, and Complications",)
"""A label of FLARE's periapical set, which once listed its labels parted by commas."""
_NOTHING = ("none", "no finding", "no findings")
_BRACKETS = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_UNITS = {
    "mm": r"mm|milli(?:met(?:re|er)s?)",
    "cm": r"cm|centi(?:met(?:re|er)s?)",
    "%": r"%|percent(?:age)?",
    "degrees": r"degrees?|°",
}
_TARGET = re.compile(
    r"\b(?:of|for|around|containing|enclos(?:es|ing)|where\s+(?:is|are)|find|locate|locali[sz]e"
    r"|detect|identify|segment)\s+"
    r"(?:(?:the|an?|all|any|each|every)\s+)*"
    r"([a-z][a-z' -]*?)"
    r"(?=\s+(?:as|in|on|using|with|from|and|within|by|that|which|visible|present|for|of)\b"
    r"|\s*(?:[.,;:?!(\[]|$))",
    re.IGNORECASE,
)
_NO_TARGET = re.compile(
    r"\b(box(es)?|coordinates?|locations?|images?|format|positions?|it|this|that|they|them)\b",
    re.IGNORECASE,
)


def task_name(spelled: str) -> str:
    """Our name of a task, however it is spelt."""
    name = normalised(spelled)
    if name not in _TASKS:
        raise Unreadable(f"unknown task {spelled!r}{nearest(name, _TASKS)}")
    return _TASKS[name]


def options(question: str) -> tuple[str, ...]:
    """The texts of options lettered A, B, ... with a colon, bracket or full stop; () when none."""
    styles = (_lettered(question, mark) for mark in (":", ")", "."))
    found = max(styles, key=len)
    if len(set(found)) < len(found):
        raise Unreadable("two options have the same text")
    return found if len(found) > 1 else ()


def _lettered(question: str, mark: str) -> tuple[str, ...]:
    """Texts between the longest run of letters A, B, C, ... that are followed by `mark`."""
    marker = re.compile(rf"(?<![A-Za-z0-9.])\(?([A-Z])\s*{re.escape(mark)}\s*")
    found = list(marker.finditer(question))
    best: list[re.Match[str]] = []
    for start, first in enumerate(found):
        if first[1] == "A":
            run = [first]
            for match in found[start + 1 :]:
                run += [match] if ord(match[1]) == ord("A") + len(run) else []
            best = max(best, run, key=len)
    ends = [*(match.start() for match in best[1:]), len(question)][: len(best)]
    texts = [question[match.end() : end] for match, end in zip(best, ends, strict=True)]
    lines = [text.strip().split("\n")[0] for text in texts]
    lines[-1:] = [_plain(line) for line in lines[-1:]]  # what follows the last option is no part
    return tuple(line.strip(" \t,;.") for line in lines)


def labels(question: str, known: Collection[str]) -> tuple[str, ...]:
    """The labels offered: lettered, or after the last colon before them, parted by `;`.

    In the older form commas part them. A label that has commas itself is then recognised only if it
    is one of the `known`.
    """
    if lettered := options(question):
        return lettered
    before, _, after = question.rpartition(":")
    if ";" not in after and ";" in before:
        return _distinct(re.split(r"[:?\n]", before)[-1].split(";"))
    listed = after.strip().split("\n")[0]
    return _distinct(listed.split(";") if ";" in listed else comma_parts(listed, known))


def comma_parts(text: str, known: Collection[str]) -> list[str]:
    """The parts between commas, the longest known names first kept whole."""
    names = {name.casefold() for name in (*known, *_WITH_COMMAS)}
    words = [_plain(word) for word in text.split(",")]
    parts: list[str] = []
    while words:
        lengths = range(len(words), 1, -1)
        whole = (n for n in lengths if ", ".join(words[:n]).casefold() in names)
        length = next(whole, 1)
        parts.append(", ".join(words[:length]))
        words = words[length:]
    return parts


def _distinct(texts: Collection[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(filter(None, (_plain(text) for text in texts))))
    if len(found) < 2:
        raise Unreadable("the question names no labels to choose from")
    return found


def _plain(text: str) -> str:
    """The words up to the end of their sentence."""
    return re.split(r"[.?](?:\s|$)", text.strip())[0].strip()


def is_nothing(label: str) -> bool:
    """Whether a label means that no other one holds."""
    return label.casefold() in _NOTHING


class Unstated(Unreadable):
    """The words state no convention of boxes at all."""


def box_format(question: str) -> BoxFormat:
    """The convention that the question states for its boxes, in pixels."""
    stated = stated_orders(question)
    if is_scaled(question):
        raise Unreadable("the question asks for scaled boxes; only boxes in pixels are read")
    if len(stated) != 1:
        kind, what = (Unreadable, "more than one") if stated else (Unstated, "no")
        raise kind(f"the question states {what} box convention, like [x_min, y_min, x_max, y_max]")
    return BoxFormat(order=next(iter(stated)))


def common_format(asked: Iterable[str]) -> BoxFormat | None:
    """The one convention of all questions that state any; None where there is no such."""
    stated: set[BoxFormat] = set()
    for question in asked:
        try:
            stated.add(box_format(question))
        except Unstated:
            continue
        except Unreadable:
            return None
    return stated.pop() if len(stated) == 1 else None


def target(question: str) -> str:
    """The label of the object asked for, as the question words it; `object` when it does not."""
    words = _BRACKETS.sub(" [", question)
    named = (match[1].strip() for match in _TARGET.finditer(words))
    return next((name for name in named if not _NO_TARGET.search(name)), "object")


def types(question: str) -> tuple[str, ...]:
    """Types of objects listed in brackets, as in `cell types (RBC, WBC, Platelets)`; () when not.

    A range like 1-22 stands for every number in it. Mere examples (`e.g.`) are no list.
    """
    for match in re.finditer(r"\(([^()\[\]]+,[^()\[\]]+)\)", question):
        names = [name for part in match[1].split(",") for name in _range(part.strip(" '\""))]
        if (
            not order_of(match[1])
            and all(names)
            and not match[1].startswith(("e.g", "i.e", "such"))
        ):
            return tuple(dict.fromkeys(names))
    return ()


def _range(name: str) -> list[str]:
    match = re.fullmatch(r"(\d{1,2})\s*-\s*(\d{1,2})", name)
    return [str(n) for n in range(int(match[1]), int(match[2]) + 1)] if match else [name]


def unit(question: str) -> str | None:
    """The unit that the question asks for, or only mentions; None when there is none."""
    for lead in (r"\bin\s+(?:the\s+)?(?:unit\s+)?", r"(?<![a-z])"):
        for name, spelled in _UNITS.items():
            if re.search(rf"{lead}(?:{spelled})(?![a-z])", question, re.IGNORECASE):
                return name
    return None
