"""Text burned into pixels: which images are suspected of it, and what tesseract reads in them.

BurnedInAnnotation is absent or wrong too often to be believed when it says NO, so the kind of image
decides who is suspected. A suspect passes only if the tesseract program is there and reads nothing
in it but words of the vocabulary (a side marker, a view); without the program no suspect passes.
"""

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diascope.curation._deidentify.files import Unfit
from diascope.curation._deidentify.words import is_known
from diascope.imaging.decode import ImageError
from diascope.imaging.sandbox import Item, Sandbox

if TYPE_CHECKING:
    from pydicom import Dataset

_PLAIN = frozenset(("CR", "CT", "DX", "IO", "MG", "MR", "NM", "PT", "SEG"))
"""Modalities whose machines keep text out of the pixels; every other is suspected."""
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_MAX_FRAMES = 32
_TIMEOUT_S = 60
_MIN_CONFIDENCE = 50
_MIN_LETTERS = 3
_SMALL_PX, _MOST_TIMES = 1600, 3


@dataclass(frozen=True)
class Ocr:
    """The tesseract program."""

    program: str
    version: str

    def words(self, pixels: NDArray[np.uint8]) -> list[str]:
        """The words that it reads in a picture [height, width] or [height, width, 3].

        Unfit where it fails or takes longer than a minute.
        """
        image = Image.fromarray(pixels)
        times = min(_MOST_TIMES, 1 + _SMALL_PX // max(image.size))
        image = image.resize((image.width * times, image.height * times), Image.Resampling.BICUBIC)
        with io.BytesIO() as buffer:
            image.save(buffer, "PNG", compress_level=1)
            table = _output([self.program, *_ARGUMENTS], buffer.getvalue())
        rows = (line.split("\t") for line in table.splitlines()[1:])
        return [row[11] for row in rows if len(row) == 12 and float(row[10]) >= _MIN_CONFIDENCE]


def find_ocr() -> Ocr | None:
    """The installed tesseract, if there is one that runs."""
    program = shutil.which("tesseract")
    try:
        return Ocr(program, _output([program, "--version"]).split("\n")[0]) if program else None
    except Unfit:
        return None


def is_suspect(dataset: "Dataset") -> bool:
    """Whether images of this kind come with text in their pixels."""
    return (
        str(dataset.get("Modality", "")).strip() not in _PLAIN
        or str(dataset.get("SOPClassUID", "")).startswith(_SECONDARY_CAPTURE)
        or bool(dataset.get("ConversionType"))
        or "SECONDARY" in str(dataset.get("ImageType", ""))
    )


class TextGate:
    """Lets images through that show no text, as far as it can tell."""

    def __init__(self, ocr: Ocr | None, looks_at_all: bool) -> None:
        self._ocr = ocr
        self._looks_at_all = looks_at_all
        self._sandbox = Sandbox()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sandbox.close()

    def check(self, path: Path, dataset: "Dataset") -> bool:
        """Unfit where the pixels show text, or may and cannot be looked at; whether they were."""
        if str(dataset.get("BurnedInAnnotation", "")).strip().upper() == "YES":
            raise Unfit("says itself that text is burned into its pixels")
        if not is_suspect(dataset) and not (self._looks_at_all and self._ocr):
            return False
        if self._ocr is None:
            raise Unfit("of a kind that often shows text, and tesseract is not there to look")
        for pixels in self._frames(path, dataset):
            if any(map(_tells, self._ocr.words(pixels))):
                raise Unfit("tesseract reads text in its pixels")
        return True

    def _frames(self, path: Path, dataset: "Dataset") -> Iterator[NDArray[np.uint8]]:
        """At most 32 frames, evenly spread from the first to the last, as a viewer shows them."""
        try:
            count = int(dataset.get("NumberOfFrames") or 1)
            picked = np.linspace(0, count - 1, min(count, _MAX_FRAMES)).astype(int)
            data = path.read_bytes()
            for frame in sorted(set(picked.tolist())):
                yield self._sandbox.read(Item(data, "the image", frame))
        except (ImageError, TypeError, ValueError):
            raise Unfit("its pixels cannot be decoded to look for text in them") from None


def _tells(word: str) -> bool:
    """Whether a word that was read may name somebody."""
    letters = "".join(filter(str.isalnum, word))
    return len(letters) >= _MIN_LETTERS and not is_known(letters)


def _output(command: list[str], data: bytes = b"") -> str:
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - the program that PATH names, and no shell
            command, input=data, capture_output=True, timeout=_TIMEOUT_S, check=True,
            env=environment,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        raise Unfit("tesseract failed or took longer than a minute on it") from None
    return done.stdout.decode("utf-8", errors="replace")


_ARGUMENTS = ("stdin", "stdout", "--psm", "11", "-l", "eng", "tsv")
