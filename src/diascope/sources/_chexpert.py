"""The fourteen labels of CheXpert, and how tables of that kind write them.

Irvin et al., AAAI 2019, section 3: 1 is positive, 0 negative, -1 uncertain, and an empty cell says
that a report does not mention it, which is unknown. "No Finding" is a label of its own: it may
stand beside "Support Devices".
"""

from collections.abc import Iterator, Mapping

from diascope.answers import Status
from diascope.records import Turn
from diascope.sources import turns
from diascope.sources._age import years
from diascope.sources._studies import Study
from diascope.sources.folder import Unreadable, number

FINDINGS = (
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)
SEXES = {"Female": "female", "Male": "male", "Unknown": None, "": None}
_STATUSES: Mapping[float, Status] = {1: "present", 0: "absent", -1: "uncertain"}


def findings_turn(cells: Mapping[str, object]) -> Iterator[Turn]:
    """Those that `known_cells` found; no turn where it found none."""
    if cells:
        yield turns.findings({label: _status(label, cell) for label, cell in cells.items()})


def known_cells(cells: Mapping[str, object]) -> dict[str, object]:
    """The cells of the fourteen that are neither empty nor null, as they are written."""
    return {label: cells[label] for label in FINDINGS if cells.get(label) not in (None, "")}


def study_cells(study: Study) -> dict[str, object]:
    """The labels that each row of a study repeats."""
    return known_cells({label: study.agreed(label) for label in FINDINGS})


def person_turns(study: Study, sex: str, age: str) -> Iterator[Turn]:
    """Sex and age in years, by the names of their columns; an age of 0 stands for none."""
    told = study.agreed(sex)
    if told not in SEXES:
        raise Unreadable(f"its {sex} is none of {', '.join(filter(None, SEXES))}")
    yield from turns.person(SEXES[told], years(study.agreed(age) or "0") or None)


def _status(label: str, cell: object) -> Status:
    value = number(str(cell), label)
    if value not in _STATUSES:
        raise Unreadable(f"{label} is {value:g}; expected 1, 0, -1 or nothing")
    return _STATUSES[value]
