"""Values that cannot name anybody: numbers, words of the vocabulary, codes of the dictionaries."""

import re
from functools import cache

from diascope.curation._deidentify.profile import terms

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ORIENTATION = re.compile(r"[APLRHF]{1,3}")
_SCHEMES = ("DCM", "SCT", "UCUM", "RADLEX", "FMA")


def is_number(text: str) -> bool:
    """Whether a DS or IS value is a number and nothing else."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_orientation(text: str) -> bool:
    """Whether it is a direction of the patient, such as L or AFR (PS3.3 C.7.6.1.1.1)."""
    return _ORIENTATION.fullmatch(text.strip()) is not None


def is_known(text: str) -> bool:
    """Whether every word of it is in the vocabulary."""
    return all(word.upper() in terms() for word in _WORD.findall(text)) and text.isascii()


def known_words(text: str) -> str:
    """The words of it that are in the vocabulary, in capitals, a space between them."""
    found = (word.upper() for word in _WORD.findall(text))
    return " ".join(word for word in found if word in terms())


def meaning(scheme: str, value: str) -> str | None:
    """What a code means by the dictionary of PS3.16; None for one that is not in it.

    The file's own meaning is free text and never believed.
    """
    if scheme == "SRT":
        scheme, value = "SCT", _former().get(value, "")
    return _meanings().get((scheme, value))


@cache
def _meanings() -> dict[tuple[str, str], str]:
    from pydicom.sr.codedict import Collection

    codes = (code for scheme in _SCHEMES for code in Collection(scheme).concepts.values())
    return {(code[1], code[0]): code[2] for code in codes if code[2].isascii()}


@cache
def _former() -> dict[str, str]:
    """SNOMED RT identifiers, which older files use, to SNOMED CT ones."""
    # the mapping has no public name; Code compares by it but does not tell it
    from pydicom.sr._snomed_dict import mapping

    return dict(mapping["SRT"])
