"""jsrt: JSRT's 247 chest films with and without a lung nodule, and SCR's masks of their organs.

    nodules-in-chest-xrays-jsrt/jsrt_metadata.csv
    nodules-in-chest-xrays-jsrt/images/images/JPCLN001.png (nodule) ... JPCNN001.png (none)
    scratch/{fold1,fold2}/masks/{left lung,...}/JPCLN001.gif   All247images/JPCLN001.IMG

A record is one film, a patient's only one: nodule or not and its box, malignancy, subtlety, size,
place and diagnosis, sex and age, and the organs that SCR outlined. `size` is the nodule's greatest
diameter in millimetres, of which a pixel has 0.175; the box is the square of it round the centre.
The place is given in pixels of the film, which the PNG files keep. The original IMG files are
16-bit pixels without a header, which no decoder can know: a film that has no PNG is a Problem. No
split is published.
"""

from collections.abc import Container, Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.answers import Box
from diascope.errors import InputError, nearest
from diascope.expectations import Range
from diascope.geometry import Size
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._scr import Masks, organ_masks, organs
from diascope.sources.folder import Folder, Line, Unreadable, number
from diascope.sources.source import Problem, Source

_TOP = "nodules-in-chest-xrays-jsrt"
_TABLE, _IMAGES = f"{_TOP}/jsrt_metadata.csv", f"{_TOP}/images/images"
_RAW = "All247images/*.IMG"
_ABOUT_ALL = ("study_id", "age", "gender", "state")
_ABOUT_NODULES = ("subtlety", "size", "x", "y", "position", "diagnosis")
_NODULE = "nodule"
_KINDS = ("malignant", "benign")
_STATES = (*_KINDS, "non-nodule")
SUBTLETIES = ("extremely subtle", "very subtle", "subtle", "relatively obvious", "obvious")
"""As the set numbers them, from 1."""
_SIZES = Range(low=0, high=100, unit="mm")
_PIXEL_MM = 0.175
_UNKNOWN = ("", "?")


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    raw = folder.names(_RAW)
    if not raw and not folder.has(_TABLE):
        raise InputError(f"{root}: neither {_TABLE} nor {_RAW} is in it; name the folder above")
    if folder.has(_TABLE):
        masks, films = organ_masks(folder), set()
        for line in folder.table(_TABLE, _ABOUT_ALL + _ABOUT_NODULES):
            films.add(_film(line))
            yield from folder.records(_TABLE, line.number, _records, folder, masks, line)
        yield from _strays(masks, films)
    yield from _unreadable(raw, folder.names(f"{_IMAGES}/*.png"))


def _film(line: Line) -> str:
    return Path(line["study_id"]).stem


def _strays(masks: Masks, films: Container[str]) -> Iterator[Problem]:
    """The masks of films that the table does not have."""
    for (_, film), name in masks.items():
        if film not in films:
            yield Problem(file=name, reason=f"its film is not in {_TABLE}")


def _unreadable(raw: list[str], readable: list[str]) -> Iterator[Problem]:
    """The films that are there in their original form alone."""
    known = {Path(name).stem for name in readable}
    why = f"16-bit pixels without a header cannot be decoded; put the film as PNG into {_IMAGES}"
    yield from (Problem(file=name, reason=why) for name in raw if Path(name).stem not in known)


def _records(folder: Folder, masks: Masks, line: Line) -> Iterator[Record]:
    film = _film(line)
    image = folder.image(f"{_IMAGES}/{line['study_id']}", view="PA")
    yield Record(
        id=film,
        dataset="jsrt",
        patient=film,
        study=film,
        split="",
        images=(image,),
        turns=(
            *turns.person(_sex(line), _age(line)),
            *_nodule(line, image.size),
            *organs(folder, masks, film, image.size),
        ),
        licence=SOURCE.licence,
    )


def _sex(line: Line) -> str:
    sex = line["gender"].lower()
    if sex not in turns.SEXES:
        raise Unreadable(f"gender is none of {', '.join(turns.SEXES)}")
    return sex


def _age(line: Line) -> float | None:
    return None if line["age"] in _UNKNOWN else number(line["age"], "age")


def _nodule(line: Line, size: Size) -> Iterator[Turn]:
    state = line["state"]
    if state not in _STATES:
        raise Unreadable(f"unknown state {state!r}{nearest(state, _STATES)}")
    is_there = state in _KINDS
    boxes = [_box(line, size)] if is_there else []
    yield turns.findings({_NODULE: "present" if is_there else "absent"})
    yield turns.find(_NODULE, (_NODULE,), boxes, limit=1)
    if is_there:
        yield turns.which("Is the nodule malignant or benign?", _KINDS, state)
        yield turns.which("How subtle is the nodule?", SUBTLETIES, _subtlety(line["subtlety"]))
        yield turns.how_much("How large is the nodule?", number(line["size"], "size"), _SIZES)
        yield from _words(line)


def _words(line: Line) -> Iterator[Turn]:
    if line["position"]:
        yield turns.question("Where in the lungs does the nodule lie?", line["position"])
    if line["diagnosis"]:
        yield turns.question("What is the diagnosis of the nodule?", line["diagnosis"])


def _subtlety(cell: str) -> str:
    if cell not in {str(grade) for grade in range(1, 1 + len(SUBTLETIES))}:
        raise Unreadable(f"subtlety is none of 1 to {len(SUBTLETIES)}: {cell[:40]!r}")
    return SUBTLETIES[int(cell) - 1]


def _box(line: Line, size: Size) -> Box:
    """The square round the centre with the diameter as its side, cut at the edge of the image."""
    x, y = number(line["x"], "x"), number(line["y"], "y")
    radius = number(line["size"], "size") / _PIXEL_MM / 2
    if not (0 <= x < size.width and 0 <= y < size.height):
        raise Unreadable(f"the nodule lies outside of the image, at {x:g}, {y:g}")
    return Box(
        label=_NODULE,
        x0=max(x - radius, 0),
        y0=max(y - radius, 0),
        x1=min(x + radius, size.width),
        y1=min(y + radius, size.height),
    )


SOURCE = Source(
    name="jsrt",
    about="JSRT: lung nodules boxed, malignancy, sex and age, and SCR's outlines of organs",
    read=_read,
    marks=(_TABLE,),
    licence="JSRT and SCR: research use after registration",
    witnesses=(
        "https://github.com/farhanxaidi/Programming_for_Big_Data/tree/"
        "72b37d1fadfa48a43ba363a34e39640385a1c4c2",
        "http://db.jsrt.or.jp/eng.php",
    ),
    counts=MappingProxyType(
        {"images": 247, "patients": 247, "nodules": 154, "malignant": 100, "benign": 54}
    ),
)
