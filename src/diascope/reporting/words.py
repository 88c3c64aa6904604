"""Answers, metrics and numbers in words, the same in every table, page and picture."""

from collections import Counter
from collections.abc import Sequence
from typing import assert_never

from diascope.answers import (
    Answer,
    Box,
    Boxes,
    Choice,
    Findings,
    Labels,
    Masks,
    Number,
    Text,
)
from diascope.predictionfile import NO_TEXT, Provenance
from diascope.scoring.scorecard import Interval, Scorecard, Verdict

NONE = "\N{EN DASH}"
_PERCENT = "\N{NO-BREAK SPACE}%"
_MINUS = "\N{MINUS SIGN}"

METRICS = {
    "example_f1": "example F1",
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "f1_50": "F1 at IoU 0.5",
    "precision_50": "precision at IoU 0.5",
    "recall_50": "recall at IoU 0.5",
    "f1_50_greedy": "F1 at IoU 0.5, greedy matching",
    "f1_30": "F1 at IoU 0.3",
    "mean_iou": "mean IoU",
    "mean_dice": "mean Dice",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "r2": "R\N{SUPERSCRIPT TWO}",
    "rouge_l": "ROUGE-L",
    "token_f1": "token F1",
    "within_0": "share exact",
    "accuracy_50": "accuracy at IoU 0.5",
    "accuracy_closed": "accuracy, closed questions",
    "accuracy_open": "accuracy, open questions",
}

VERDICTS: dict[Verdict, str] = {
    "better": "better than its baseline",
    "unclear": "not shown to beat its baseline",
    "worse": "worse than its baseline",
    "no baseline": "no baseline: no training cases",
}


VERDICTS_IN_SHORT: dict[Verdict, str] = {
    "better": "",
    "unclear": "not shown",
    "worse": "worse",
    "no baseline": "no baseline",
}


def metric_words(metric: str) -> str:
    """The name of a metric as it is said."""
    if metric.startswith("bleu_"):
        return "BLEU-" + metric.removeprefix("bleu_")
    if metric.startswith("within_") and metric not in METRICS:
        return f"share within {metric.removeprefix('within_')}"
    return METRICS.get(metric, metric.replace("_", " "))


def case_words(metric: str) -> str:
    """The name of a metric that is taken of one case alone."""
    return metric_words(metric).removeprefix("mean ").removeprefix("balanced ")


def task_words(task: str) -> str:
    """The name of a task at the start of a line."""
    said = task_inline(task)
    return said[:1].upper() + said[1:]


def task_inline(task: str) -> str:
    """The name of a task inside a sentence."""
    return task.upper() if task == "vqa" else task.replace("_", " ")


def number(value: float | None) -> str:
    """A number to about three digits, or a dash where it is not defined."""
    if value is None:
        return NONE
    decimals = sum(abs(value) <= bound for bound in (1, 10, 100))
    text = f"{abs(value):.{decimals}f}"
    return _MINUS + text if value < 0 and float(text) else text


def signed(value: float | None) -> str:
    """A difference, with its sign."""
    return number(value) if value is None or value < 0 else "+" + number(value)


def span(interval: Interval, sign: bool = False) -> str:
    """The ends of an interval."""
    if interval.low is None or interval.high is None:
        return NONE
    write = signed if sign else number
    return f"{write(interval.low)} to {write(interval.high)}"


def percent(share: float | None) -> str:
    """A share in percent, never rounded to all or to nothing when it is not."""
    if share is None:
        return NONE
    if 0 < abs(share) < 0.01:
        return f"< 1{_PERCENT}"
    if 0.99 < share < 1:
        return f"> 99{_PERCENT}"
    return f"{100 * share:.0f}{_PERCENT}".replace("-", _MINUS)


def invalid_replies(card: Scorecard) -> str:
    """How many replies are no answer: 3 of 1200 (< 1 %)."""
    share = percent(card.invalid / card.asked if card.asked else None)
    return f"{card.invalid} of {card.asked} ({share})"


def moment(created: str) -> str:
    """A date and time as it is read: 2026-11-22 08:12."""
    return created[:16].replace("T", " ")


def digest(hexadecimal: str | None) -> str:
    """The first digits of a digest, enough to tell files apart; the whole is in scores.json."""
    return f"{hexadecimal[:16]}\N{HORIZONTAL ELLIPSIS}" if hexadecimal else NONE


def decoding(made: Provenance) -> str:
    """How replies were bounded."""
    if made.budget == NO_TEXT:
        return "none, no text is written"
    return "constrained by grammar" if made.constrained else "free"


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def describe(answer: Answer) -> str:
    """An answer in one line for people, without the spelling of any codec."""
    match answer:
        case Choice():
            said = answer.option
        case Labels():
            unsure = [f"possible {label}" for label in answer.uncertain]
            said = "; ".join([*answer.present, *unsure]) or "none"
        case Number():
            said = " ".join(filter(None, (f"{answer.value:g}", answer.unit)))
        case Boxes():
            said = "; ".join(_place(box) for box in answer.boxes) or "none"
        case Masks():
            said = (
                "; ".join(f"{m.label}, {len(m.polygon)} vertices" for m in answer.masks) or "none"
            )
        case Text():
            said = answer.text
        case Findings():
            how = {"present": "", "uncertain": "possible "}
            named = [how[f.status] + f.name for f in answer.findings if f.status in how]
            said = "; ".join(named) or "none"
        case _:
            assert_never(answer)
    return said


def brief(answer: Answer) -> str:
    """The same, for beside a picture: objects are counted by label, and the picture says where."""
    if not isinstance(answer, Boxes | Masks):
        return describe(answer)
    objects = answer.boxes if isinstance(answer, Boxes) else answer.masks
    counts = Counter(each.label for each in objects)
    many = "{} x {}"
    said = [label if n == 1 else many.format(n, label) for label, n in counts.items()]
    return "; ".join(said) or "none"


def _place(box: Box) -> str:
    x0, y0, x1, y1 = (round(value) for value in box.corners)
    return f"{box.label} ({x0}, {y0}) to ({x1}, {y1})"
