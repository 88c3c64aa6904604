"""Cards: one case each, with its picture, what was asked, what is true and what was replied."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from diascope.imaging.decode import read_image
from diascope.predictions import Invalid, Repaired
from diascope.recordfile import RecordFile
from diascope.reporting.overlay import overlay, shapes
from diascope.reporting.words import brief
from diascope.scoring.answered import Answered
from diascope.scoring.scorecard import TaskScore

if TYPE_CHECKING:
    from PIL import Image

# pictures of a page together, so that it opens anywhere
_BUDGET = 3_300_000
_QUALITY = 82
_LONGEST = 420


@dataclass(frozen=True)
class Card:
    """One case as the page shows it."""

    case: str
    why: Literal["random", "worst", "invalid"]
    value: float | None
    picture: str | None
    """A data URI; None where the page has enough pictures already."""
    image_note: str
    question: str
    truth: str
    reply: str
    fault: Literal["invalid", "repaired"] | None
    problem: str | None
    """Why the reply is invalid, or how it was repaired."""


class Album:
    """Makes cards until the pictures of a page weigh enough; none of restricted records unasked."""

    def __init__(
        self,
        records: RecordFile,
        answered: Mapping[str, Answered],
        include_restricted: bool = False,
    ) -> None:
        self._records = records
        self._restricted = {name for name, each in answered.items() if each.case.record.restricted}
        hidden = set() if include_restricted else self._restricted
        self._answered = {name: each for name, each in answered.items() if name not in hidden}
        self._left = _BUDGET

    @property
    def num_restricted(self) -> int:
        """Cases of records that forbid that their data leave the machine."""
        return len(self._restricted)

    def cards(self, task: TaskScore, why: Literal["random", "worst", "invalid"]) -> list[Card]:
        """The cards of a task's samples that were chosen for this reason."""
        chosen = [sample for sample in task.samples if sample.why == why]
        return [
            self._card(self._answered[sample.case], why, sample.value)
            for sample in chosen
            if sample.case in self._answered
        ]

    def _card(
        self, answered: Answered, why: Literal["random", "worst", "invalid"], value: float | None
    ) -> Card:
        case, outcome = answered.case, answered.outcome
        text = answered.prediction.text if answered.prediction else ""
        reply = brief(answered.answer) if answered.answer is not None else text
        fault = outcome.kind if isinstance(outcome, Invalid | Repaired) else None
        problem = outcome.why if isinstance(outcome, Invalid) else None
        if isinstance(outcome, Repaired):
            problem = outcome.how
        return Card(
            case=case.id,
            why=why,
            value=value,
            picture=self._picture(answered) if why != "invalid" else None,
            image_note=_image_note(answered),
            question=_cut(case.turn.question),
            truth=_cut(brief(case.truth)),
            reply=_cut(reply),
            fault=fault,
            problem=problem,
        )

    def _picture(self, answered: Answered) -> str | None:
        if self._left <= 0:
            return None
        case = answered.case
        pixels = read_image(self._records.image_path(case.image), case.image.frame_index)
        drawn = overlay(pixels, shapes(case.truth), shapes(answered.answer))
        uri = data_uri(drawn)
        self._left -= len(uri)
        return uri


def data_uri(picture: "Image.Image") -> str:
    """The picture as a JPEG inside a data URI."""
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _image_note(answered: Answered) -> str:
    images = answered.case.record.images
    if len(images) == 1:
        return ""
    return f"image {answered.case.turn.image + 1} of {len(images)} ({answered.case.image.role})"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[:_LONGEST].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
