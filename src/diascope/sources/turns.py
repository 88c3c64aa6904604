"""What is asked of sets that come with annotations but without questions, worded in one place.

A closed world is an argument and never read off an answer: what bounds a reply (labels, the number
of boxes, a range) is the same for every record of a set, or the grammar would tell the truth.
"""

from collections.abc import Iterator, Mapping, Sequence

from diascope.answers import Box, Boxes, Choice, Labels, Mask, Masks, Number, Status, Text
from diascope.expectations import BoxSpace, Free, LabelSet, MaskSpace, Options, Range
from diascope.records import Turn

YES_NO = ("yes", "no")
SEXES = ("female", "male")
AGES = Range(low=0, high=120, unit="years")


def findings(known: Mapping[str, Status], image: int = 0) -> Turn:
    """Which findings are there, of those that are known; a label that is not named is unknown.

    Call it only where something is known: an unknown label is never asked, so the question about
    another record of the same set may list other labels.
    """
    by: dict[Status, tuple[str, ...]] = {
        status: tuple(label for label, is_ in known.items() if is_ == status)
        for status in ("present", "absent", "uncertain")
    }
    answer = Labels(present=by["present"], absent=by["absent"], uncertain=by["uncertain"])
    return Turn(
        task="multilabel",
        question="Which findings are there?",
        expects=LabelSet(labels=tuple(known)),
        answer=answer,
        image=image,
    )


def which(question: str, options: Sequence[str], answer: str | None) -> Turn:
    """A classification: one of the options, which are the same for every record of the set."""
    chosen = None if answer is None else Choice(option=answer)
    return Turn(
        task="classification",
        question=question,
        expects=Options(options=tuple(options)),
        answer=chosen,
    )


def find(what: str, labels: Sequence[str], boxes: Sequence[Box], limit: int) -> Turn:
    """A detection of every `what`; no boxes means that none is there."""
    return Turn(
        task="detection",
        question=f"Find every {what}.",
        expects=BoxSpace(labels=tuple(labels), limit=limit),
        answer=Boxes(boxes=tuple(boxes)),
    )


def find_by_type(what: str, labels: Sequence[str], boxes: Sequence[Box], limit: int) -> Turn:
    """An instance detection: every `what`, a list of boxes for each type."""
    return Turn(
        task="instance_detection",
        question=f"Find every {what} of each type.",
        expects=BoxSpace(labels=tuple(labels), limit=limit, by_class=True),
        answer=Boxes(boxes=tuple(boxes)),
    )


def where(phrase: str, label: str, boxes: Sequence[Box], limit: int = 1) -> Turn:
    """A grounding of words that fit something in the image."""
    return Turn(
        task="grounding",
        question=f"Where is {phrase}?",
        expects=BoxSpace(labels=(label,), limit=limit),
        answer=Boxes(boxes=tuple(boxes)),
    )


def outline(
    what: str, labels: Sequence[str], masks: Sequence[Mask], limit: int, vertices: int = 16
) -> Turn:
    """A segmentation of `what`; no masks means that none is there."""
    return Turn(
        task="segmentation",
        question=f"Outline {what}.",
        expects=MaskSpace(labels=tuple(labels), limit=limit, vertices=vertices),
        answer=Masks(masks=tuple(masks)),
    )


def how_many(what: str, count: int, most: int) -> Turn:
    """A count, of `most` at most."""
    return Turn(
        task="counting",
        question=f"How many {what} are there?",
        expects=Range(low=0, high=most),
        answer=Number(value=count),
    )


def how_much(question: str, value: float, expects: Range) -> Turn:
    """A measurement; the value is rounded to what the range can say."""
    rounded = round(value, expects.decimals)
    answer = Number(value=rounded, unit=expects.unit)
    return Turn(task="regression", question=question, expects=expects, answer=answer)


def person(sex: str | None, age: float | None, sexes: Sequence[str] = SEXES) -> Iterator[Turn]:
    """The patient's sex and age in years, each where known; an age that nobody reaches is not."""
    if sex is not None:
        yield which("What is the patient's sex?", sexes, sex)
    if age is not None and AGES.low <= age <= AGES.high:
        yield how_much("How old is the patient?", age, AGES)


def report(section: str, text: str, max_chars: int, image: int = 0) -> Turn:
    """One section of the report: its findings, its impression, or the whole `report`."""
    what = "the report" if section == "report" else f"the {section} of the report"
    return Turn(
        task="report",
        question=f"Write {what}.",
        expects=Free(max_chars=max_chars),
        answer=Text(text=text),
        image=image,
    )


def question(asked: str, answer: str, options: Sequence[str] = (), max_chars: int = 200) -> Turn:
    """A question about the image as somebody asked it: closed where options are given."""
    if options:
        closed = Options(options=tuple(options))
        return Turn(task="vqa", question=asked, expects=closed, answer=Choice(option=answer))
    words = Free(max_chars=max_chars)
    return Turn(task="vqa", question=asked, expects=words, answer=Text(text=answer))


def yes_no_or_words(asked: str, answer: str, max_chars: int) -> Turn:
    """A question about the image: closed where its answer is yes or no, in any case, else words.

    The options are spelt as the answer is: `No` is one of `Yes` and `No`.
    """
    for spelt in (str.lower, str.capitalize, str.upper):
        options = tuple(map(spelt, YES_NO))
        if answer in options:
            return question(asked, answer, options)
    return question(asked, answer, max_chars=max_chars)
