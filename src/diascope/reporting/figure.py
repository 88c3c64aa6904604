"""One record as a picture for a document: the image with the answers, and the words beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.errors import InputError
from diascope.predictions import Invalid, Prediction
from diascope.records import Record
from diascope.reporting.overlay import REPLY, TRUTH, Colour, Stroke, font, line, overlay, shapes
from diascope.reporting.words import brief, task_words

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

_SIDE = 720
_PANEL = 620
_LONGEST = 4000
_MARGIN = 36
_PAPER, _INK, _SOFT, _STOP = (255, 255, 255), (26, 34, 48), (90, 102, 117), (168, 32, 26)
_QUESTION, _ANSWER, _SMALL = 24, 22, 18
_LINE = 1.35
_BETWEEN = 22


def prediction_figure(
    record: Record,
    predictions: Sequence[Prediction],
    image: NDArray[np.uint8],
    out_png: Path,
    include_restricted: bool = False,
) -> Path:
    """Draw the replies to some of a record's turns, with the truth, and write a PNG.

    `image` are the pixels, [height, width] or [height, width, 3], that the turns are about. What
    has a place is drawn in it; every question, truth and reply is written beside it. InputError for
    a restricted record, which must not leave the machine, unless `include_restricted`.
    """
    if record.restricted and not include_restricted:
        raise InputError(
            f"{record.id!r} is restricted: it is not drawn into a document; choose another record, "
            "or pass include_restricted=True and keep the picture on this machine"
        )
    drawn_sheet(record, predictions, image).save(out_png, "PNG", optimize=True)
    return out_png


def drawn_sheet(
    record: Record, predictions: Sequence[Prediction], image: NDArray[np.uint8]
) -> "Image.Image":
    """What `prediction_figure` writes, RGB; whether it may be kept is for the caller to know."""
    from PIL import Image, ImageDraw

    cases = record.cases()
    turns = [(cases[prediction.turn], prediction) for prediction in predictions]
    picture = overlay(
        image,
        [shape for case, _ in turns for shape in shapes(case.turn.answer)],
        [shape for _, prediction in turns for shape in shapes(prediction.answer)],
        side=_SIDE,
    )
    sheet = Image.new("RGB", (picture.width + _PANEL, _LONGEST), _PAPER)
    sheet.paste(picture)
    pen = _Pen(ImageDraw.Draw(sheet), picture.width + _MARGIN, _MARGIN)
    for case, prediction in turns:
        pen.write(task_words(case.turn.task), _SMALL, _SOFT)
        pen.write(case.turn.question, _QUESTION, _INK)
        if case.turn.answer is not None:
            pen.answer("truth", brief(case.turn.answer), TRUTH, _INK)
        invalid = isinstance(prediction.outcome, Invalid)
        said = prediction.text if prediction.answer is None else brief(prediction.answer)
        pen.answer("reply", said, REPLY, _STOP if invalid else _INK)
        pen.down(_BETWEEN)
    height = min(_LONGEST, max(picture.height, round(pen.y) + _MARGIN))
    return sheet.crop((0, 0, sheet.width, height))


class _Pen:
    """Writes lines downwards from a place on a sheet."""

    def __init__(self, draw: "ImageDraw.ImageDraw", x: float, y: float) -> None:
        self._draw, self._x, self.y = draw, x, y

    def write(self, text: str, size: int, colour: Colour, indent: int = 0) -> None:
        """The text in as many lines as it needs."""
        for row in _wrapped(text, size, _PANEL - 2 * _MARGIN - indent):
            self._draw.text((self._x + indent, self.y), row, fill=colour, font=font(size))
            self.down(size * _LINE)

    def answer(self, whose: str, text: str, stroke: Stroke, colour: Colour) -> None:
        """An answer, after the line that it is drawn with and whose it is."""
        y = self.y + _ANSWER * _LINE / 2
        line(self._draw, ((self._x, y), (self._x + 44, y)), stroke._replace(casing=0, width=5))
        self._draw.text((self._x + 60, self.y + 3), whose, fill=_SOFT, font=font(_SMALL))
        self.write(text, _ANSWER, colour, indent=116)

    def down(self, by: float) -> None:
        """Leave room."""
        self.y += by


def _wrapped(text: str, size: int, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font(size).getlength(longer) > width:
            yield line
            longer = word
        line = longer
    yield line
