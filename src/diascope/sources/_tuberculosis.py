"""What the sets about tuberculosis share: the question, and the layout of the two NLM sets.

Both NLM sets, Shenzhen and Montgomery, tell the label by the last digit of a file's name, and a
consensus of two radiologists by a table of boxes, of which an image may have several or none:
only some of the images were annotated.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from diascope.answers import Box
from diascope.geometry import Size
from diascope.records import Turn
from diascope.sources import turns
from diascope.sources.folder import Folder, Line, Unreadable, number
from diascope.sources.source import Problem

IMAGES = "CXR_png/*.png"
_FRAME = 1024
"""Width and height of the resized copy that the consensus was drawn on."""
_CORNERS = ("x_dis", "y_dis", "width_dis", "height_dis")
_LABEL, _MOST = "TB", 32
_DIGITS = {"0": "no", "1": "yes"}


def tuberculosis(answer: str | None) -> Turn:
    """Whether there is any: yes, no, or withheld."""
    return turns.which("Is there tuberculosis?", turns.YES_NO, answer)


def by_digit(stem: str) -> str:
    """yes or no by what follows the last underscore of a file's name."""
    digit = stem.rpartition("_")[2]
    if digit not in _DIGITS:
        raise Unreadable("its name ends neither in _0 (normal) nor in _1 (tuberculosis)")
    return _DIGITS[digit]


def reading_of(stem: str) -> str:
    """The file of an image's clinical reading."""
    return f"ClinicalReadings/{stem}.txt"


def reading(folder: Folder, stem: str) -> list[str]:
    """The lines of a clinical reading without those that are empty."""
    text = folder.text(reading_of(stem))
    return [line.strip() for line in text.splitlines() if line.strip()]


class Consensus:
    """The table of boxes, by the name of the image; a copy of a set may lack it."""

    def __init__(self, folder: Folder, table: str) -> None:
        self._table = table
        self._rows: Mapping[str, list[Line]] = defaultdict(list)
        for line in folder.table(table, ("patientId", *_CORNERS)) if folder.has(table) else ():
            self._rows[Path(line["patientId"]).stem].append(line)

    def turns(self, stem: str, size: Size) -> Iterator[Turn]:
        """A detection where the image has boxes, or is normal and so has none."""
        boxes = [_box(line, size) for line in self._rows.get(stem, ())]
        if boxes or by_digit(stem) == "no":
            yield turns.find("sign of tuberculosis", (_LABEL,), boxes, _MOST)

    def strays(self, stems: Collection[str]) -> Iterator[Problem]:
        """The rows about images that are not there."""
        known = set(stems)
        for stem, lines in self._rows.items():
            for line in lines if stem not in known else ():
                yield Problem(file=self._table, row=line.number, reason="its image is missing")


def _box(line: Line, size: Size) -> Box:
    """From the frame of the resized copy, which is square whatever the image is."""
    x, y, width, height = (number(line[column], column) for column in _CORNERS)
    across, down = size.width / _FRAME, size.height / _FRAME
    return Box(
        label=_LABEL,
        x0=x * across,
        y0=y * down,
        x1=(x + width) * across,
        y1=(y + height) * down,
    )
