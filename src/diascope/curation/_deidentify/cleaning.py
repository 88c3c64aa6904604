"""One DICOM file rewritten and searched: what must have been done to it, whoever asks for it."""

from pathlib import Path
from typing import TYPE_CHECKING

from diascope.curation._deidentify import files
from diascope.curation._deidentify.files import Unfit
from diascope.curation._deidentify.rewrite import Rewriter
from diascope.curation._deidentify.scan import Needles

if TYPE_CHECKING:
    from pydicom import FileDataset


class Leaked(Unfit):
    """Something that identifies somebody was found in the written file."""


def write_clean(
    dataset: "FileDataset", place: Path, rewriter: Rewriter, sought: Needles
) -> dict[str, str]:
    """Write what may be kept, and search it as it was written; what became of each attribute.

    `sought` is taken of the dataset before. Leaked where it is found; the file is there then.
    """
    clean, changes = rewriter.rewrite(dataset, str(dataset.PatientID))
    files.write(clean, dataset, place)
    if found := sought.leaks(files.read(place), place.read_bytes()):
        raise Leaked("\n".join(f"leak: {leak}" for leak in found))
    return changes
