"""openi: Open-i's chest radiographs of Indiana University, 3,955 reports and 7,470 images.

    ecgen-radiology/1.xml ... 3999.xml   NLMCXR_png/CXR1_1_IM-0001-3001.png ...

A record is one report with its images: findings and impression where the report has them,
indication and comparison as context. A report's number is the only key of a person. The files do
not tell frontal from lateral views; neither does the order of the images or the end of a name.
About a hundred reports have no image, and each is a problem. XXXX stands for removed words, many of
them harmless, inside words too: a model learns to write it. MeSH terms tell what a report indexes
and are not asked: a heading alone is no finding ("Lung/hyperdistention/mild"). There is no split.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from xml.etree.ElementTree import Element

from diascope.errors import InputError
from diascope.records import Image, Record
from diascope.sources._reports import Sections, report_context, report_turns, single_spaced
from diascope.sources._studies import Place, something, study_image
from diascope.sources._xml import read_xml
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Download, Problem, RemoteFile, Source

_REPORTS, _IMAGES = "ecgen-radiology", "NLMCXR_png"


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    names = folder.names(f"{_REPORTS}/*.xml")
    if not names:
        raise InputError(f"{root}: no report is in it; expected {_REPORTS}/1.xml and others")
    for name in names:
        yield from folder.records(name, None, _records, folder, name)


def _records(folder: Folder, name: str) -> Iterator[Record]:
    report = read_xml(folder, name)
    study = _study(report)
    images = tuple(_images(folder, report, study))
    if not images:
        raise Unreadable("it names no image")
    told = _sections(report)
    yield Record(
        id=study,
        dataset="openi",
        patient=study,
        study=study,
        split="",
        images=images,
        turns=something(report_turns(told)),
        context=tuple(report_context(told, study)),
        licence=SOURCE.licence,
    )


def _study(report: Element) -> str:
    number = report.find("uId")
    study = "" if number is None else number.get("id", "").strip()
    if not study:
        raise Unreadable("it has no uId with an id")
    return study


def _images(folder: Folder, report: Element, study: str) -> Iterator[Image]:
    for parent in report.iter("parentImage"):
        path = f"{_IMAGES}/{parent.get('id', '').strip()}.png"
        yield study_image(folder, Place(study, study, path, None))


def _sections(report: Element) -> Sections:
    return single_spaced(
        {
            section.get("Label", "").strip().lower(): "".join(section.itertext())
            for section in report.iter("AbstractText")
        }
    )


SOURCE = Source(
    name="openi",
    about="Open-i (Indiana University): reports by section of frontal and lateral radiographs",
    read=_read,
    marks=(f"{_REPORTS}/*.xml", _IMAGES),
    licence="CC BY-NC-ND 4.0",
    patient_spelling=r"(?:CXR)?(\d+)",
    witnesses=(
        "https://github.com/mlmed/torchxrayvision/blob/00ebc956ba1593f1a3f4e021d3ed58d3fef6f183/"
        "torchxrayvision/datasets.py",
        "https://github.com/f10409/RadHarmony/blob/3510946afd2b4e54760c5eede1ede89114885767/"
        "radharmony/harmonizer/openi_cxr.py",
        "https://github.com/criticaldata/benchmaxxing/blob/"
        "21cf26035ae7c0b846f6a133687c99cf85e1a3ba/tests/test_openi_adapter.py",
    ),
    download=Download(
        files=(
            RemoteFile(
                name="NLMCXR_reports.tgz",
                url="https://openi.nlm.nih.gov/imgs/collections/NLMCXR_reports.tgz",
            ),
            RemoteFile(
                # the images lie in no folder of their own in it
                name=f"{_IMAGES}/NLMCXR_png.tgz",
                url="https://openi.nlm.nih.gov/imgs/collections/NLMCXR_png.tgz",
            ),
        )
    ),
    counts=MappingProxyType({"images": 7470, "reports": 3955}),
)
