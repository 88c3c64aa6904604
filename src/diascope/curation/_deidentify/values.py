"""One element's value, kept, checked or replaced, by its value representation (PS3.5 6.2)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from diascope.curation._deidentify.dates import Shift, binned_age
from diascope.curation._deidentify.pseudonyms import Key
from diascope.curation._deidentify.words import is_known, is_number, is_orientation, known_words

if TYPE_CHECKING:
    from pydicom import DataElement

NUMBERS = frozenset(("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT", "US or SS"))
_NUMERALS = frozenset(("DS", "IS"))
_BULK = frozenset(("OB", "OW", "OF", "OD", "OL", "OV", "OB or OW", "US or OW", "US or SS or OW"))
_TEXT = frozenset(("LO", "SH", "ST", "LT", "UT", "UC"))
_MOST_BYTES = 8
_ORIENTATION = 0x00200020
_STANDARD_ROOT = "1.2.840.10008."
_DUMMIES = {
    **dict.fromkeys(("LO", "SH", "ST", "LT", "UT", "UC", "PN", "CS", "AE"), "REMOVED"),
    **dict.fromkeys(("DS", "IS"), "0"),
    **dict.fromkeys(("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"), 0),
    **dict.fromkeys(("OB", "OW", "OL", "OV", "OF", "OD"), bytes(8)),
    "DA": "19000101",
    "TM": "000000",
    "DT": "19000101000000",
    "AS": "000Y",
}


def each(element: "DataElement") -> list[Any]:
    """The values of an element, none for an empty one."""
    from pydicom.multival import MultiValue

    value = element.value
    if value is None or value in ("", b""):
        return []
    return list(value) if isinstance(value, MultiValue | list) else [value]


def replaced(element: "DataElement", value: Any) -> "DataElement":
    """The element with another value."""
    from pydicom import DataElement

    return DataElement(element.tag, element.VR, value)


def dummy(element: "DataElement", key: Key) -> "DataElement | None":
    """A value that is legal and says nothing; None where there is no such."""
    if element.VR == "UI":
        return new_uids(element, key)
    value = _DUMMIES.get(element.VR)
    return None if value is None else replaced(element, value)


def new_uids(element: "DataElement", key: Key) -> "DataElement":
    """The UIDs, each replaced unless the standard itself defines it."""
    return replaced(element, [_new_uid(str(value), key) for value in each(element)])


def kept(element: "DataElement") -> "DataElement | None":
    """The element as it is, but an age of more than 90 years."""
    if element.VR != "AS":
        return element
    return _all(element, lambda age: binned_age(str(age)))


def cleaned(element: "DataElement", shift: Shift, time: str) -> "DataElement | None":
    """A date or time moved, a text of known words alone; None where nothing is left.

    `time` is the TM value that belongs to a DA value.
    """
    match element.VR:
        case "DA":
            return _all(element, lambda date: shift.date(str(date), time))
        case "TM":
            return _all(element, lambda clock: shift.time(str(clock)))
        case "DT":
            return _all(element, lambda moment: shift.moment(str(moment)))
        case text if text in _TEXT:
            return _worded(element)
        case _:
            return None


def checked(element: "DataElement", key: Key, keeps_uids: bool) -> "DataElement | None":
    """The element if its values cannot name anybody, what is left of it, or None."""
    match element.VR:
        case "DS" | "IS" | "CS":
            return _checked_strings(element)
        case "UI":
            return element if keeps_uids else new_uids(element, key)
        case text if text in _TEXT:
            return _worded(element)
        case numbers if numbers in NUMBERS:
            return element if _is_short(element) else None
        case bulk if bulk in _BULK:
            return element
        case _:
            return None


def checked_number(element: "DataElement") -> "DataElement | None":
    """A private element if it holds numbers."""
    if element.VR in _NUMERALS:
        return _checked_strings(element)
    return element if element.VR in NUMBERS and _is_short(element) else None


def is_standard(uid: str) -> bool:
    """Whether the standard defines the UID (PS3.6 Annex A), so that it identifies nobody."""
    from pydicom.uid import UID

    return uid.startswith(_STANDARD_ROOT) and UID(uid).type != ""


def _checked_strings(element: "DataElement") -> "DataElement | None":
    if element.VR == "CS":
        known = is_orientation if element.tag == _ORIENTATION else is_known
        values = [str(value) for value in each(element) if known(str(value))]
        return replaced(element, values) if values or not each(element) else None
    return element if all(is_number(str(value)) for value in each(element)) else None


def _is_short(element: "DataElement") -> bool:
    """Whether it is numbers, not bytes that an ambiguous representation left unread."""
    return not isinstance(element.value, bytes) or len(element.value) <= _MOST_BYTES


def _worded(element: "DataElement") -> "DataElement | None":
    text = known_words(" ".join(map(str, each(element))))
    return replaced(element, text[: _LENGTHS.get(element.VR)]) if text else None


def _all(element: "DataElement", change: Callable[[Any], str | None]) -> "DataElement | None":
    """Every value changed; None if one cannot be."""
    values = [change(value) for value in each(element)]
    return None if None in values else replaced(element, values)


def _new_uid(uid: str, key: Key) -> str:
    clean = uid.strip(" \0")
    return clean if is_standard(clean) else key.uid(clean)


_LENGTHS = {"LO": 64, "SH": 16}
