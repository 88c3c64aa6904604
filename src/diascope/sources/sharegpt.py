"""sharegpt: conversations in the layouts that LLaMA-Factory reads, with images beside them.

    dataset_info.json (may be absent)   messages.json   parts.jsonl   demo_data/1.jpg ...

A record is one entry. It is a list of turns, under `messages` (of `role` and `content`) or under
`conversations` (of `from` and `value`); `dataset_info.json` may give other names. A content is a
text or a list of parts {type: image, image: path} and {type: text, text: ...}. `images` is a list
or one path. Older files mark no image: those come first; where some `<image>` are there, their
number must be that of the images. Names of images begin at the folder. The layout names neither
patients nor splits: images of one conversation are of one patient. An entry without an image is a
Problem.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources._conversations import (
    MARK,
    ROLES,
    Kin,
    Message,
    conversation,
    message,
)
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_INFO = "dataset_info.json"
_IMAGES = "images"


class _Names(NamedTuple):
    """What a file calls the parts of an entry."""

    turns: str
    role: str
    text: str
    roles: Mapping[str, str] = ROLES
    images: str = _IMAGES
    system: str = "system"


_KNOWN = (_Names("messages", "role", "content"), _Names("conversations", "from", "value"))


class _Entry(NamedTuple):
    """`row` is as the file has it, or None where it is no object."""

    file: str
    number: int
    row: dict[str, Any] | None


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    told = _told(folder)
    entries = [entry for file in _files(folder) for entry in _entries(folder, file)]
    if not any(_names(entry, told) for entry in entries):
        raise InputError(f"{root}: no file of conversations, in messages or conversations, is here")
    kin = Kin(list(filter(_is_name, _images_of(entry, told))) for entry in entries)
    for entry in entries:
        make, given = _records, (folder, entry, told, kin)
        yield from folder.records(entry.file, entry.number, make, *given)


def _files(folder: Folder) -> list[str]:
    found = [*folder.names("*.json"), *folder.names("*.jsonl")]
    return [file for file in found if file != _INFO]


def _entries(folder: Folder, file: str) -> Iterator[_Entry]:
    """The entries of a JSON list or of JSON lines; a JSON file that is no list has none."""
    if file.endswith(".jsonl"):
        yield from (_Entry(file, number, row) for number, row in folder.json_lines(file))
        return
    rows = folder.json(file)
    for number, row in enumerate(rows if isinstance(rows, list) else (), start=1):
        yield _Entry(file, number, row if isinstance(row, dict) else None)


def _told(folder: Folder) -> dict[str, _Names]:
    """What `dataset_info.json` says of each file."""
    info = folder.json(_INFO) if folder.has(_INFO) else {}
    sets = info.values() if isinstance(info, dict) else ()
    named = [each for each in sets if isinstance(each, dict) and "file_name" in each]
    return {str(each["file_name"]): _names_told(each) for each in named}


def _names_told(info: Mapping[str, Any]) -> _Names:
    """The defaults are those of LLaMA-Factory (data/README.md)."""
    columns, tags = (_words(info, table) for table in ("columns", "tags"))
    own = {
        tags[f"{role}_tag"]: role
        for role in ("system", "user", "assistant")
        if tags.get(f"{role}_tag")
    }
    return _Names(
        turns=columns.get("messages", "conversations"),
        role=tags.get("role_tag", "from"),
        text=tags.get("content_tag", "value"),
        roles={**ROLES, **own},
        images=columns.get("images", _IMAGES),
        system=columns.get("system", "system"),
    )


def _words(info: Mapping[str, Any], table: str) -> dict[str, str]:
    """The names that a table of `dataset_info.json` gives; null is none."""
    given = info.get(table) or {}
    if not isinstance(given, dict):
        raise InputError(f"{_INFO}: {table} should be an object of names")
    named = {key: name for key, name in given.items() if name is not None}
    for key, name in named.items():
        if not isinstance(name, str):
            raise InputError(f"{_INFO}: {table}.{key} should be a text")
    return named


def _names(entry: _Entry, told: Mapping[str, _Names]) -> _Names | None:
    if entry.row is None or entry.file in told:
        return told.get(entry.file)
    return next((names for names in _KNOWN if names.turns in entry.row), None)


def _records(
    folder: Folder, entry: _Entry, told: Mapping[str, _Names], kin: Kin
) -> Iterator[Record]:
    names, row = _names(entry, told), entry.row
    if names is None or row is None:
        raise Unreadable("the entry has no turns")
    paths = _images_of(entry, told)
    if not all(map(_is_name, paths)):
        raise Unreadable("an image of it has no name")
    talk = conversation(_messages(row, names), len(paths), marked=False)
    yield Record(
        id=f"{PurePosixPath(entry.file).stem}/{entry.number}",
        dataset=SOURCE.name,
        patient=kin.of(paths[0]),
        study=kin.of(paths[0]),
        split="",
        images=tuple(folder.image(path) for path in paths),
        turns=talk.turns,
        context=talk.context,
        licence=SOURCE.licence,
    )


def _messages(row: Mapping[str, Any], names: _Names) -> list[Message]:
    first = [Message("system", row[names.system])] if row.get(names.system) else []
    return [*first, *(_message(said, names) for said in row[names.turns])]


def _message(said: Any, names: _Names) -> Message:
    whole = dict(said, **{names.text: _joined(said.get(names.text))})
    return message(whole, names.role, names.text, names.roles)


def _joined(content: Any) -> Any:
    """The words of a list of parts, a mark for every image."""
    if not isinstance(content, list):
        return content
    return "".join(map(_part, content))


def _part(part: Mapping[str, Any]) -> str:
    if _is_image(part):
        return MARK
    if part["type"] != "text" or not isinstance(part["text"], str):
        raise Unreadable("a part of a turn is neither an image nor a text")
    return part["text"]


def _is_image(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "image"


def _is_name(path: Any) -> bool:
    return isinstance(path, str)


def _images_of(entry: _Entry, told: Mapping[str, _Names]) -> list[Any]:
    """Those that the entry lists, else those of its parts, in order."""
    names, row = _names(entry, told), entry.row
    if names is None or row is None:
        return []
    listed = row.get(names.images) or []
    found = listed if isinstance(listed, list) else [listed]
    return found or _in_parts(row, names)


def _in_parts(row: Mapping[str, Any], names: _Names) -> list[Any]:
    said = row.get(names.turns)
    turns = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
    contents = (turn.get(names.text) for turn in turns)
    parts = (part for content in contents if isinstance(content, list) for part in content)
    return [part.get("image") for part in parts if isinstance(part, dict) and _is_image(part)]


SOURCE = Source(
    name="sharegpt",
    about="conversations about images in the layouts that LLaMA-Factory reads",
    read=_read,
    marks=(_INFO,),
    witnesses=(
        "https://github.com/hiyouga/LLaMA-Factory/blob/"
        "015ff251ec0a8b5ca0aac9a8fb5735aa17f59868/data/README.md",
        "https://github.com/hiyouga/LLaMA-Factory/blob/"
        "eb7130f2853ec7db1470225ae9f026a4049b965a/data/mllm_demo.json",
        "https://github.com/hiyouga/LLaMA-Factory/blob/"
        "02e2fb34bf8a79330b080607872fe4565876d0e6/src/llamafactory/data/converter.py",
        "https://github.com/medfm-flare/FLARE26-MedGemma/blob/"
        "88c5b83ac1bbca72111a4be27ea7a1a78b7d1254/mle/engine/preprocess.py",
    ),
)
