"""What the phantom asks and how its reports read: one place for every sentence."""

from diascope.answers import Answer, Choice, Number, Text
from diascope.expectations import Expectation, Free, Options, Range
from diascope.records import Turn
from diascope.sources._phantom.chest import FOCAL, ChestStudy, Kind, Lesion

REPORT_CHARS = 200
YES_NO = Options(options=("yes", "no"))
SIDES = Options(options=("left", "right"))
DEPTHS = Options(options=("front", "back"))
HALVES = Options(options=("upper", "lower"))
CHANGES = Options(options=("new", "larger", "smaller", "unchanged", "gone"))
PLACE = Free(max_chars=20)
FEW = Range(low=0, high=12)


def a(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def ask(task: str, question: str, expects: Expectation, answer: Answer, image: int = 0) -> Turn:
    """One turn."""
    return Turn(task=task, question=question, expects=expects, answer=answer, image=image)


def closed(question: str, expects: Options, option: str, image: int = 0) -> Turn:
    """A question answered by one of its options."""
    return ask("vqa", question, expects, Choice(option=option), image)


def opened(question: str, text: str) -> Turn:
    """A question answered by a word or two."""
    return ask("vqa", question, PLACE, Text(text=text))


def how_many(noun: str, count: int) -> Turn:
    """A counting question of the vqa kind."""
    return ask("vqa", f"How many {noun} are there?", FEW, Number(value=count))


def report(study: ChestStudy) -> str:
    """Two to four short sentences, all of which the image shows."""
    heart = "The heart is enlarged." if study.enlarged else "The heart is normal."
    kinds = list(dict.fromkeys(lesion.kind for lesion in study.lesions))
    said = [_sentence(kind, study.of(kind), kind in study.faint) for kind in sorted(kinds)]
    if all(kind == "device" for kind in kinds):
        said.insert(0, "The lungs are clear.")
    return " ".join([heart, *said])


def _sentence(kind: Kind, lesions: tuple[Lesion, ...], faint: bool) -> str:
    first = lesions[0]
    maybe = "Possible " if faint else ""
    noun = "calcified nodule" if kind == "nodule, calcified" else kind
    if len(lesions) > 1:
        text = f"{maybe}{len(lesions)} {noun}s."
    elif kind in FOCAL:
        text = f"{maybe}{_size(first)} {noun} in the {first.side} {first.zone} zone."
    elif kind == "effusion":
        text = f"{maybe}{_size(first)} {first.side} effusion."
    else:
        text = f"{maybe}{first.side} {noun}."
    return text[0].upper() + text[1:]


def _size(lesion: Lesion) -> str:
    return "large" if lesion.large else "small"
