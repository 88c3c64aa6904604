"""chest_imagenome: Chest ImaGenome, scene graphs of 242,072 frontal radiographs of MIMIC-CXR.

    silver_dataset/splits/train.csv   valid.csv   test.csv   images_to_avoid.csv
    silver_dataset/scene_graph/<dicom_id>_SceneGraph.json (unpacked from scene_graph.zip)
    gold_dataset/gold_bbox_coordinate_annotations_1000images.csv
    files/p10/p10999901/s59000003/0a1b2c3d-....jpg (not in the set: those of MIMIC-CXR-JPG)

A record is one image: where each region of its anatomy is, where the sentences of its report that
describe something are, whether a region is normal, what is and is not seen in it, view and sex;
why it was made is context. Graphs were made by machine from the report: a region without a box was
not found, a finding that is not named of a region is unknown, as is one both affirmed and denied,
and sentences that compare with another study are not asked. Boxes are the original_* ones, in
pixels of the JPEG file, cut at its edges (the others are in a padded 224 x 224 copy); some have no
area or lie outside, and are left out. An image that people boxed (gold) is told in the split test
with these boxes alone, wherever the tables have it; every other image to avoid is a problem.
The tables' paths end in .dcm. Link or copy the folder `files` of MIMIC-CXR-JPG beside the others.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from diascope.errors import InputError
from diascope.geometry import Rect
from diascope.records import Context, Image, Record, Turn
from diascope.sources import turns
from diascope.sources._imagenome.graph import CORNERS, inside, rect, sentences
from diascope.sources._imagenome.questions import (
    finding_turns,
    normal_turns,
    phrase_turns,
    region_turns,
)
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_LISTS = {"train": "train", "valid": "val", "test": "test"}
_SPLITS = "silver_dataset/splits"
_COLUMNS = ("subject_id", "study_id", "dicom_id", "path", "ViewPosition")
_GRAPHS = ("silver_dataset/scene_graph/scene_graph", "silver_dataset/scene_graph")
_GOLD = "gold_dataset/gold_bbox_coordinate_annotations_1000images.csv"
_VIEWS = ("PA", "AP")
_SEXES = {"F": "female", "M": "male"}


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    reader, listed = _Reader(folder), set[str]()
    for name, split in _LISTS.items():
        table = f"{_SPLITS}/{name}.csv"
        for line in folder.table(table, _COLUMNS):
            listed.add(line["dicom_id"])
            yield from folder.records(table, line.number, reader.records, line, split)
    yield from reader.strays(listed)


class _Reader:
    """Makes records of rows, knowing where graphs lie, and which images people boxed."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._graphs = _graphs(folder)
        self._gold = _gold(folder)
        avoided = folder.table(f"{_SPLITS}/images_to_avoid.csv", ("dicom_id",))
        self._avoided = {line["dicom_id"] for line in avoided}

    def records(self, line: Line, split: str) -> Iterator[Record]:
        """Of one row; Unreadable for an image to avoid that nobody boxed."""
        name = line["dicom_id"]
        if name in self._gold:
            yield self._boxed_by_people(line)
        elif name in self._avoided:
            raise Unreadable("the set itself leaves it out (images_to_avoid.csv)")
        else:
            yield self._made_by_machine(line, split)

    def strays(self, listed: Container[str]) -> Iterator[Problem]:
        """What people boxed in images that no table lists."""
        for name, lines in self._gold.items():
            for line in lines if name not in listed else ():
                why = f"its image is in no table of {_SPLITS}"
                yield Problem(file=_GOLD, row=line.number, reason=why)

    def _boxed_by_people(self, line: Line) -> Record:
        image = self._image(line)
        rows = self._gold[line["dicom_id"]]
        boxes = inside(_drawn(rows), image.size)
        return _record(line, "test", image, tuple(region_turns(boxes)))

    def _made_by_machine(self, line: Line, split: str) -> Record:
        name = f"{self._graphs}/{line['dicom_id']}_SceneGraph.json"
        self._folder.path(name)
        graph: Any = self._folder.json(name)
        image = self._image(line)
        drawn = {each["bbox_name"]: rect(each, "of a region") for each in graph["objects"]}
        boxes = inside(drawn, image.size)
        said = list(sentences(graph["attributes"]))
        asked = (
            *region_turns(boxes),
            *phrase_turns(said, boxes),
            *normal_turns(said),
            *finding_turns(said),
            *_view_turn(image),
            *turns.person(_SEXES.get(graph["gender"]), None),
        )
        return _record(line, split, image, asked, tuple(_reason(graph, line["study_id"])))

    def _image(self, line: Line) -> Image:
        path = f"{line['path'].removesuffix('.dcm')}.jpg"
        view = line["ViewPosition"] or None
        return self._folder.image(path, study=line["study_id"], view=view)


def _graphs(folder: Folder) -> str:
    """The folder of the graphs; InputError where they are still packed."""
    for name in _GRAPHS:
        if any((folder.root / name).glob("*_SceneGraph.json")):
            return name
    raise InputError(
        f"{folder.root / _GRAPHS[1]}: no *_SceneGraph.json is in it; unpack "
        "silver_dataset/scene_graph.zip there"
    )


def _gold(folder: Folder) -> Mapping[str, list[Line]]:
    """The rows of each image that people boxed."""
    found: dict[str, list[Line]] = defaultdict(list)
    if folder.has(_GOLD):
        for line in folder.table(_GOLD, ("image_id", "bbox_name", *CORNERS)):
            found[line["image_id"].removesuffix(".dcm")].append(line)
    return found


def _drawn(rows: Iterable[Line]) -> dict[str, Rect | None]:
    return {row["bbox_name"]: rect(row.cells, f"in row {row.number} of {_GOLD}") for row in rows}


def _record(
    line: Line, split: str, image: Image, asked: tuple[Turn, ...], context: tuple[Context, ...] = ()
) -> Record:
    if not asked:
        raise Unreadable("nothing is known of it that could be asked")
    return Record(
        id=line["dicom_id"],
        dataset="chest_imagenome",
        patient=line["subject_id"],
        study=line["study_id"],
        split=split,
        images=(image,),
        turns=asked,
        context=context,
        licence=SOURCE.licence,
        restricted=True,
    )


def _reason(graph: Any, study: str) -> Iterator[Context]:
    text = " ".join((graph["reason_for_exam"] or "").split())
    if text:
        yield Context(role="indication", text=text, study=study)


def _view_turn(image: Image) -> Iterator[Turn]:
    if image.view in _VIEWS:
        yield turns.which("Which view is it?", _VIEWS, image.view)


SOURCE = Source(
    name="chest_imagenome",
    about="Chest ImaGenome: regions of anatomy, sentences and findings in MIMIC-CXR's images",
    read=_read,
    marks=("silver_dataset/splits/images_to_avoid.csv", "silver_dataset/scene_graph*"),
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    restricted=True,
    derived_from="mimic_cxr",
    witnesses=(
        "https://github.com/ttanida/rgrg/blob/7816b47bbee1404cf0b4ea6c01b5eb64562b79e7/"
        "src/dataset/create_dataset.py",
        "https://github.com/f10409/RadHarmony/blob/ca30108e4b2235ec96254e0f8fc82fefd9e7a14f/"
        "radharmony/harmonizer/chest_imagenome/chest_imagenome.py",
        "https://physionet.org/content/chest-imagenome/1.0.0/",
    ),
    counts=MappingProxyType({"scene_graphs": 242_072, "gold_images": 1_000}),
)
