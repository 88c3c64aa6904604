"""qata_cov19: QaTa-COV19 v2, 9,258 chest radiographs of patients with COVID-19, infection drawn.

    QaTa-COV19-v2/{Train Set,Test Set}/Images/sub-S09345_ses-E18242_run-1_bp-chest_vp-pa_dx.png
    QaTa-COV19-v2/{Train Set,Test Set}/Ground-truths/mask_sub-S09345_ses-E18242_...png

A record is one image: COVID-19, which every image has, its regions outlined and boxed, and the
view where the name tells it (`vp-ap`). `sub-` and `ses-` are patient and study; `covid_12.png`
tells neither, is its own patient, and is COVID-QU-Ex's image again. The last part of a name (dx,
cr) is the modality. Splits are the published folders; there is no validation part.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from diascope.answers import Masks
from diascope.errors import InputError
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._infection import infected
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_TOP = "QaTa-COV19-v2"
_SPLITS = {"Train Set": "train", "Test Set": "test"}
_COVID = "COVID-19"
_PERSON = re.compile(r"(?P<patient>sub-[^_]+)_(?P<study>ses-[^_]+)_")
_VIEW = re.compile(r"_vp-(ap|pa)(?:_|$)")
_VIEWS = ("PA", "AP")


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    images = [
        (name, split)
        for part, split in _SPLITS.items()
        for name in folder.names(f"{_TOP}/{part}/Images/*.png")
    ]
    if not images:
        raise InputError(f"{root}: no images in {_TOP}/*/Images; name the folder above {_TOP}")
    for name, split in images:
        yield from folder.records(name, None, _records, folder, PurePosixPath(name), split)
    masks = {_mask(PurePosixPath(name)) for name, _ in images}
    yield from folder.strays(f"{_TOP}/*/Ground-truths/*.png", masks)


def _mask(image: PurePosixPath) -> str:
    return f"{image.parent.parent}/Ground-truths/mask_{image.name}"


def _records(folder: Folder, path: PurePosixPath, split: str) -> Iterator[Record]:
    person, told = _PERSON.match(path.stem), _VIEW.search(path.stem)
    if person is None and path.stem.startswith("sub-"):
        raise Unreadable("its name has no session (ses-) after the subject (sub-)")
    view = told[1].upper() if told else None
    image = folder.image(str(path), view=view)
    drawn = tuple(infected(folder, _mask(path), image.size, f"sign of {_COVID}", _COVID))
    _refuse_empty(drawn)
    yield Record(
        id=path.stem,
        dataset="qata_cov19",
        patient=person["patient"] if person else path.stem,
        study=person["study"] if person else path.stem,
        split=split,
        images=(image,),
        turns=(
            *((turns.which("Which view is it?", _VIEWS, view),) if view else ()),
            turns.findings({_COVID: "present"}),
            *drawn,
        ),
        licence=SOURCE.licence,
    )


def _refuse_empty(drawn: tuple[Turn, ...]) -> None:
    """A black mask would say that nothing is there, in a set where every image is positive."""
    if any(isinstance(turn.answer, Masks) and not turn.answer.masks for turn in drawn):
        raise Unreadable("its mask is empty, and every image of the set is positive")


SOURCE = Source(
    name="qata_cov19",
    about="QaTa-COV19 v2: COVID-19 outlined and boxed, views",
    read=_read,
    marks=(f"{_TOP}/Train Set/Images",),
    licence="not stated; citation asked",
    witnesses=("https://www.kaggle.com/datasets/aysendegerli/qatacov19-dataset",),
    counts=MappingProxyType({"images": 9_258, "train": 7_145, "test": 2_113}),
)
