"""A dataset to the one that may be kept, and what was done to each attribute.

The new dataset is built from nothing: what no rule asks for is not in it.
"""

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from diascope.curation._deidentify import values
from diascope.curation._deidentify.dates import Shift
from diascope.curation._deidentify.files import PIXELS
from diascope.curation._deidentify.options import Options
from diascope.curation._deidentify.private import safe_tags
from diascope.curation._deidentify.profile import Action, Profile
from diascope.curation._deidentify.pseudonyms import Key
from diascope.curation._deidentify.words import meaning

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

_MODIFIED = {"shifted": "MODIFIED", "full": "UNMODIFIED", "removed": "REMOVED"}


class Rewritten(NamedTuple):
    """The dataset that may be kept, and what became of the attribute at each place."""

    dataset: "Dataset"
    changes: dict[str, str]


@dataclass(frozen=True)
class Rewriter:
    """Rewrites datasets under one key and one choice of options."""

    key: Key
    options: Options

    def rewrite(self, dataset: "Dataset", patient: str) -> Rewritten:
        """What may be kept of a file's dataset; `patient` is its PatientID."""
        shift = self.key.shift(patient, with_times=self.options.times == "shifted")
        work = _Rewriting(self.key, self.options, Profile(self.options), shift)
        clean = work.dataset(dataset, "")
        self._declare(clean, self.key.patient(patient))
        return Rewritten(clean, work.changes)

    def _declare(self, clean: "Dataset", pseudonym: str) -> None:
        """Say who it is now and by which methods (PS3.15 E.1.1; PS3.3 C.7.1.1, C.12.1)."""
        clean.SpecificCharacterSet = "ISO_IR 192"
        clean.PatientName = clean.PatientID = pseudonym
        clean.PatientIdentityRemoved = "YES"
        clean.DeidentificationMethod = "diascope, DICOM PS3.15 Annex E"
        clean.LongitudinalTemporalInformationModified = _MODIFIED[self.options.dates]
        codes = (_code(value, "DCM", told) for value, told in self.options.methods())
        clean.DeidentificationMethodCodeSequence = list(codes)


@dataclass(frozen=True)
class _Rewriting:
    """One file's: how far its dates move, and the changes as they are made."""

    key: Key
    options: Options
    profile: Profile
    shift: Shift
    changes: dict[str, str] = field(default_factory=dict)

    def dataset(self, source: "Dataset", place: str) -> "Dataset":
        """A dataset, of the file or of a sequence's item, rewritten."""
        from pydicom import Dataset

        clean, safe = Dataset(), safe_tags(source, self.options.safe_private)
        for tag in sorted(source.keys()):
            where = f"{place}{tag:08x}"
            try:
                element = source[tag]
            except Exception:  # hostile bytes raise anything when a value is made of them
                self.changes[where] = f"{Action.REMOVE} unreadable"
                continue
            kept = self._kept(element, source, where, self._action(element, place, tag in safe))
            if kept is not None:
                clean.add(kept)
        return clean

    def _action(self, element: "DataElement", place: str, is_safe: bool) -> Action:
        if element.tag.is_private:
            return Action.KEEP if is_safe else Action.REMOVE
        if place and element.keyword in PIXELS:
            return Action.REMOVE  # a picture within the picture, which the text gate never sees
        return self.profile.action(element.tag)

    def _kept(
        self, element: "DataElement", source: "Dataset", where: str, action: Action
    ) -> "DataElement | None":
        """What an action leaves, by the basic one where cleaning leaves nothing; noted."""
        kept = self._acted(action, element, source, where)
        if kept is None and action is Action.CLEAN:
            action = self.profile.basic(element.tag)
            kept = self._acted(action, element, source, where)
        self._note(where, Action.REMOVE if kept is None else action, element)
        return kept

    def _acted(
        self, action: Action, element: "DataElement", source: "Dataset", where: str
    ) -> "DataElement | None":
        """What an action leaves of an element."""
        if action is Action.REMOVE:
            return None
        if action is Action.EMPTY:
            return values.replaced(element, [] if element.VR == "SQ" else None)
        if element.tag.is_private and not element.tag.is_private_creator:
            return values.checked_number(element)
        if element.VR == "SQ":
            return self._sequence(element, where)
        return self._valued(action, element, source)

    def _valued(
        self, action: Action, element: "DataElement", source: "Dataset"
    ) -> "DataElement | None":
        match action:
            case Action.DUMMY:
                return values.dummy(element, self.key)
            case Action.UID:
                return values.new_uids(element, self.key)
            case Action.KEEP:
                return values.kept(element)
            case Action.CLEAN:
                return values.cleaned(element, self.shift, _time_of(element, source))
            case _:
                return values.checked(element, self.key, self.options.uids)

    def _sequence(self, element: "DataElement", where: str) -> "DataElement":
        """The items rewritten in their order; only those that are unknown codes go.

        An item that is left empty stays: functional groups stand for frames by their place.
        """
        places = ((item, f"{where}[{index}].") for index, item in enumerate(element.value))
        items = (self._item(item, place) for item, place in places)
        return values.replaced(element, [item for item in items if item is not None])

    def _item(self, item: "Dataset", place: str) -> "Dataset | None":
        clean = self.dataset(item, place)
        if "CodeValue" not in item:
            return clean
        value, scheme = _text(item, "CodeValue"), _text(item, "CodingSchemeDesignator")
        told = meaning(scheme, value)
        if told is None:
            return None
        clean.update(_code(value, scheme, told))
        for tag in ("00080100", "00080102", "00080104"):
            self.changes[f"{place}{tag}"] = Action.CHECK.value
        return clean

    def _note(self, where: str, action: Action, element: "DataElement") -> None:
        """Keep what was done; of a value that did not stay, a keyed digest."""
        digest = ""
        if element.VR != "SQ" and action not in (Action.KEEP, Action.CHECK):
            value = element.value
            text = hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)
            digest = f" {self.key.digest('value', text).hex()[:12]}"
        self.changes[where] = f"{action}{digest}"


def _code(value: str, scheme: str, told: str) -> "Dataset":
    from pydicom import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, told[:64]
    return code


def _text(dataset: "Dataset", keyword: str) -> str:
    try:
        return str(dataset.get(keyword, "")).strip()
    except Exception:  # hostile bytes raise anything when a value is made of them
        return ""


def _time_of(element: "DataElement", source: "Dataset") -> str:
    """The TM value that goes with a single DA value: StudyTime with StudyDate."""
    if element.VR != "DA" or element.VM != 1 or "Date" not in element.keyword:
        return ""
    return _text(source, element.keyword.replace("Date", "Time"))
