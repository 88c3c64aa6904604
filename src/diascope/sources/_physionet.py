"""Projects of PhysioNet side by side, each in its own folder or a folder by version below that."""

from pathlib import PurePosixPath

from diascope.errors import InputError
from diascope.records import Image
from diascope.sources.folder import Folder

_PLACES = ("", "*/", "*/*/")
_FILES = "files/p1[0-9]/"


def found(folder: Folder, name: str, project: str) -> str:
    """Where a file of a project lies, itself in the folder or at most two below.

    InputError where it is nowhere; of several versions the last is taken.
    """
    for place in _PLACES:
        if names := [each for end in ("", ".gz") for each in folder.names(f"{place}{name}{end}")]:
            return names[-1].removesuffix(".gz")
    raise InputError(f"{folder.root}: there is no {name} in it; put {project} into the folder")


class Radiographs:
    """The images of MIMIC-CXR-JPG, in its folder `files` at most two folders below."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        tops = [path for place in _PLACES for path in folder.root.glob(f"{place}{_FILES}")]
        if not tops:
            raise InputError(
                f"{folder.root}: there is no folder files/p10 to files/p19; "
                "put MIMIC-CXR-JPG into the folder, or a link to it"
            )
        self._top = PurePosixPath(tops[0].parent.relative_to(folder.root).as_posix())

    def image(self, name: str, study: str, view: str | None = None, role: str = "main") -> Image:
        """An image by its name from `files` on; Unreadable where it is missing or damaged."""
        path = (self._top / name).as_posix()
        return self._folder.image(path, study=study, view=view, role=role)
