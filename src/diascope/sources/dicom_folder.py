"""dicom_folder: DICOM files in any tree of folders, as a disc or an export has them.

    DICOMDIR   PAT00001/ST000001/IM000001   anything/else.dcm

A record is one file: what kind of image it is, its view, and the patient's sex and age, each where
the header tells it. Files are known by their content, never by their names, and patients by their
PatientID, never by the folder; where it is empty, a study is a patient of its own. Other files, and
DICOM files without a picture (DICOMDIR, reports), are passed over. Of files with one SOPInstanceUID
the largest is read, as one that was cut short is smaller: a copy of it is passed over, another one
is a problem. Of several frames the first is shown. Ages are in years, whatever their unit was. A
name, a birth date and the like are not read.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from filecmp import cmp
from pathlib import Path
from typing import NamedTuple

from diascope.errors import InputError
from diascope.imaging.decode import read_header
from diascope.records import Image, Record, Turn
from diascope.sources import turns
from diascope.sources._age import years
from diascope.sources._elements import elements
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_KEYWORDS = ("SOPInstanceUID", "PatientID", "StudyInstanceUID", "PatientSex", "PatientAge", "Rows")
_PREFIX, _PREAMBLE = b"DICM", 128
_BARE = (b"\x02\x00", b"\x08\x00")
"""How old archives begin a file without a preamble: with an element of group 0002 or 0008."""
_SEXES = {"F": "female", "M": "male", "O": "other"}
_VIEWS = ("PA", "AP", "LATERAL")
_LATERAL = {"LL": "LATERAL", "RL": "LATERAL"}
_KINDS = {
    "CR": "radiograph",
    "DX": "radiograph",
    "RG": "radiograph",
    "CT": "CT",
    "MR": "MR",
    "US": "ultrasound",
    "MG": "mammogram",
    "XA": "angiogram",
    "RF": "fluoroscopy",
    "NM": "scintigram",
    "PT": "PET",
    "ES": "endoscopy",
    "OP": "ophthalmic photograph",
    "OPT": "optical coherence tomogram",
    "IO": "dental radiograph",
    "PX": "dental radiograph",
    "GM": "micrograph",
    "SM": "micrograph",
    "XC": "photograph",
}
"""Modality (PS3.3 C.7.3.1.1.1) in words; of any other the kind is not asked."""


class _File(NamedTuple):
    """A file with a picture, and what its header tells of the patient."""

    name: str
    size: int
    told: Mapping[str, str]


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    instances: dict[str, list[_File]] = defaultdict(list)
    damaged: list[Problem] = []
    for name in folder.names("**/*"):
        try:
            file = _picture(folder.path(name), name)
        except (Unreadable, OSError) as error:
            damaged.append(Problem(file=name, reason=_why(error)))
            continue
        if file:
            instances[file.told["SOPInstanceUID"] or name].append(file)
    if not instances:
        raise InputError(f"{root}: no DICOM file with a picture is in it")
    yield from damaged
    for files in instances.values():
        yield from _instance(folder, files)


def _picture(path: Path, name: str) -> _File | None:
    """The file, where it is DICOM and has a picture."""
    if not _is_dicom(path):
        return None
    told = elements(path, _KEYWORDS)
    return _File(name, path.stat().st_size, told) if told["Rows"] else None


def _why(error: Exception) -> str:
    return f"cannot be opened ({error.strerror})" if isinstance(error, OSError) else str(error)


def _instance(folder: Folder, files: list[_File]) -> Iterator[Record | Problem]:
    """The record of one instance, and a problem for each file that claims to be it and differs."""
    largest, *others = sorted(files, key=lambda file: -file.size)
    yield from folder.records(largest.name, None, _records, folder, largest)
    for other in others:
        if not cmp(folder.path(largest.name), folder.path(other.name), shallow=False):
            why = f"another file has its SOPInstanceUID and is larger, or differs: {largest.name}"
            yield Problem(file=other.name, reason=why)


def _records(folder: Folder, file: _File) -> Iterator[Record]:
    header = read_header(folder.path(file.name))
    view = _LATERAL.get(header.view_position or "", header.view_position)
    told, unique = file.told, file.told["SOPInstanceUID"] or file.name
    study = told["StudyInstanceUID"] or unique
    asked = tuple(_turns(_KINDS.get(header.modality or ""), view, told))
    if not asked:
        raise Unreadable("its header tells nothing that could be asked")
    image = Image(
        path=file.name,
        width=header.size.width,
        height=header.size.height,
        view=view,
        frame_index=0 if header.frames > 1 else None,
        spacing_mm=header.spacing_mm,
    )
    yield Record(
        id=unique,
        dataset="dicom_folder",
        patient=told["PatientID"] or study,
        study=study,
        split="",
        images=(image,),
        turns=asked,
    )


def _turns(kind: str | None, view: str | None, told: Mapping[str, str]) -> Iterator[Turn]:
    if kind:
        options = tuple(dict.fromkeys(_KINDS.values()))
        yield turns.which("What kind of image is it?", options, kind)
    if view in _VIEWS:
        yield turns.which("Which view is it?", _VIEWS, view)
    age = years(told["PatientAge"]) if told["PatientAge"] else None
    yield from turns.person(_SEXES.get(told["PatientSex"]), age, tuple(_SEXES.values()))


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(_PREAMBLE + len(_PREFIX))
    return start[_PREAMBLE:] == _PREFIX or start.startswith(_BARE)


SOURCE = Source(
    name="dicom_folder",
    about="DICOM files in any folders: kind of image, view, sex and age out of the headers",
    read=_read,
    marks=("DICOMDIR",),
    licence="a layout",
    witnesses=(
        "https://dicom.nema.org/medical/dicom/current/output/chtml/part10/chapter_7.html",
        "https://fo-dicom.github.io/stable/v4/api/Dicom.Imaging.PhotometricInterpretation.html",
    ),
)
