"""Elements of a DICOM file as text, whatever is wrong with them.

Values are taken as bytes, since headers break the rules of their elements and pydicom warns about
those and logs them, patient and all.
"""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

from diascope.sources.folder import Unreadable

# pydicom logs the values that it cannot read, and those may be a patient's
logging.getLogger("pydicom").propagate = False


def elements(path: Path, keywords: Sequence[str]) -> dict[str, str]:
    """The text of each element, empty where it is missing; Unreadable where the file is damaged.

    Latin-1 keeps identifiers apart, whatever alphabet they are in.
    """
    from pydicom import dcmread

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = dcmread(path, stop_before_pixels=True, specific_tags=[*keywords], force=True)
            # an element without a value is converted here, whatever is asked of it
            found = {keyword: dataset.get_item(keyword) for keyword in keywords}
        except Exception as error:  # hostile bytes raise anything
            raise Unreadable(f"its header is damaged ({type(error).__name__})") from None
    return {keyword: _text(getattr(item, "value", None)) for keyword, item in found.items()}


def _text(value: object) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else ""
    return text.strip(" \0")
