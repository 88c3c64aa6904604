"""radialog: RaDialog's instructions, conversations about radiographs of MIMIC-CXR-JPG.

    radialog-instruct-dataset/mimic_cxr_instruct_llava_v2.json (1.1.0: a list of conversations)
    radialog-instruct-dataset/mimic_cxr_instruct_stratified.json (1.0.0: one prompt and its output)
    mimic-cxr-jpg/mimic-cxr-2.0.0-split.csv.gz   mimic-cxr-jpg/files/p10/p10999951/s.../....jpg

The set has no images: MIMIC-CXR-JPG lies beside it, and its table of splits says where an image is
and whose. A record is one entry. In 1.1.0 it has a turn for every answer, save that the first
answer of a correction (CO) is a report with a mistake, and in 1.0.0, which does not tell what an
entry is, any earlier answer may be one: these are texts that come with the image, never targets.
Reports (RG) and whole entries repeat, and one image has many of them. Splits are MIMIC-CXR's. Most
answers were written by a language model out of a report.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources._lookup import Lookup, Told
from diascope.sources._radialog import Entry, conversation, prompt
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_SET, _MIMIC = "radialog-instruct-dataset", "mimic-cxr-jpg"
_CONVERSATIONS = f"{_SET}/mimic_cxr_instruct_llava_v2.json"
_PROMPTS = f"{_SET}/mimic_cxr_instruct_stratified.json"
_SPLITS = f"{_MIMIC}/mimic-cxr-2.0.0-split.csv"
_COLUMNS = ("dicom_id", "study_id", "subject_id", "split")
_SPLIT_NAMES = {"train": "train", "validate": "val", "test": "test"}


class _Picture(NamedTuple):
    """Where MIMIC-CXR has an image, and whose it is."""

    patient: str
    study: str
    split: str

    def path(self, dicom: str) -> str:
        return f"{_MIMIC}/files/{self.patient[:3]}/{self.patient}/{self.study}/{dicom}.jpg"


Parse = Callable[[Any], Entry]


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    forms = {name: parse for name, parse in _FORMS.items() if folder.has(name)}
    if not forms:
        raise InputError(f"{root}: neither {_CONVERSATIONS} nor {_PROMPTS} is in it")
    pictures = _pictures(folder)
    for file, parse in forms.items():
        entries = folder.json(file)
        if not isinstance(entries, list):
            raise InputError(f"{file}: it is no list of entries; copy the file again")
        for number, entry in enumerate(entries, start=1):
            key = f"{Path(file).stem}/{number}"
            yield from folder.records(file, number, _records, folder, pictures, key, parse, entry)


def _pictures(folder: Folder) -> Lookup[_Picture]:
    """The patient, study and split of every image of MIMIC-CXR."""
    return Lookup(
        (line["dicom_id"], Told(_SPLITS, line.number, _picture(line)))
        for line in folder.table(_SPLITS, _COLUMNS)
    )


def _picture(line: Line) -> _Picture:
    return _Picture(f"p{line['subject_id']}", f"s{line['study_id']}", line["split"])


def _records(
    folder: Folder, pictures: Lookup[_Picture], key: str, parse: Parse, given: Any
) -> Iterator[Record]:
    entry = parse(given)
    picture = pictures.get(entry.dicom)
    if picture is None:
        raise Unreadable(f"its image is not in {_SPLITS}")
    if picture.split not in _SPLIT_NAMES:
        raise Unreadable(f"its image's split in {_SPLITS} is unknown: {picture.split[:40]!r}")
    yield Record(
        id=key,
        dataset="radialog",
        patient=picture.patient,
        study=picture.study,
        split=_SPLIT_NAMES[picture.split],
        images=(folder.image(picture.path(entry.dicom)),),
        turns=entry.turns,
        context=entry.context,
        licence=SOURCE.licence,
        restricted=True,
        metadata={"task": entry.task} if entry.task else {},
    )


_FORMS: Mapping[str, Parse] = MappingProxyType({_CONVERSATIONS: conversation, _PROMPTS: prompt})

SOURCE = Source(
    name="radialog",
    about="RaDialog: conversations about radiographs of MIMIC-CXR, two releases",
    read=_read,
    marks=(f"{_SET}/mimic_cxr_instruct_*.json",),
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    restricted=True,
    derived_from="mimic_cxr",
    witnesses=(
        "https://physionet.org/content/radialog-instruct-dataset/1.1.0/",
        "https://physionet.org/content/radialog-instruct-dataset/1.0.0/",
        "https://github.com/ChantalMP/RaDialog/blob/b3417e5f7916a99dafc6c7a3a866b190d0ba7d8d/"
        "data/instruct_tasks.py",
    ),
)
