"""A patient's age as files spell it."""

import re

from diascope.sources.folder import Unreadable

_SPELLING = re.compile(r"(\d+(?:\.\d+)?)\s*([YMWD]?)")
_PER_YEAR = {"": 1.0, "Y": 1.0, "M": 12.0, "W": 365.25 / 7, "D": 365.25}


def years(text: str) -> float:
    """Years of a DICOM Age String (PS3.5 section 6.2: 058Y, 011M, 002W, 004D), or of a bare number.

    Public sets leave the unit out where they mean years. Unreadable for any other spelling, which
    is not repeated: it may be a birth date.
    """
    spelt = _SPELLING.fullmatch(text.strip().upper())
    if spelt is None:
        raise Unreadable("the age is neither a number nor a number with Y, M, W or D")
    return float(spelt[1]) / _PER_YEAR[spelt[2]]
