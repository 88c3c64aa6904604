"""llava: conversations in LLaVA's layout, a JSON list beside a folder of images.

    train.json   test.json   images/p01/chest_pa.jpg ...

A record is one entry: `id`, `image` (a name, or a list of them) and `conversations` of `from` and
`value`. The split is the file's name, '' where it is none. Images lie in `images/`, or where their
name says. The layout names no patient: images of one conversation are of one. An entry without an
image, or with another number of `<image>` than of images, is a Problem.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources._conversations import Kin, conversation, message
from diascope.sources._shards import in_order, split_of
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_IMAGES = "images"
_SAID = "conversations"


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    files = {
        file: rows for file in in_order(folder.names("*.json")) if (rows := _rows(folder, file))
    }
    if not files:
        raise InputError(f"{root}: no JSON list of entries with {_SAID!r} is in it")
    entries = (row for rows in files.values() for row in rows if isinstance(row, dict))
    kin = Kin(_named(row) for row in entries)
    for file, rows in files.items():
        for number, row in enumerate(rows, start=1):
            yield from folder.records(file, number, _records, folder, file, number, row, kin)


def _rows(folder: Folder, file: str) -> Sequence[Any]:
    """Those of a file of conversations; other JSON files may lie beside them."""
    rows = folder.json(file)
    are_said = isinstance(rows, list) and any(
        isinstance(row, dict) and _SAID in row for row in rows
    )
    return rows if are_said and isinstance(rows, list) else ()


def _records(
    folder: Folder, file: str, number: int, row: dict[str, Any], kin: Kin
) -> Iterator[Record]:
    names = _named(row)
    messages = [message(said, "from", "value") for said in row[_SAID]]
    talk = conversation(messages, len(names), marked=True)
    images = tuple(folder.image(_place(folder, name)) for name in names)
    yield Record(
        id=f"{PurePosixPath(file).stem}/{number}",
        dataset=SOURCE.name,
        patient=kin.of(names[0]),
        study=kin.of(names[0]),
        split=split_of(file),
        images=images,
        turns=talk.turns,
        context=talk.context,
        licence=SOURCE.licence,
        metadata={"entry": str(row.get("id", ""))},
    )


def _named(row: dict[str, Any]) -> list[str]:
    """The names of an entry's images, none for one in words alone."""
    told = row.get("image") or []
    names = told if isinstance(told, list) else [told]
    return [name for name in names if isinstance(name, str) and name]


def _place(folder: Folder, name: str) -> str:
    inside = f"{_IMAGES}/{name}"
    try:
        folder.path(inside)
    except Unreadable:
        return name
    return inside


SOURCE = Source(
    name="llava",
    about="conversations about images in LLaVA's layout: a JSON list beside a folder of images",
    read=_read,
    witnesses=(
        "https://github.com/haotian-liu/LLaVA/blob/9ad726577ceabb54fc641d75e139aa5a266147d1/"
        "docs/Finetune_Custom_Data.md",
        "https://github.com/haotian-liu/LLaVA/blob/0034661529f5cbadb50aaaaa72fe4ff046048378/"
        "llava/train/train.py",
        "https://github.com/leduckhai/S-Chain/blob/5ae4410bb44f6e1a68cbc03f6373147e303012ad/"
        "architectures/Exgra-Med/DATASET.md",
    ),
)
